/** `redisworker status` and `wait` against an API server that answers as a test says. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { main } from '../../cli/main.ts';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { answerStatus, type FaultApiServer, startFaultApiServer } from '../support/fault-api-server.ts';
import { testIo } from '../support/io.ts';
import { eventually } from '../support/wait.ts';

let server: FaultApiServer;
let runtimeFolder: string;
beforeAll(async () => {
  [server, runtimeFolder] = await Promise.all([
    startFaultApiServer(),
    mkdtemp(join(tmpdir(), 'redisworker-test-')),
  ]);
});
afterAll(() => Promise.all([server.stop(), rm(runtimeFolder, { recursive: true })]));
beforeEach(() => vi.stubEnv('KUBECONFIG', server.kubeconfigPath));
afterEach(() => vi.unstubAllEnvs());

async function run(argv: readonly string[], inPod = false): Promise<{ code: number; out: string; err: string }> {
  const io = testIo({ environment: { runtimeFolder, inPod } });
  const code = await main(argv, io);
  return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
}

function worker(namespace: string, name: string, ready = 'True'): KubeObject {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { namespace, name, generation: 1, creationTimestamp: new Date().toISOString() },
    spec: { type: `${name}-type` },
    status: {
      observedGeneration: 1,
      consumersReady: '1/1',
      conditions: [{ type: 'Ready', status: ready, reason: 'R', message: `${name} speaks` }],
    },
  };
}

function serve(...items: KubeObject[]): void {
  server.behave((_, response) => list(response, items));
}

function list(response: ServerResponse, items: readonly KubeObject[]): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ kind: 'RedisWorkerList', metadata: { resourceVersion: '1' }, items }));
}

const namespaced = (namespace: string): string => `/apis/redisworker.dev/v1alpha1/namespaces/${namespace}/redisworkers`;
const asked = (): string[] => server.requests.map(({ method, path }) => `${method} ${path}`);
const cells = (out: string): string[][] => out.split('\n').map((line) => line.split(/ {2,}/));

test('a namespace is shown as kubectl shows it, and why a worker is not ready beside it', async () => {
  serve(worker('shop', 'a'), worker('shop', 'b', 'False'));
  const { code, out, err } = await run(['status', '--namespace', 'shop']);
  expect(cells(out)[0]).toEqual(['NAME', 'READY', 'CONSUMERS', 'BACKLOG', 'OK', 'FAILED', 'AGE']);
  expect(cells(out).map(([name, ready]) => [name, ready])).toEqual([['NAME', 'READY'], ['a', 'True'], ['b', 'False']]);
  expect(err).toBe('… b is not ready: b speaks');
  expect(code).toBe(0);
  expect(asked()).toEqual([`GET ${namespaced('shop')}`]);
});

test('all namespaces are shown with their names, also when all workers are of one', async () => {
  serve(worker('shop', 'a'));
  const { out } = await run(['status', '-A']);
  expect(cells(out).map(([namespace, name]) => [namespace, name])).toEqual([['NAMESPACE', 'NAME'], ['shop', 'a']]);
  expect(asked()).toEqual(['GET /apis/redisworker.dev/v1alpha1/redisworkers']);
});

test('one that is named is shown in depth, with the events of the cluster', async () => {
  const [shown, other] = [worker('shop', 'a'), worker('shop', 'b')];
  shown.metadata.uid = 'u1';
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'shop' },
    type: 'Normal',
    reason: 'Applied',
    message: 'Created Deployment a-1',
    series: { count: 3, lastObservedTime: new Date().toISOString() },
  };
  server.behave(({ path }, response) => list(response, path.includes('/events') ? [event] : [shown, other]));
  const { code, out, err } = await run(['status', 'a', '-n', 'shop']);
  expect(out.split('\n')[0]).toBe('shop/a, type a-type');
  expect(out).toMatch(/\nEvents\n {2}\ds {3}Normal {3}Applied {3}Created Deployment a-1 \(3 times\)$/);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(server.requests[1]?.query.get('fieldSelector')).toBe('involvedObject.uid=u1');
});

test('events that may not be listed are told as such, and the rest is shown', async () => {
  const shown = worker('shop', 'a');
  shown.metadata.uid = 'u1';
  server.behave(({ path }, response) =>
    path.includes('/events') ? answerStatus(response, 403, 'Forbidden', 'not you') : list(response, [shown])
  );
  const { code, out, err } = await run(['status', 'a', '-n', 'shop']);
  expect(out).toContain('✓ a is ready: a speaks');
  expect(err).toMatch(/^the events are not shown: .*not you/);
  expect(code).toBe(0);
});

test('--kubeconfig alone means the namespace of its context', async () => {
  vi.unstubAllEnvs();
  serve(worker('here', 'a'));
  expect((await run(['status', '--kubeconfig', server.kubeconfigPath, 'a', '-o', 'json'])).out).toContain(
    '"name": "a"',
  );
  expect(asked()).toEqual([`GET ${namespaced('here')}`]);
});

test('--context means that context of the kubeconfig: its cluster, its login and its namespace', async () => {
  vi.unstubAllEnvs();
  const given = JSON.parse(await readFile(server.kubeconfigPath, 'utf8')) as {
    contexts: { name: string; context: object }[];
    users: object[];
  };
  given.users.push({ name: 'other', user: { token: 'of-the-other' } });
  given.contexts.push({ name: 'there', context: { ...given.contexts[0]!.context, user: 'other', namespace: 'there' } });
  const file = join(runtimeFolder, 'kubeconfig');
  await writeFile(file, JSON.stringify(given));
  vi.stubEnv('KUBECONFIG', file);
  serve(worker('there', 'a'));
  expect((await run(['status', '--context', 'there', '-o', 'json', 'a'])).out).toContain('"name": "a"');
  expect(asked()).toEqual([`GET ${namespaced('there')}`]);
  expect(server.requests[0]?.headers.authorization).toBe('Bearer of-the-other');
  for (
    const words of [['status'], ['wait'], ['logs', 'a'], ['top', '--once'], ['send', 'a'], [
      'deploy',
      'examples/date-iso.yaml',
    ]]
  ) {
    const { code, err } = await run([...words, '--context', 'nowhere']);
    expect([code, err]).toEqual([
      1,
      `${file} has no context "nowhere" that names a cluster; it has: ${
        given.contexts.map(({ name }) => name).join(', ')
      }`,
    ]);
  }
});

test('in a pod its own namespace is meant, unless a session runs there or is named', async () => {
  serve(worker('default', 'a'));
  expect((await run(['status'], true)).out).toContain('a ');
  expect((await run(['status', '--name', 'up'], true)).err).toContain('no "redisworker up" is running');
  expect((await run(['status'])).err).toContain(
    'for a cluster say --namespace, --all-namespaces, --kubeconfig or --context',
  );
});

test('wait ends once the workers of a namespace are ready, and with 1 for one that is not there', async () => {
  let looks = 0;
  server.behave((_, response) => list(response, [worker('shop', 'a', (looks += 1) < 2 ? 'False' : 'True')]));
  expect(await run(['wait', 'a', '-n', 'shop'])).toEqual({ code: 0, out: '✓ a is ready: a speaks', err: '' });
  expect(await run(['wait', 'b', '-n', 'shop'])).toEqual({
    code: 1,
    out: '',
    err: 'there is no worker "b" in the namespace shop',
  });
});

test('resolve sets the annotation of that very worker, and tells who may not', async () => {
  const shown = { ...worker('shop', 'a'), spec: { source: { url: 'https://example.com/a.ts' } } };
  shown.metadata.uid = 'u1';
  server.behave(({ method }, response) => {
    if (method === 'GET') list(response, [shown]);
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(shown));
  });
  expect(await run(['resolve', 'a', '-n', 'shop', '--no-wait'])).toEqual({ code: 0, out: '… a is asked for', err: '' });
  const { method, path, body } = server.requests.at(-1)!;
  expect([method, path]).toEqual(['PATCH', `${namespaced('shop')}/a`]);
  expect(JSON.parse(body)).toEqual({
    metadata: {
      uid: 'u1',
      annotations: { 'redisworker.dev/resolve-requested-at': expect.stringMatching(/^\d{4}-.*Z$/) },
    },
  });
  server.behave(({ method: how }, response) =>
    how === 'GET' ? list(response, [shown]) : answerStatus(response, 403, 'Forbidden', 'not you')
  );
  expect(await run(['resolve', 'a', '-n', 'shop'])).toEqual({
    code: 1,
    out: '',
    err: 'you may not change the worker a: ask for the right to patch redisworkers in the namespace shop',
  });
});

test.each<[string, number, string]>([
  ['Forbidden', 403, 'you may not list RedisWorkers in the namespace shop: name a namespace you may look into'],
  ['NotFound', 404, 'does not know RedisWorkers: install the operator, or "redisworker crd | kubectl apply'],
  ['Unauthorized', 401, 'does not know who asks: log in again'],
])('%s is told in one sentence', async (reason, status, sentence) => {
  server.behave((_, response) => answerStatus(response, status, reason, 'the words of the server'));
  const { code, out, err } = await run(['status', '-n', 'shop']);
  expect(err).toContain(sentence);
  expect(err.split('\n')).toHaveLength(1);
  expect({ code, out }).toEqual({ code: 1, out: '' });
});

test.each<[string[], string]>([
  [['status', '--name', 'up', '-n', 'shop'], '--name is of a session on this machine'],
  [['wait', '-A', '-n', 'shop'], 'name one namespace with --namespace, or all with --all-namespaces'],
])('%j is a wrong call', async (argv, sentence) => {
  const { code, err } = await run(argv);
  expect(err).toContain(sentence);
  expect(code).toBe(2);
});

test('a kubeconfig that is not there is named', async () => {
  const { code, err } = await run(['status', '--kubeconfig', '/nowhere/config']);
  expect(err).toMatch(/^\/nowhere\/config is no kubeconfig that can be read: /);
  expect(code).toBe(1);
});

test('logs of a worker are those of its pods, and a refusal is told', async () => {
  const pod = (name: string, phase = 'Running'): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name },
    status: { phase },
  });
  const queries: string[] = [];
  let refuses = false;
  server.behave(({ path, query }, response) => {
    if (path.endsWith('/redisworkers')) list(response, [worker('shop', 'a')]);
    else if (path.endsWith('/pods')) {
      queries.push(query.get('labelSelector') ?? '');
      list(response, [pod('a-1-x-y'), pod('a-2-x-y')]);
    } else if (refuses) answerStatus(response, 403, 'Forbidden', 'not you');
    else tell(path, response);
  });
  const tell = (path: string, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(`{"level":"info","time":1,"msg":"seen","ref":"${path.split('/').at(-2)!}"}\nmore`);
  };
  const { code, out, err } = await run(['logs', 'a-type', '-n', 'shop', '--consumer', '1']);
  expect(out.split('\n').sort()).toEqual([
    'a-1-x-y | more',
    'a-1-x-y | seen ref=a-1-x-y',
    'a-2-x-y | more',
    'a-2-x-y | seen ref=a-2-x-y',
  ]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(queries).toEqual(['redisworker.dev/name=a,redisworker.dev/consumer=1']);
  expect((await run(['logs', 'a', '-n', 'shop', '--ref', 'a-2-x-y'])).out).toBe('a-2-x-y | seen ref=a-2-x-y');
  refuses = true;
  const refused = await run(['logs', 'a', '-n', 'shop']);
  expect(refused.err).toMatch(/^the log of the pod a-[12]-x-y cannot be read: not you$/);
  expect(refused.code).toBe(1);
  expect((await run(['logs', 'c', '-n', 'shop'])).err).toBe('there is no worker "c" in the namespace shop; it has: a');
});

test('logs that are followed go on as the pods do, and a new pod is seen', async () => {
  const pods = ['a-1-x-y'];
  const open: ServerResponse[] = [];
  server.behave(({ path }, response) => {
    if (path.endsWith('/redisworkers')) list(response, [worker('shop', 'a')]);
    else if (path.endsWith('/pods')) {
      list(
        response,
        pods.map((name) => ({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { namespace: 'shop', name },
          status: { phase: 'Running' },
        })),
      );
    } else {
      response.writeHead(200);
      response.write('one\n');
      open.push(response);
    }
  });
  const end = Promise.withResolvers<undefined>();
  const io = testIo({ environment: { runtimeFolder }, interrupted: () => end.promise });
  const following = main(['logs', 'a', '-n', 'shop', '-f'], io);
  await eventually('the first line is there', () => io.printed.length === 1);
  pods.push('a-2-x-y');
  open[0]!.write('two\n');
  await eventually('all lines are there', () => io.printed.length === 3);
  end.resolve(undefined);
  expect(await following).toBe(0);
  expect([...io.printed].sort()).toEqual(['a-1-x-y | one', 'a-1-x-y | two', 'a-2-x-y | one']);
});
