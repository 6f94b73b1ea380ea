/**
 * Code from elsewhere on a real API server: Jobs that its own controller runs, pods that are processes of this machine, and
 * logs that the API server reads from their node. Hosts are servers of the test: an address, and Git with a certificate.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { type CodeImage, writeCodeImage } from '../support/code-image.ts';
import { type CodeServer, startCodeServer } from '../support/code-server.ts';
import { readAuditLog } from '../support/control-plane/audit-log.ts';
import { describeOnCluster } from '../support/control-plane/shared.ts';
import { withInline, withSpec, worker } from '../support/gen.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { startTestNode } from '../support/operator.ts';
import { ask } from '../support/requests.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { type Signed, signedBy } from '../support/tls/certificates.ts';
import { eventually } from '../support/wait.ts';

const patienceMs = 120_000;
const folder = mkdtempSync(join(tmpdir(), 'redisworker-code-jobs-'));
const label = 'redisworker.dev/code-job';
const token = 'a-token-nobody-guesses';

let image: CodeImage;
let signed: Signed;
let stage: Stage;
let host: CodeServer;
let git: GitServer;
let proxy: Server;
/** Addresses that were asked for through it. */
const proxied: string[] = [];

interface Live extends KubeObject {
  readonly status?: {
    readonly source?: { readonly digest?: string; readonly commit?: string };
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
      readonly observedGeneration?: number;
    }[];
  };
}

const saying = (text: string): string => `export default (): string => '${text}';\n`;
const from = (source: object) => withSpec({ source });
const read = async (name: string) => JSON.parse(await stage.kubectl('get', 'rw', name, '-o', 'json')) as Live;
const ready = (...names: string[]) =>
  eventually(`${names.join()} as it was applied last`, async () => {
    const all = await Promise.all(names.map(read));
    return all.every(({ metadata, status }) =>
      status?.conditions?.some(({ type, status: holds, observedGeneration }) =>
        type === 'Ready' && holds === 'True' && observedGeneration === metadata.generation
      )
    );
  }, patienceMs);
const told = (name: string, reason: string) =>
  eventually(`the code of ${name} is ${reason}`, async () => {
    const { status } = await read(name);
    return status?.conditions?.find((one) => one.type === 'SourceResolved' && one.reason === reason)?.message;
  }, patienceMs);
const answer = async (name: string) => (await ask(stage.redis.client, name, null, 60)).data;
const list = async (what: string, ...more: string[]) =>
  (JSON.parse(await stage.kubectl('get', what, '-o', 'json', ...more)) as { items: KubeObject[] }).items;
const nothingLeft = () =>
  eventually('nothing of a Job is left', async () => {
    return (await list('jobs,pods,networkpolicies,configmaps,secrets', '-l', label)).length === 0;
  }, patienceMs);

/** How many Jobs the operator has made here. */
async function jobsMade(): Promise<number> {
  const entries = await readAuditLog(join(dirname(inject('kubeconfig')), 'audit.log'));
  return entries.filter(({ userAgent = '', objectRef, responseStatus }) =>
    userAgent.startsWith('redisworker-operator') && objectRef?.resource === 'jobs' &&
    objectRef.namespace === stage.namespace && responseStatus?.code === 201
  ).length;
}

/** Serves a module that does not come before it is let go. */
function held(path: string, text: string): { readonly asked: Promise<undefined>; letGo(): void } {
  const [asked, free] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  host.routes.set(path, (_, response) => {
    asked.resolve(undefined);
    void free.promise.then(() => response.setHeader('content-type', 'application/typescript').end(text));
  });
  return { asked: asked.promise, letGo: () => free.resolve(undefined) };
}

describeOnCluster('code from elsewhere on a cluster', () => {
  beforeAll(async () => {
    [image, host, signed] = await Promise.all([
      writeCodeImage(),
      startCodeServer(),
      signedBy(folder, 'house', ['IP:127.0.0.1']),
    ]);
    git = await startGitServer({
      key: readFileSync(signed.file('server.key'), 'utf8'),
      cert: readFileSync(signed.file('server.crt'), 'utf8'),
    });
    git.demand(token);
    proxy = createServer(({ url = '' }, response) => {
      proxied.push(url);
      response.setHeader('content-type', 'application/typescript').end(saying('through the proxy'));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    stage = await openStage('code-jobs', {
      startPods: (namespace) => startTestNode(namespace, { imageRoot: image.root, servesLogs: true }),
      args: ['--code-http-proxy', proxyUrl, '--code-no-proxy', '127.0.0.1'],
    });
    await stage.apply(worker('plain', withInline(saying('as ever'))));
  });
  afterAll(async () => {
    await stage.kubectl('delete', 'rw', '--all', '--timeout=60s');
    await stage.stop();
    proxy.close();
    await Promise.all([host.close(), git.close(), image.remove()]);
    rmSync(folder, { recursive: true });
  });

  test('is resolved once for two workers, also when the operator is killed in the middle', async () => {
    const module = held('/shared.ts', saying('shared'));
    const source = { url: `${host.url}/shared.ts` };
    await stage.apply(worker('first', from(source)), worker('second', from(source)));
    await module.asked;
    const [job, ...others] = await list('jobs', '-l', label);
    expect(others).toEqual([]);
    await stage.stopOperator('SIGKILL');
    module.letGo();
    await eventually('the Job has ended without anybody', async () => {
      const [{ status } = {} as KubeObject] = await list('jobs', '-l', label);
      return (status as { succeeded?: number } | undefined)?.succeeded === 1;
    }, patienceMs);
    await stage.startOperator();
    await ready('first', 'second');
    expect(await Promise.all(['first', 'second'].map(answer))).toEqual(['shared', 'shared']);
    expect(await jobsMade()).toBe(1);
    expect(job?.spec).toMatchObject({ template: { spec: { automountServiceAccountToken: false } } });
    expect(host.asked.filter(({ path }) => path === '/shared.ts').length).toBeLessThanOrEqual(2); // looked at, then bundled
    await nothingLeft();
  });

  test('comes back by the manifest it had before, with its host gone and no Job', async () => {
    const [one, two] = await Promise.all(['one', 'two'].map((text) => startCodeServer({ '/w.ts': saying(text) })));
    const [before, after] = [one!, two!].map(({ url }) => worker('rolled', from({ url: `${url}/w.ts` })));
    await stage.apply(before!);
    await ready('rolled');
    const { status } = await read('rolled');
    await stage.apply(after!);
    await ready('rolled');
    expect(await answer('rolled')).toBe('two');
    await Promise.all([one!.close(), two!.close()]);
    const made = await jobsMade();
    await stage.apply(before!);
    await ready('rolled');
    expect(await answer('rolled')).toBe('one');
    expect((await read('rolled')).status?.source?.digest).toBe(status?.source?.digest);
    expect(await jobsMade()).toBe(made);
  });

  test('is shown the credentials of its Secret, which are nowhere else and gone with the Job', async () => {
    host.routes.set('/private.ts', ({ headers: { authorization } }, response) => {
      const isAllowed = authorization === `Bearer ${token}`;
      response.writeHead(isAllowed ? 200 : 401, { 'content-type': 'application/typescript' });
      response.end(isAllowed ? saying('private') : '');
    });
    const source = { url: `${host.url}/private.ts` };
    await stage.apply(worker('private', from(source)));
    expect(await told('private', 'SourceUnauthorized')).toContain('/private.ts');
    await stage.apply(
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'shown' }, stringData: { token } } as KubeObject,
      worker('private', from({ ...source, credentialsSecretRef: { name: 'shown' } })),
    );
    await ready('private');
    expect(await answer('private')).toBe('private');
    await nothingLeft();
    expect(JSON.stringify(await list('rw,configmaps,deployments,events'))).not.toContain(token);
  });

  test('of a Git host with a certificate of an authority of the house is refused, until that is trusted', async () => {
    const commit = await git.commit('team/app', {
      'src/worker.ts': "import { text } from './text.ts';\nexport default (): string => text;\n",
      'src/text.ts': "export const text: string = 'from Git';\n",
    });
    const entry = { url: `${git.url}/team/app`, ref: 'main', path: 'src/worker.ts' };
    await stage.apply(worker('cloned', from({ git: entry, credentialsSecretRef: { name: 'shown' } })));
    const { host: named } = new URL(git.url);
    expect(await told('cloned', 'SourceUnreachable')).toMatch(
      new RegExp(`the certificate of ${named} is not trusted .*UnknownIssuer.*code.caConfigMap`),
    );
    await stage.stopOperator();
    await stage.startOperator(['--code-ca-file', signed.file('ca.crt')]);
    await ready('cloned');
    expect(await answer('cloned')).toBe('from Git');
    expect((await read('cloned')).status?.source?.commit).toBe(commit);
  });

  test('has its types checked where that is asked for, and a fault is told with its line', async () => {
    host.routes.set('/typed.ts', "const count: number = 'one';\nexport default (): number => count;\n");
    await stage.apply(worker('typed', from({ url: `${host.url}/typed.ts`, typeCheck: 'Enabled' })));
    expect(await told('typed', 'InvalidSource')).toMatch(/\/typed\.ts:1:7: .*string.*number/);
    host.routes.set('/typed.ts', 'export default (): string => "typed";\n');
    await stage.kubectl('annotate', 'rw', 'typed', 'redisworker.dev/resolve-requested-at=now');
    await ready('typed');
    expect(await answer('typed')).toBe('typed');
  });

  test('is fetched through the proxy that is set, and past it where that is said', async () => {
    await stage.apply(worker('proxied', from({ url: 'http://code.invalid/worker.ts' })));
    await ready('proxied');
    expect(await answer('proxied')).toBe('through the proxy');
    expect(new Set(proxied)).toEqual(new Set(['http://code.invalid/worker.ts']));
  });

  test('waits with the sentence of a quota that leaves no room for its pod, and others go on', async () => {
    host.routes.set('/late.ts', saying('late'));
    await nothingLeft();
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'full' },
      spec: { hard: { pods: '1' } },
    };
    await stage.apply(quota);
    await eventually('the quota holds', async () => {
      const [found] = await list('resourcequotas');
      return (found?.status as { hard?: object } | undefined)?.hard !== undefined;
    }, patienceMs);
    await stage.apply(worker('late', from({ url: `${host.url}/late.ts` })));
    expect(await told('late', 'ResolverFailed')).toMatch(
      /a quota of the namespace leaves no room for its pod \(pods ".*" is forbidden: exceeded quota: full,.*raise it/,
    );
    expect(await answer('plain')).toBe('as ever');
    await stage.kubectl('delete', 'resourcequota', 'full');
    await ready('late');
    expect(await answer('late')).toBe('late');
    await nothingLeft();
  });
});
