import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { killedAt, type Writes } from '../../test/support/killed-writer.ts';
import { eventually } from '../../test/support/wait.ts';
import { ClusterError, type KubeObject, resources } from '../cluster/cluster.ts';
import { type LocalCluster, openLocalCluster } from '../cluster/local/index.ts';
import type { ResolveOutcome } from '../code/outcome.ts';
import type { CodeQuestion } from '../code/resolver.ts';
import { resultLine } from '../code/result-line.ts';
import { CodeJobs } from './code-jobs.ts';
import type { OpenedEgress } from './egress.ts';
import { codeJobLabel, jobName, type JobSettings } from './objects.ts';
import type { BundleStore } from './registry.ts';
import { RegistryError } from './registry-http.ts';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const id = 'ab'.repeat(32);
const question = (asker: string, more: Partial<CodeQuestion> = {}): CodeQuestion => ({
  asker,
  id,
  request: { entry: { kind: 'url', url: 'https://code.example/worker.ts' }, registries: {} },
  ...more,
});
const resolved: ResolveOutcome = {
  kind: 'resolved',
  code: 'export default () => 1;\n',
  map: '',
  mapName: 'a.map',
  digest: 'sha256-0',
  bytes: 25,
  entry: 'https://code.example/worker.ts',
  modules: 1,
  time: '2026-01-01T00:00:00.000Z',
};

let cluster: LocalCluster;
let log: string;
const all: CodeJobs[] = [];

const tcp = (port: number) => ({ protocol: 'TCP' as const, port });

function open(
  settings: Partial<JobSettings> = {},
  store?: BundleStore,
  calls: Partial<Writes & Pick<LocalCluster, 'list'>> = {},
  laterMs = 0,
): { readonly jobs: CodeJobs; readonly told: string[] } {
  const jobs = new CodeJobs({
    cluster: { ...cluster, ...calls, readLog: () => Promise.resolve(log) },
    clock: {
      now: () => Date.now() + laterMs,
      after: (ms, task) => {
        const timer = setTimeout(task, ms);
        return () => clearTimeout(timer);
      },
    },
    settings: {
      image: 'resolver',
      resources: { limits: { memory: '1Gi' } },
      deadlineSeconds: 300,
      podUser: 'Image',
      ...settings,
    },
    egress: (_, { hosts, proxies, flavor }): Promise<OpenedEgress> => {
      const rules = [...hosts, ...proxies].map((host) => ({ to: [], ports: [tcp(Number(host.split(':')[1]))] }));
      return Promise.resolve(
        flavor === 'Cilium' ? { flavor, rules: { egress: [{ toEntities: ['all'] }] } } : { flavor, egress: rules },
      );
    },
    hostsOf: () => ['code.example:443'],
    store,
    everyMs: 5,
  });
  const told: string[] = [];
  jobs.onAnswer((asker) => told.push(asker));
  all.push(jobs);
  return { jobs, told };
}

const ref = { namespace: 'shop', name: jobName(id) };
const job = () => cluster.get(resources.jobs, ref);
const released = () =>
  eventually('the Job is released', async () => {
    const found = await job();
    return (found?.spec as { suspend?: boolean } | undefined)?.suspend === false ? found : undefined;
  });
/** Does what a cluster would: the pod of the Job is there, and stands so. */
async function podStands(status: object): Promise<void> {
  const { apiVersion, kind, metadata: { name, uid = '' } } = (await job())!;
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${ref.name}-${uid.slice(0, 4)}`,
      namespace: 'shop',
      labels: { [codeJobLabel]: id.slice(0, 24) },
      ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
    },
    spec: { containers: [] },
  };
  await cluster.apply(pod, 'user');
  await cluster.applyStatus({ ...pod, status }, 'redisworker');
}
const ended = (exitCode: number, more: object = {}) => ({
  containerStatuses: [{ name: 'resolver', state: { terminated: { exitCode, ...more } } }],
});

beforeEach(async () => {
  cluster = await openLocalCluster({ log: silent, nodeName: 'none' });
  log = '';
});
afterEach(async () => {
  for (const one of all.splice(0)) await one.close();
  await cluster.close();
});

describe('code that is resolved by a Job', () => {
  test('is asked for once by all of a namespace, and read from the log of its pod', async () => {
    const { jobs, told } = open();
    expect(await jobs.ask(question('shop/a'))).toEqual({ kind: 'pending' });
    expect(await jobs.ask(question('shop/b'))).toEqual({ kind: 'pending' });
    await released();
    expect(await cluster.list(resources.jobs)).toHaveLength(1);
    log = `Warning\n${resultLine(resolved)}\n`;
    await podStands(ended(0));
    await eventually('both are told', () => told.length === 2);
    expect(await jobs.ask(question('shop/a'))).toEqual(resolved);
    expect(await job()).toBeUndefined();
  });

  test('runs when its policy and its request are there, and both go with it', async () => {
    const { jobs } = open();
    await jobs.ask(question('shop/a'));
    const { metadata } = await released();
    const owners = [{ kind: 'Job', name: ref.name, uid: metadata.uid }];
    expect(await cluster.get(resources.networkPolicies, ref)).toMatchObject({ metadata: { ownerReferences: owners } });
    expect(await cluster.get(resources.configMaps, ref)).toMatchObject({ metadata: { ownerReferences: owners } });
    expect(await cluster.get(resources.secrets, ref)).toBeUndefined();
  });

  test('has a Cilium policy for workers that have one', async () => {
    const { jobs } = open();
    await jobs.ask(question('shop/a', { flavor: 'Cilium' }));
    await released();
    expect(await cluster.get(resources.networkPolicies, ref)).toBeUndefined();
    expect(await cluster.get(resources.ciliumNetworkPolicies, ref)).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'Job' }] },
      spec: {
        endpointSelector: { matchLabels: { [codeJobLabel]: id.slice(0, 24) } },
        enableDefaultDeny: { egress: true, ingress: true },
        ingress: [{}],
        egress: [{ toEntities: ['all'] }],
      },
    });
  });

  test('goes by the proxies of the cluster, which its policy opens, and trusts the authorities of the house', async () => {
    const trusts = () => 'a certificate';
    const way = { httpProxy: 'http://proxy:3128', httpsProxy: 'http://proxy:3129', noProxy: '.house', trusts };
    const { jobs } = open({ way });
    await jobs.ask(question('shop/a', { credentials: { kind: 'token', token: 's3cret' } }));
    const { spec } = await released() as { spec?: { template: { spec: { containers: [{ env: object[] }] } } } };
    const [{ env }] = spec!.template.spec.containers;
    expect(env).toEqual(expect.arrayContaining([
      { name: 'HTTP_PROXY', value: 'http://proxy:3128' },
      { name: 'HTTPS_PROXY', value: 'http://proxy:3129' },
      { name: 'NO_PROXY', value: '.house' },
      { name: 'DENO_CERT', value: '/run/redisworker/request/ca.crt' },
    ]));
    const { data } = await cluster.get(resources.secrets, ref) as { data?: Record<string, string> };
    expect(Buffer.from(data?.['ca.crt'] ?? '', 'base64').toString()).toBe('a certificate');
    const policy = await cluster.get(resources.networkPolicies, ref);
    expect(policy?.spec).toMatchObject({
      egress: [443, 3128, 3129].map((port) => ({ ports: [tcp(port)] })),
    });
  });

  test('has its request in a Secret when there are credentials, and them nowhere else', async () => {
    const { jobs } = open();
    await jobs.ask(question('shop/a', { credentials: { kind: 'token', token: 's3cret' } }));
    const made = await released();
    expect(JSON.stringify(made)).not.toContain('s3cret');
    expect(await cluster.get(resources.configMaps, ref)).toBeUndefined();
    const { data } = await cluster.get(resources.secrets, ref) as { data?: Record<string, string> };
    expect(Buffer.from(Object.values(data ?? {})[0] ?? '', 'base64').toString()).toContain('s3cret');
  });

  test('is found again by name by the operator that comes next, whenever the last one ended', async () => {
    await open().jobs.ask(question('shop/a'));
    const { metadata } = await released();
    await all[0]?.close();
    const { jobs, told } = open();
    await jobs.ask(question('shop/a'));
    log = resultLine(resolved);
    await podStands(ended(0));
    await eventually('it is told', () => told.length === 1);
    expect(metadata.uid).toBeDefined();
    expect(await jobs.ask(question('shop/a'))).toEqual(resolved);
  });

  test.each([1, 2, 3, 4, 5].flatMap((last) => [[last, true], [last, false]] as const))(
    'comes to one end when its operator is killed at write %i, carried out: %s',
    async (last, isCarriedOut) => {
      const { writes, killed } = killedAt(cluster, last, isCarriedOut);
      log = resultLine(resolved);
      await open({}, undefined, writes).jobs.ask(question('shop/a'));
      if (last === 5) {
        await released();
        await podStands(ended(0));
      }
      await killed;
      const isOver = last === 5 && isCarriedOut; // the next asks anew, as nobody has kept what was found
      const { jobs, told } = open();
      await jobs.ask(question('shop/a'));
      await released();
      if (last < 5 || isOver) await podStands(ended(0));
      await eventually('it is told', () => told.length === 1);
      expect(await jobs.ask(question('shop/a'))).toEqual(resolved);
      for (const kind of [resources.jobs, resources.networkPolicies, resources.configMaps]) {
        await eventually('nothing is left', async () => (await cluster.list(kind)).length === 0);
      }
    },
  );

  test.each([
    ['ran out of memory', ended(137, { reason: 'OOMKilled' }), 'it ran out of memory, of which it may have 1Gi'],
    [
      'was evicted',
      { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource' },
      '(Evicted: The node was low on resource)',
    ],
    [
      'broke off',
      ended(1, { message: 'a\nthe request is no JSON' }),
      'it ended with exit code 1: the request is no JSON',
    ],
  ])('is tried again later when its pod %s', async (_what, status, sentence) => {
    const { jobs, told } = open();
    await jobs.ask(question('shop/a'));
    const made = await released();
    await podStands(status);
    await cluster.applyStatus({
      ...made,
      status: { conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }] },
    }, 'redisworker');
    await eventually('it is told', () => told.length === 1);
    const answer = await jobs.ask(question('shop/a'));
    expect(answer).toMatchObject({
      kind: 'failed',
      reason: 'ResolverFailed',
      sentence: expect.stringContaining(sentence),
    });
    expect(answer.kind === 'failed' && answer.retryAt).toBeGreaterThan(Date.now());
    expect(await job()).toBeUndefined();
  });

  test('is pushed before its Job goes, which is not run again when the registry does not take it', async () => {
    const image = 'registry.example/code@sha256:0';
    const answers = [() => Promise.reject(new RegistryError('it is full')), () => Promise.resolve(image)];
    const { jobs, told } = open({}, { keep: () => answers.shift()!() });
    await jobs.ask(question('shop/a'));
    const { metadata } = await released();
    log = resultLine(resolved);
    await podStands(ended(0));
    await eventually('it is told', () => told.length === 1);
    expect(await jobs.ask(question('shop/a'))).toMatchObject({ kind: 'failed', sentence: 'it is full' });
    expect((await job())?.metadata.uid).toBe(metadata.uid);
    const next = open({}, { keep: () => answers.shift()!() });
    await next.jobs.ask(question('shop/a'));
    await eventually('it is told', () => next.told.length === 1);
    expect(await next.jobs.ask(question('shop/a'))).toEqual({ ...resolved, image });
    expect(await job()).toBeUndefined();
  });

  test('waits for a pod that is late, also where nobody may read why it is', async () => {
    let asked = 0;
    const list: LocalCluster['list'] = (resource, options) => {
      if (resource.kind !== 'Event') return cluster.list(resource, options);
      asked += 1;
      return Promise.reject(new ClusterError(403, 'Forbidden', 'no'));
    };
    const { jobs } = open({}, undefined, { list }, 10_000);
    await jobs.ask(question('shop/a'));
    await released();
    await eventually('it is asked why', () => asked > 1);
    log = resultLine(resolved);
    await podStands(ended(0));
    await eventually('it is answered', async () => (await jobs.ask(question('shop/a'))).kind === 'resolved');
  });

  test('is ended when nobody wants it any more', async () => {
    const { jobs } = open();
    await jobs.ask(question('shop/a'));
    await released();
    jobs.keep('shop/a', undefined);
    await eventually('the Job is gone', async () => (await job()) === undefined);
  });
});
