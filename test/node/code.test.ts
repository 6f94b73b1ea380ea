/** Code that is at an address, on a node: one Job resolves it for all who name it, and its host may be gone afterwards. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { withSpec, worker } from '../support/gen.ts';
import { startUpstreamDns } from '../support/node/dns.ts';
import { type Listener, listenIn } from '../support/node/listener.ts';
import type { Node } from '../support/node/node.ts';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { openSite, patienceMs, type Site } from '../support/node/site.ts';
import type { TestProcess } from '../support/processes.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

const [codeHost, otherHost] = ['198.51.100.60', '198.51.100.61'] as const;
const port = 8001;
const url = `http://code.example:${port}/worker.ts`;

/** Serves two modules; the second waits until a file is there. */
const serving = `const { existsSync } = require('node:fs');
require('node:http').createServer((request, response) => {
  console.log('asked ' + request.url);
  const answer = (text) => { response.setHeader('content-type', 'application/typescript'); response.end(text); };
  if (request.url === '/worker.ts') {
    answer("import { greet } from './greet.ts';\\nexport default (request: { data: string }) => greet(request.data);\\n");
  } else {
    const wait = () => existsSync(process.argv[1])
      ? answer("export const greet = (name: string): string => 'Hello, ' + name;\\n")
      : setTimeout(wait, 100);
    wait();
  }
}).listen(${port}, '0.0.0.0', () => console.log('listens'));`;

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

const podsOf = (label: string) => site.list<Pod>('pods', '-l', label);
const greeted = async (name: string) => (await ask(site.redis.client, name, 'Ada', 120)).data;

/** How many objects of a kind operators have made here. */
async function made(resource: string): Promise<number> {
  return (await node.auditLog()).filter(({ userAgent = '', objectRef, responseStatus }) =>
    userAgent.startsWith('redisworker-operator') && objectRef?.resource === resource &&
    objectRef.namespace === site.namespace && responseStatus?.code === 201
  ).length;
}

describeOnNode('code at an address', () => {
  beforeAll(async () => {
    node = sharedNode();
    site = await openSite(node, 'code');
    dns = await startUpstreamDns(node, { 'code.example': { addresses: [codeHost], ttlSeconds: 5 } });
    codeServer = (await node.outsideHost(codeHost)).start(process.execPath, ['-e', serving, gate]);
    await eventually('somebody serves code', () => codeServer.output().includes('listens'), patienceMs);
    other = await listenIn(await node.outsideHost(otherHost), port);
    await site.startOperator();
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

  test('is not asked for again: its host is gone, every pod is made anew, and every worker answers', async () => {
    await codeServer.stop();
    const before = (await podsOf('redisworker.dev/name')).map(({ metadata }) => metadata.uid);
    await site.kubectl('delete', 'pods', '-l', 'redisworker.dev/name', '--timeout=120s');
    await eventually('other pods are ready', async () => {
      const pods = await podsOf('redisworker.dev/name');
      return pods.length === before.length && pods.every(({ metadata }) => !before.includes(metadata.uid));
    }, patienceMs);
    await site.ready('first', 'second');
    expect([await greeted('first'), await greeted('second')]).toEqual(['Hello, Ada', 'Hello, Ada']);
    expect(await made('jobs')).toBe(1);
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
});
