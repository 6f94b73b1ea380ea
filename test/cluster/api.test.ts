/** The RedisWorker type on a real API server: what it refuses, what it fills in, what kubectl shows. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { manifestProblems, parseRedisWorker } from '../../operator/api/redisworker.ts';
import { main } from '../../cli/main.ts';
import { type Answer, type ApiClient, openApiClient } from '../support/api-client.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectl,
  kubectlOk,
  sharedCluster,
} from '../support/control-plane/shared.ts';
import { testIo } from '../support/io.ts';

const examples = join(import.meta.dirname, '../../examples');
const filesIn = (folder: string) => globSync(`${folder}/*.yaml`).map((file) => [basename(file), file] as const);
const moduleText = "export default () => 'ok'";

let namespace: string;
let api: ApiClient;

function worker(name: string, spec: object = {}): { metadata: { name: string; namespace: string }; spec: object } {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name, namespace },
    spec: { source: { inline: moduleText }, ...spec },
  } as never;
}

function judge(object: object): Promise<Answer> {
  return api.wouldCreate(`/apis/redisworker.dev/v1alpha1/namespaces/${namespace}/redisworkers`, object);
}

/** A manifest as kubectl sends it: YAML 1.1, where `On` is a boolean. */
function workersOf(file: string): { kind: string; metadata: object }[] {
  return parseAllDocuments(readFileSync(file, 'utf8'), { version: '1.1' })
    .map((document) => document.toJS() as { kind: string; metadata: object })
    .filter(({ kind }) => kind === 'RedisWorker')
    .map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
}

async function read(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await kubectlOk(['-n', namespace, 'get', 'rw', name, '-o', 'json'])) as Record<string, unknown>;
}

describeOnCluster('the RedisWorker type', () => {
  beforeAll(async () => {
    await installCrds();
    namespace = await createNamespace('api');
    api = await openApiClient();
  });

  afterAll(() => api.stop());

  test.each(filesIn(`${examples}/invalid`))(
    'refuses examples/invalid/%s with the message in its first line',
    async (_, file) => {
      const message = readFileSync(file, 'utf8').split('\n')[0]!.replace(/^# /, '');
      for (const object of workersOf(file)) {
        const answer = await judge(object);
        expect([400, 422]).toContain(answer.status);
        expect(answer.message).toContain(message);
      }
    },
  );

  test('lets nothing of examples/invalid pass when kubectl applies the folder', async () => {
    const { code, stdout } = await kubectl(['-n', namespace, 'apply', '-f', `${examples}/invalid`]);
    expect([code, stdout]).toEqual([1, '']);
  });

  test.each(filesIn(examples))('accepts examples/%s', async (_, file) => {
    for (const object of workersOf(file)) expect(await judge(object)).toMatchObject({ status: 201 });
  });

  test('refuses a module beyond 256 KiB and takes one of exactly that', async () => {
    const fits = 'é'.repeat(131_072);
    expect(await judge(worker('large', { source: { inline: fits } }))).toMatchObject({ status: 201 });
    const refused = await judge(worker('large', { source: { inline: `${fits}x` } }));
    expect(refused.message).toContain('source.inline is larger than 256 KiB');
  });

  test('takes 1000 ids of the largest size, and not one more', async () => {
    const ids = Array.from({ length: 1001 }, (_, at) => `${String(at).padStart(4, '0')}${'x'.repeat(249)}`);
    expect(await judge(worker('many', { consumers: { ids: ids.slice(1) } }))).toMatchObject({ status: 201 });
    expect((await judge(worker('many', { consumers: { ids } }))).message).toContain('must have at most 1000 items');
  });

  test('fills in the defaults the parse fills in, and says that nobody has seen the worker', async () => {
    await applyObjects(worker('defaults'));
    const stored = await read('defaults');
    expect(stored['status']).toEqual({ observedGeneration: -1 });
    const bare = parseRedisWorker(worker('defaults'));
    const complete = parseRedisWorker(stored);
    if (!bare.ok || !complete.ok) throw new Error('the worker must be valid');
    expect(bare.worker.spec).toEqual(complete.worker.spec);
    expect(Object.keys(stored['spec'] as object)).not.toEqual(expect.arrayContaining(['stream']));
    expect(Object.keys(stored['spec'] as object)).not.toEqual(expect.arrayContaining(['handler']));
    expect(complete.worker.spec).toMatchObject(stored['spec'] as object);
  });

  test('fills in of tasks what the parse fills in, and holds a worker of tasks to having them', async () => {
    const spec = { runtime: 'Rhai', tasks: { circlePublicKey: '02a1', fields: { script: 'code' } } };
    await applyObjects(worker('tasks', spec));
    const [bare, complete] = [parseRedisWorker(worker('tasks', spec)), parseRedisWorker(await read('tasks'))];
    if (!bare.ok || !complete.ok) throw new Error('the worker must be valid');
    expect(bare.worker.spec).toEqual(complete.worker.spec);
    expect(complete.worker.spec.tasks).toMatchObject({
      timeoutSeconds: 30,
      fields: { script: 'code', error: 'error' },
    });
    const change = await kubectl([
      '-n',
      namespace,
      'patch',
      'rw',
      'tasks',
      '--type=merge',
      '-p',
      '{"spec":{"tasks":null}}',
    ]);
    expect([change.code, change.stderr]).toEqual([
      1,
      expect.stringContaining('runtime Rhai and spec.tasks belong together: give spec.tasks with its circlePublicKey'),
    ]);
  });

  test('never lets the type of a worker change, by whichever way', async () => {
    await applyObjects(worker('fixed'), worker('named', { type: 'other-type' }));
    const change = (name: string, type: string | null) =>
      kubectl(['-n', namespace, 'patch', 'rw', name, '--type=merge', '-p', JSON.stringify({ spec: { type } })]);
    const changes = await Promise.all([change('fixed', 'changed'), change('named', 'changed'), change('named', null)]);
    for (const { code, stderr } of changes) {
      expect(code).toBe(1);
      expect(stderr).toContain(
        'spec.type never changes, because it names the streams in Redis: create another RedisWorker for the new type and delete this one',
      );
    }
    expect(await change('fixed', 'fixed')).toMatchObject({ code: 0 }); // says what was so already
  });

  test('is scaled by its count, and refuses to be scaled when it names its consumers', async () => {
    await applyObjects(
      worker('counted', { consumers: { count: 2 } }),
      worker('listed', { consumers: { ids: ['a', 'b'] } }),
    );
    await kubectlOk(['-n', namespace, 'scale', 'rw/counted', '--replicas=3']);
    expect((await read('counted'))['spec']).toMatchObject({ consumers: { count: 3 } });
    const refused = await kubectl(['-n', namespace, 'scale', 'rw/listed', '--replicas=3']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'exactly one of consumers.count, consumers.ids and consumers.autoscale must be given',
    );
  });

  test('shows its columns in kubectl get, more of them with -o wide, and redisworker status shows the same', async () => {
    await applyObjects(worker('shown'));
    const status = {
      observedGeneration: 1,
      consumersReady: '1/2',
      conditions: [{
        type: 'Ready',
        status: 'False',
        reason: 'Starting',
        message: 'one of two',
        lastTransitionTime: '2026-01-02T03:04:05Z',
      }],
      stream: { lag: 40, pending: 2, backlog: 42 },
      responses: { succeeded: 7, failed: 3 },
      network: { scopeSummary: 'api.example.com:443' },
    };
    await kubectlOk([
      '-n',
      namespace,
      'patch',
      'rw',
      'shown',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status }),
    ]);
    const cells = (text: string): string[][] => text.trim().split('\n').map((line) => line.split(/\s+/));
    const lines = async (...flags: string[]) =>
      cells(await kubectlOk(['-n', namespace, 'get', 'rw', 'shown', ...flags]));
    const statusLines = async (...words: string[]) => {
      const io = testIo();
      expect(await main(['status', '--kubeconfig', sharedCluster().kubeconfigPath, ...words], io)).toBe(0);
      return cells(io.printed.join('\n'));
    };
    const age = expect.stringMatching(/^\d+[sm]/) as string;
    expect(await lines()).toEqual([
      ['NAME', 'READY', 'CONSUMERS', 'BACKLOG', 'OK', 'FAILED', 'AGE'],
      ['shown', 'False', '1/2', '42', '7', '3', age],
    ]);
    expect(await lines('-o', 'wide')).toEqual([
      ['NAME', 'READY', 'CONSUMERS', 'BACKLOG', 'OK', 'FAILED', 'AGE', 'REASON', 'LAG', 'PENDING', 'SCOPE'],
      ['shown', 'False', '1/2', '42', '7', '3', age, 'Starting', '40', '2', 'api.example.com:443'],
    ]);
    const withoutAge = (rows: string[][]) => rows.map((row) => row.map((cell) => (/^\d+[sm]/.test(cell) ? '' : cell)));
    for (const flags of [[], ['-o', 'wide']]) {
      const shown = (await statusLines('--namespace', namespace, ...flags)).filter(([name]) =>
        ['NAME', 'shown'].includes(name!)
      );
      expect(withoutAge(shown)).toEqual(withoutAge(await lines(...flags)));
    }
    const [header, ...everywhere] = await statusLines('--all-namespaces');
    expect(header?.slice(0, 2)).toEqual(['NAMESPACE', 'NAME']);
    expect(everywhere.map(([where]) => where)).toContain(namespace);
  });

  test('judges any text in any field as the parse does', async () => {
    const seeds = [
      'example.com',
      '*.example.com:443',
      '10.0.0.0/8',
      '[::1]:80',
      'unix:/x',
      'redis://h:1/2',
      'rediss://[::1]',
      'https://h/x?y',
      '-A',
      '--seed=1',
      'a:taken',
      '-qR',
      '$',
      '1-2',
      'a',
      'A.b_c-d',
      '0x7f.1',
      'h:0',
      '512Mi',
      '31Mi',
      '1e8',
      'req',
      'res:',
      'a:dead:x',
      'a:1:h',
      '18446744073709551615',
      '18446744073709551616',
      'HOME',
      'R*',
      'LD_',
      '--inspect=localhost:1',
      '--v8-flags=--expose-gc',
      '1e3',
      '.5m',
      '',
    ];
    const text = fc.oneof(
      fc.constantFrom(...seeds),
      fc.tuple(fc.constantFrom(...seeds), fc.constantFrom(...seeds)).map((pair) => pair.join('')),
      fc.string({ unit: fc.constantFrom(...Array.from('aZ09-_.:/*@[]$ ,=é\n\\\u00a0\u0001\u2028😀')), maxLength: 12 }),
    );
    const places: ((value: string) => object)[] = [
      (value: string) => ({ type: value }),
      (value: string) => ({ permissions: { net: [value] } }),
      (value: string) => ({ permissions: { env: [value] } }),
      (value: string) => ({ denoOptions: [value] }),
      (value: string) => ({ consumers: { ids: [value] } }),
      (value: string) => ({ redis: { url: value } }),
      (value: string) => ({ source: { url: value } }),
      (value: string) => ({ redis: { url: 'redis://h', username: value } }),
      (value: string) => ({ source: { inline: value } }),
      (value: string) => ({ stream: { request: value, startId: value } }),
      (value: string) => ({ type: 'a', stream: { request: value }, handler: { deadLetter: `a:${value}:x` } }),
      (value: string) => ({ secretRef: { name: value } }),
      (value: string) => ({ pod: { labels: { a: value }, resources: { limits: { memory: value } } } }),
      (value: string) => ({
        pod: { resources: { requests: { memory: value, cpu: value }, limits: { memory: '64Mi', cpu: '1' } } },
      }),
      (value: string) => ({ pod: { nodeSelector: { [value]: 'x' }, image: value } }),
      (value: string) => ({ runtime: 'Rhai', tasks: { circlePublicKey: value } }),
      (value: string) => ({ runtime: 'Rhai', tasks: { circlePublicKey: 'a', queue: value, details: `${value}:` } }),
      (value: string) => ({
        runtime: 'Rhai',
        tasks: { circlePublicKey: 'a', fields: { script: value, caller: value } },
      }),
      (value: string) => ({ runtime: value, tasks: { circlePublicKey: 'a' } }),
    ];
    const spec = fc.oneof(...places.map((place) => text.map(place)));
    await fc.assert(
      fc.asyncProperty(spec, async (given) => {
        const object = worker('judged', given);
        const { status, message } = await judge(object);
        expect({ problems: manifestProblems(object).length > 0, message }).toEqual({
          problems: status !== 201,
          message,
        });
      }),
      { numRuns: 200 },
    );
  });
});
