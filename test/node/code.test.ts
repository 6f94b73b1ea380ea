/** Code that is at an address, on a node: one Job resolves it for all who name it, and its host may be gone afterwards. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { replyListKey, requestStreamKey } from '../../contract/keys.ts';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { withSpec, worker } from '../support/gen.ts';
import { startUpstreamDns } from '../support/node/dns.ts';
import { type Listener, listenIn } from '../support/node/listener.ts';
import type { Node } from '../support/node/node.ts';
import { startNodeRegistry } from '../support/node/registry.ts';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { openSite, patienceMs, type Site } from '../support/node/site.ts';
import type { TestProcess } from '../support/processes.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

const [codeHost, otherHost] = ['198.51.100.60', '198.51.100.61'] as const;
const port = 8001;
const origin = `http://code.example:${port}`;
const url = `${origin}/worker.ts`;

const supports = (name: string): string => JSON.stringify(join(import.meta.dirname, '../support', name));
/**
 * Serves two modules, of which the second waits until a file is there, one that is large, and programs of the older
 * contracts with what they import from deno.land.
 */
const serving = `import { existsSync } from 'node:fs';
import { startCodeServer } from ${supports('code-server.ts')};
import { olderProgram, serveDenoLand } from ${supports('older-programs.ts')};
const typescript = (response, text) => response.setHeader('content-type', 'application/typescript').end(text);
const host = await startCodeServer({
  '/worker.ts': (_, response) => {
    console.log('asked /worker.ts');
    typescript(
      response,
      "import { greet } from './greet.ts';\\nexport default (request: { data: string }) => greet(request.data);\\n",
    );
  },
  '/greet.ts': (_, response) => {
    console.log('asked /greet.ts');
    const wait = () => existsSync(process.argv[1])
      ? typescript(response, "export const greet = (name: string): string => 'Hello, ' + name;\\n")
      : setTimeout(wait, 100);
    wait();
  },
  '/imaged.ts': (_, response) =>
    typescript(response, "const text = '" + 'abcdefghij'.repeat(200_000) + "';\\nexport default (): number => text.length;\\n"),
  '/large.ts': (_, response) => typescript(response, 'export default [' + '[1, 2, 3],'.repeat(3_000_000) + '];'),
  '/demo/worker.ts': olderProgram('demo-worker'),
  '/repo/deno-date-iso/v0.0.3/worker.ts': olderProgram('deno-date-iso'),
}, ${port}, '0.0.0.0');
serveDenoLand(host);
console.log('listens');`;

interface Pod extends KubeObject {
  readonly spec: {
    readonly automountServiceAccountToken?: boolean;
    readonly volumes: readonly { readonly name: string }[];
  };
  readonly status?: { readonly phase?: string };
}

const folder = mkdtempSync(join(tmpdir(), 'redisworker-code-test-'));
const gate = join(folder, 'gate');
let site: Site;
let node: Node;
let dns: TestProcess;
let codeServer: TestProcess;
let other: Listener;
let operator: TestProcess;

const podsOf = (label: string) => site.list<Pod>('pods', '-l', label);
const greeted = async (name: string) => (await ask(site.redis.client, name, 'Ada', 120)).data;

/** How many objects of a kind operators have made here. */
async function made(resource: string): Promise<number> {
  return (await node.auditLog()).filter(({ userAgent = '', objectRef, responseStatus }) =>
    userAgent.startsWith('redisworker-operator') && objectRef?.resource === resource &&
    objectRef.namespace === site.namespace && responseStatus?.code === 201
  ).length;
}

async function serve(): Promise<TestProcess> {
  const host = await node.outsideHost(codeHost);
  const server = host.start(process.execPath, ['--input-type=module', '-e', serving, gate]);
  await eventually('somebody serves code', () => server.output().includes('listens'), patienceMs);
  return server;
}

/** Asks programs of the older contracts as older callers do: those wait for the list of the reply. */
async function older(): Promise<void> {
  const reply = async (type: string, fields: Readonly<Record<string, string>>) => {
    const ref = randomUUID();
    await site.redis.client.xadd(requestStreamKey(type), '*', ...Object.entries({ ref, ...fields }).flat());
    const text = await eventually(`"${type}" replies`, () => site.redis.client.rpop(replyListKey(ref)), patienceMs);
    return JSON.parse(text) as unknown;
  };
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;
  const workerUrl = 'https://raw.githubusercontent.com/example/deno-date-iso/main/worker.ts'; // is in its text
  expect(await reply('date-release', { workerUrl })).toEqual({ code: 200, data: time });
  expect(await reply('date-release', { workerUrl: 'https://example.com/' })).toMatchObject({ code: 400, workerUrl });
  const type = 'demo-worker';
  for (const name of ['Ada', 'Bob', 'Eve']) { // more than the requests after which it is replaced
    expect(await reply(type, { type, data: JSON.stringify({ name }) })).toMatchObject({
      code: 200,
      source: type,
      message: `Good day, ${name}!`,
    });
  }
}

describeOnNode('code at an address', () => {
  beforeAll(async () => {
    node = sharedNode();
    site = await openSite(node, 'code');
    dns = await startUpstreamDns(node, { 'code.example': { addresses: [codeHost], ttlSeconds: 5 } });
    codeServer = await serve();
    other = await listenIn(await node.outsideHost(otherHost), port);
    operator = await site.startOperator();
  }, 400_000);
  afterAll(async () => {
    await site.stop();
    await Promise.all([dns.stop(), codeServer.stop(), other.stop()]);
    rmSync(folder, { recursive: true });
  });

  test(
    'is fetched by one Job for two workers, which reaches the hosts of its imports alone and leaves nothing',
    async () => {
      const source = withSpec({ source: { url, importHosts: ['also.example'] } });
      await site.apply(worker('first', source), worker('second', source));
      const pod = await eventually('a pod resolves', async () => {
        const [found] = await podsOf('redisworker.dev/code-job');
        return found?.status?.phase === 'Running' && codeServer.output().includes('/greet.ts') ? found : undefined;
      }, patienceMs);
      expect(pod.spec.automountServiceAccountToken).toBe(false);
      expect(pod.spec.volumes.map(({ name }) => name)).toEqual(['request', 'scratch']);
      const network = await node.podNetwork({ namespace: site.namespace, name: pod.metadata.name });
      expect(await network.dial([{ host: codeHost, port }, { host: otherHost, port }])).toEqual(['Open', 'Refused']);
      writeFileSync(gate, '');
      await site.ready('first', 'second');
      expect([await greeted('first'), await greeted('second')]).toEqual(['Hello, Ada', 'Hello, Ada']);
      expect(await made('jobs')).toBe(1);
      await eventually('nothing of it is left', async () => {
        const left = await site.list('jobs,pods,networkpolicies,configmaps', '-l', 'redisworker.dev/code-job');
        return left.length === 0;
      }, patienceMs);
    },
    patienceMs * 3,
  );

  test('runs as pods what was written for the older contracts, as it is served', async () => {
    const importMap = { name: 'deno-land', key: 'map' };
    const map = JSON.stringify({ imports: { 'https://deno.land/': `${origin}/deno.land/` } });
    const release = { repo: `${origin}/repo`, class: 'deno-date-iso', version: 'v0.0.3' };
    await site.apply(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'deno-land' }, data: { map } },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'words' }, stringData: { greeting: 'Good day' } },
      worker(
        'demo-worker',
        withSpec({
          runtime: 'Script',
          secretRef: { name: 'words' },
          stream: { requestLimit: 2 },
          source: { url: `${origin}/demo/worker.ts`, importMap },
        }),
      ),
      worker('date-release', withSpec({ runtime: 'Script', source: { release, importMap } })),
    );
    await site.ready('demo-worker', 'date-release');
    await older();
  }, patienceMs * 3);

  test('is not asked for again: its host is gone, every pod is made anew, and every worker answers', async () => {
    await codeServer.stop();
    const before = (await podsOf('redisworker.dev/name')).map(({ metadata }) => metadata.uid);
    await site.kubectl('delete', 'pods', '-l', 'redisworker.dev/name', '--timeout=120s');
    await eventually('other pods are ready', async () => {
      const pods = await podsOf('redisworker.dev/name');
      return pods.length === before.length && pods.every(({ metadata }) => !before.includes(metadata.uid));
    }, patienceMs);
    await site.ready('first', 'second', 'demo-worker', 'date-release');
    expect([await greeted('first'), await greeted('second')]).toEqual(['Hello, Ada', 'Hello, Ada']);
    await older();
    expect(await made('jobs')).toBe(3);
  }, patienceMs * 3);

  test('that is not there is told with its address, and what runs goes on', async () => {
    await site.apply(
      worker(
        'first',
        withSpec({ source: { url: `http://${otherHost}:${port + 1}/worker.ts`, importHosts: ['also.example'] } }),
      ),
    );
    expect(await site.told('first', 'SourceResolved', 'SourceUnreachable')).toMatchObject({
      message: expect.stringContaining(`http://${otherHost}:${port + 1}/worker.ts`) as string,
    });
    expect(await greeted('first')).toBe('Hello, Ada');
  }, patienceMs * 3);

  test('that takes more memory than a Job may have is told with how much that is', async () => {
    await operator.stop();
    codeServer = await serve();
    operator = await site.startOperator({ args: ['--code-job-resources', '{"limits":{"memory":"160Mi"}}'] });
    await site.apply(
      worker('large', withSpec({ source: { url: `${origin}/large.ts`, importHosts: ['also.example'] } })),
    );
    const { message } = await site.told('large', 'SourceResolved', 'ResolverFailed');
    expect(message).toMatch(/ran out of memory, of which it may have 160Mi: .*code\.resources/);
    expect(await greeted('first')).toBe('Hello, Ada');
  }, patienceMs * 3);

  test.skipIf(inject('tools').registry === undefined)(
    'is kept in a registry where there is one, and is an image to pods, which come back without it and its host',
    async () => {
      await operator.stop();
      const registry = await startNodeRegistry(node);
      operator = await site.startOperator({ args: ['--code-registry', `http://${registry.host}/house/code`] });
      await site.apply(
        worker('imaged', withSpec({ source: { url: `${origin}/imaged.ts`, importHosts: ['also.example'] } })),
      );
      await site.ready('imaged');
      expect((await ask(site.redis.client, 'imaged', null, 120)).data).toBe(2_000_000);
      const [pod] = await podsOf('redisworker.dev/name=imaged');
      const [configMap, ...others] = await site.list('configmaps', '-l', 'redisworker.dev/name=imaged');
      const { data } = configMap as { data?: Record<string, string> };
      expect(others).toEqual([]);
      expect(data).toEqual({ image: expect.stringMatching(new RegExp(`^${registry.host}/house/code@sha256:`)) });
      expect(pod?.spec.volumes).toEqual(expect.arrayContaining([
        { name: 'source', image: { reference: data?.['image'], pullPolicy: 'IfNotPresent' } },
      ]));
      await Promise.all([registry.process.stop(), codeServer.stop()]);
      await site.kubectl('delete', 'pod', pod!.metadata.name, '--timeout=120s');
      await site.ready('imaged');
      expect((await ask(site.redis.client, 'imaged', null, 120)).data).toBe(2_000_000);
      expect(await site.list('configmaps', '-l', 'redisworker.dev/name=imaged')).toHaveLength(1);
    },
    patienceMs * 3,
  );
});
