/** The operator is killed again and again while everything around it changes; the last one brings it all to rest. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configHashKey, requestStreamKey } from '../../contract/keys.ts';
import type { Reply } from '../../contract/reply.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectlOk,
} from '../support/control-plane/shared.ts';
import { withCount, withSpec, worker } from '../support/gen.ts';
import { type OperatorProcess, startOperatorProcess, startTestNode } from '../support/operator.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { checkInvariants, lookWith } from '../support/invariants.ts';
import { eventually } from '../support/wait.ts';

interface Listed {
  items: {
    metadata: { name: string; labels?: Record<string, string>; deletionTimestamp?: string };
    spec: Record<string, unknown>;
    status?: { consumersReady?: string; conditions?: { type: string; status: string }[] };
  }[];
}

let namespace: string;
let redis: TestRedis;
let node: { stop(): Promise<void> };
let operator: OperatorProcess | undefined;

const inNamespace = (...args: string[]) => kubectlOk(['-n', namespace, ...args]);
const list = async (kind: string) => (JSON.parse(await inNamespace('get', kind, '-o', 'json')) as Listed).items;
const named = async (kind: string, name: string) => (await list(kind)).find(({ metadata }) => metadata.name === name);
const apply = (object: { metadata: object }) =>
  applyObjects({ ...object, metadata: { ...object.metadata, namespace } });
const hashExists = async (type: string, id: string) => (await redis.client.exists(configHashKey(type, id))) === 1;
const start = (awaitReady: boolean) =>
  startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace, args: ['--no-leader-elect'], awaitReady });

/** An operator lives from the change until `moment`, which comes somewhere in the middle of its work. */
async function liveUntil(
  change: () => Promise<unknown>,
  moment: string,
  hasCome: () => Promise<unknown>,
): Promise<void> {
  operator = await start(false);
  await change();
  await eventually(moment, async () => Boolean(await hasCome()), 90_000);
  operator.child.kill('SIGKILL');
  await operator.ended;
}

const answering = (text: string) =>
  withSpec({ source: { inline: `export default () => ${JSON.stringify(text)};\n`, keep: 0 } });
const answers: Promise<Reply>[] = [];
/** Requests of this moment; their replies are awaited at the end. */
function request(...types: string[]): void {
  answers.push(...types.flatMap((type) => [1, 2, 3].map((data) => ask(redis.client, type, data, 170))));
}

describeOnCluster('an operator that is killed again and again', () => {
  beforeAll(async () => {
    await installCrds();
    namespace = await createNamespace('bad-days');
    [redis, node] = await Promise.all([startGuardedRedis(), startTestNode(namespace)]);
  });

  afterAll(async () => {
    await operator?.stop();
    await node.stop();
    await redis.stop();
  });

  test('leaves work that the next one finishes, whatever it was at', async () => {
    await liveUntil(
      () =>
        Promise.all([
          apply(worker('a', withCount(2))),
          apply(worker('b', answering('old'))),
          apply(worker('c', withCount(3))),
        ]),
      'the first hash is written',
      () => hashExists('a', '1'),
    );
    request('a', 'b', 'c');
    await liveUntil(() => Promise.resolve(), 'consumer 2 of a has its Deployment', () => named('deployments', 'a-2'));
    await liveUntil(
      () => inNamespace('scale', 'rw/a', '--replicas=3'),
      'consumer 3 of a has its hash',
      () => hashExists('a', '3'),
    );
    request('a', 'b', 'c');
    const modulesOfB = async () =>
      (await list('configmaps')).map(({ metadata }) => metadata.name).filter((name) => name.startsWith('b-'));
    const before = await modulesOfB();
    await liveUntil(
      () => apply(worker('b', answering('new'))),
      'b has its new module',
      async () => (await modulesOfB()).some((name) => !before.includes(name)),
    );
    request('a', 'b');
    await liveUntil(
      () => inNamespace('scale', 'rw/a', '--replicas=1'),
      'consumer 3 of a is on its way out',
      async () => {
        const third = await named('deployments', 'a-3');
        return third === undefined || third.spec['replicas'] === 0;
      },
    );
    request('a', 'b');
    const beforeCGoes = await Promise.all(answers);
    expect(beforeCGoes.map(({ code }) => code)).toEqual(beforeCGoes.map(() => 200));
    await liveUntil(
      () => inNamespace('delete', 'rw', 'c', '--wait=false'),
      'a hash of c is gone',
      async () => !(await hashExists('c', '1')) || !(await hashExists('c', '2')) || !(await hashExists('c', '3')),
    );
    request('a');
    await liveUntil(
      () => apply(worker('d', withCount(2))),
      'd has its policy',
      async () => (await list('networkpolicies')).some(({ metadata }) => metadata.name.startsWith('d-')),
    );
    request('a', 'd');
    await liveUntil(
      () => Promise.resolve(),
      'it reconciles',
      () => Promise.resolve(operator?.output().includes('the operator reconciles')),
    );

    operator = await start(true);
    await eventually('all is as it should be', async () => {
      const workers = await list('rw');
      const ready = workers.filter(({ status }) =>
        status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' &&
        !status.conditions.some(({ type }) => type === 'Reconciling')
      );
      return ready.map(({ metadata, status }) => `${metadata.name} ${status?.consumersReady ?? ''}`).join() ===
          'a 1/1,b 1/1,d 2/2' && workers.length === 3;
    }, 90_000);
    expect((await Promise.all(answers)).map(({ code }) => code)).toEqual(answers.map(() => 200));
    expect((await ask(redis.client, 'b', 1)).data).toBe('new');
  });

  test('leaves exactly one Deployment per consumer and no hash of one that is gone', async () => {
    expect((await list('deployments')).map(({ metadata }) => metadata.name)).toEqual(['a-1', 'b-1', 'd-1', 'd-2']);
    expect((await redis.client.keys('*:h')).filter((key) => !key.startsWith('req:')).sort()).toEqual(
      [['a', '1'], ['b', '1'], ['d', '1'], ['d', '2']].map(([type, id]) => configHashKey(type!, id!)),
    );
    const consumers = (await redis.client.xinfo('CONSUMERS', requestStreamKey('a'), 'worker')) as string[][];
    expect(consumers.map((fields) => [fields[1], fields[3]])).toEqual([['1', 0]]);
  });

  test('leaves exactly one policy for every pod, and one module per worker', async () => {
    const own = async (kind: string) =>
      (await list(kind)).filter(({ metadata }) => metadata.labels?.['redisworker.dev/name'] !== undefined);
    // Those of a worker that is gone are collected by the cluster.
    const policies = await eventually('no policy is left over', async () => {
      const found = await own('networkpolicies');
      return found.length === 3 && found;
    }, 90_000);
    const pods = (await list('pods')).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    expect(pods).toHaveLength(4);
    for (const pod of pods) {
      const selecting = policies.filter(({ spec }) =>
        Object.entries((spec['podSelector'] as { matchLabels: Record<string, string> }).matchLabels).every((
          [key, value],
        ) => pod.metadata.labels?.[key] === value)
      );
      expect(selecting).toHaveLength(1);
    }
    await eventually('every old module is gone', async () => (await own('configmaps')).length === 3);
  });

  test('leaves every invariant whole', () =>
    checkInvariants({
      namespace,
      redis: [redis.client],
      output: () => operator?.output() ?? '',
      look: lookWith(kubectlOk, namespace),
    }, 90_000));

  test('tells what it does under the names dashboards know', async () => {
    const text = await (await fetch(`${operator?.httpUrl ?? ''}/metrics`)).text();
    expect(text).toMatch(
      /^controller_runtime_reconcile_total\{controller="redisworker",result="requeue_after"\} [1-9]/m,
    );
    expect(text).toMatch(/^rest_client_requests_total\{method="GET",code="200"\} [1-9]/m);
    expect(text).toMatch(/^workqueue_adds_total\{name="redisworker"\} [1-9]/m);
    for (
      const name of [
        'controller_runtime_reconcile_time_seconds_bucket',
        'workqueue_depth',
        'workqueue_queue_duration_seconds_count',
        'leader_election_master_status',
        'redisworker_redis_roundtrip_seconds_count',
      ]
    ) {
      expect(text).toContain(`\n${name}{`.replace('seconds_count{', 'seconds_count'));
    }
  });
});
