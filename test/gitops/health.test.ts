/** A worker through its life, as Flux and Argo CD judge it: every version of it that the API server has told. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectlOk,
} from '../support/control-plane/shared.ts';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { withCount, withInline, withSpec, worker } from '../support/gen.ts';
import { type Health, type HealthJudge, startHealthJudge } from '../support/health.ts';
import { type OperatorProcess, startOperatorProcess, startTestNode } from '../support/operator.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';
import { eventually } from '../support/wait.ts';
import { followWorkers, type SeenWorker, type WorkerHistory } from '../support/worker-history.ts';

let namespace: string;
let redis: TestRedis;
let operator: OperatorProcess | undefined;
let node: { stop(): Promise<void> };
let history: WorkerHistory;
let judge: HealthJudge;

const inNamespace = (...args: string[]) => kubectlOk(['-n', namespace, ...args]);
const apply = (object: { metadata: object }) =>
  applyObjects({ ...object, metadata: { ...object.metadata, namespace } });
const answering = (text: string) => withInline(`export default () => ${JSON.stringify(text)};\n`);
const throwing = withInline('throw new Error("no such table");\nexport default () => 1;\n');

/** What both say, in one word each. */
const verdicts = ({ kstatus, argo }: Health): string => `${kstatus.status} ${argo.status}`;

async function healthOf(name: string): Promise<string> {
  return verdicts(await judge.judge(JSON.parse(await inNamespace('get', 'rw', name, '-o', 'json')) as object));
}

/** Waits for a verdict about the newest generation. */
async function becomes(name: string, expected: string): Promise<void> {
  let last = '';
  await eventually(`${name} is ${expected}`, async () => {
    last = await healthOf(name);
    return last === expected;
  }, 90_000).catch((error: unknown) => {
    throw new Error(`${name} is ${last}`, { cause: error });
  });
}

/** Applies a change, which others wait for until its verdict. */
async function changes(object: KubeObject, expected: string): Promise<void> {
  await apply(object);
  const { name } = object.metadata;
  const generation = await generationOf(name);
  await becomes(name, expected);
  const [first] = history.versions().filter(({ metadata }) =>
    metadata.name === name && metadata.generation === generation
  );
  expect(first && verdicts(await judge.judge(first))).toBe('InProgress Progressing');
}

/** Reasons of Ready told of a generation, each once, in their order. */
function reasonsSince(name: string, generation: number): string[] {
  const told = history.versions().filter(({ metadata, status }) =>
    metadata.name === name && status?.observedGeneration === generation
  ).flatMap(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.reason ?? []);
  return [...new Set(told)];
}

/** What both said of a generation, each once, in their order. */
async function verdictsSince(name: string, generation: number): Promise<string[]> {
  const found: string[] = [];
  for (const version of history.versions()) {
    if (version.metadata.name !== name || version.metadata.generation !== generation) continue;
    const said = verdicts(await judge.judge(version));
    if (said !== found.at(-1)) found.push(said);
  }
  return found;
}

const generationOf = async (name: string): Promise<number> =>
  Number(await inNamespace('get', 'rw', name, '-o', 'jsonpath={.metadata.generation}'));

/** Whatever happens, these pairs are the only ones: the two never contradict each other. */
const possible = new Set([
  'InProgress Progressing',
  'Current Healthy',
  'Current Suspended',
  'Failed Degraded',
  'Terminating Progressing',
]);

async function faultOf(version: SeenWorker): Promise<string | undefined> {
  const found = verdicts(await judge.judge(version));
  if (!possible.has(found)) return found;
  const isSeen = version.status?.observedGeneration === version.metadata.generation;
  const isUnderWay = found.startsWith('InProgress') || found.startsWith('Terminating');
  if (!isSeen && !isUnderWay) return `${found} before the operator has seen this generation`;
  const types = (version.status?.conditions ?? []).map(({ type }) => type);
  if (types.includes('Stalled') && types.includes('Reconciling')) return 'Stalled and Reconciling';
  return version.status?.conditions?.some(({ type, status }) =>
      ['Stalled', 'Reconciling'].includes(type) && status !== 'True'
    )
    ? 'an abnormal condition that does not hold is there'
    : undefined;
}

describeOnCluster('a worker as Flux and Argo CD see it', () => {
  describeWith('health')('at every moment', () => {
    beforeAll(async () => {
      await installCrds();
      namespace = await createNamespace('health');
      [redis, node] = await Promise.all([startGuardedRedis(), startTestNode(namespace)]);
      judge = startHealthJudge(toolPath('health'));
      history = followWorkers(namespace);
    });

    afterEach(async () => {
      const faults: string[] = [];
      for (const version of history.versions()) {
        const fault = await faultOf(version);
        if (fault !== undefined) faults.push(`${fault}: ${JSON.stringify(version)}`);
      }
      expect(faults).toEqual([]);
    });

    afterAll(async () => {
      await history.stop();
      await judge.stop();
      await operator?.stop();
      await node.stop();
      await redis.stop();
    });

    test('is waited for before there is an operator', async () => {
      await apply(worker('w', answering('first')));
      await eventually('it is told', () => history.versions().length > 0);
      expect(await healthOf('w')).toBe('InProgress Progressing');
      expect(history.versions()[0]?.status).toEqual({ observedGeneration: -1 });
    });

    test('is healthy when it answers', async () => {
      operator = await startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace });
      await becomes('w', 'Current Healthy');
      expect((await ask(redis.client, 'w', {})).data).toBe('first');
    });

    test('is waited for while new code is rolled out, and runs it when it is healthy again', async () => {
      await changes(worker('w', answering('second')), 'Current Healthy');
      expect((await ask(redis.client, 'w', {})).data).toBe('second');
    });

    test('is waited for while consumers come and go', async () => {
      await changes(worker('w', answering('second'), withCount(3)), 'Current Healthy');
      await changes(worker('w', answering('second'), withCount(1)), 'Current Healthy');
      expect((await inNamespace('get', 'pods', '-l', 'redisworker.dev/name=w', '-o', 'name')).trim().split('\n'))
        .toHaveLength(1);
    });

    describe('of three consumers', () => {
      const three = (...changed: ReturnType<typeof withInline>[]) => worker('steps', withCount(3), ...changed);
      const canary = withSpec({ rollout: { canary: { minRequests: 10, maxFailureRatio: 0.2, seconds: 300 } } });
      const failing = withInline('export default () => { throw new Error("no such row"); };\n');
      /** Applies a change while it is asked all the time. */
      const changesUnderWay = async (object: KubeObject, expected: string) => {
        const over = new AbortController();
        const asking = (async () => {
          while (!over.signal.aborted) await ask(redis.client, 'steps', {}, 60);
        })();
        await changes(object, expected).finally(() => over.abort());
        await asking;
      };

      test('is waited for at every step of a rollout', async () => {
        await changes(three(answering('first')), 'Current Healthy');
        await changes(three(answering('second')), 'Current Healthy');
        const generation = await generationOf('steps');
        expect(reasonsSince('steps', generation)).toContain('ConsumersUpdating');
        expect(await verdictsSince('steps', generation)).toEqual(['InProgress Progressing', 'Current Healthy']);
      });

      test('is waited for while a canary is tried, and healthy when the others have followed', async () => {
        await changesUnderWay(three(answering('third'), canary), 'Current Healthy');
        const generation = await generationOf('steps');
        expect(reasonsSince('steps', generation)).toContain('CanaryRunning');
        expect(await verdictsSince('steps', generation)).toEqual(['InProgress Progressing', 'Current Healthy']);
      });

      test('has failed when its canary has, and not before, until the manifest before is applied', async () => {
        await changesUnderWay(three(failing, canary), 'Failed Degraded');
        const generation = await generationOf('steps');
        expect(reasonsSince('steps', generation).at(-1)).toBe('CanaryFailed');
        await eventually(
          'all run what worked',
          () =>
            history.versions().findLast(({ metadata }) => metadata.name === 'steps')?.status?.consumersReady === '3/3',
          60_000,
        );
        expect(await verdictsSince('steps', generation)).toEqual(['InProgress Progressing', 'Failed Degraded']);
        await changes(three(answering('third'), canary), 'Current Healthy');
        await inNamespace('delete', 'rw', 'steps', '--timeout=60s');
      });
    });

    test('is waited for while its settings, its scope and its secrets change', async () => {
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace }, stringData: { a: 'b' } };
      await apply(secret);
      for (
        const change of [
          { stream: { responseLimit: 500 } },
          { permissions: { net: ['192.0.2.1:443'] } },
          { permissions: { net: [] } },
          { secretRef: { name: 's' } },
          { pod: { labels: { team: 'blue' } } },
        ]
      ) {
        await changes(worker('w', answering('second'), withSpec(change)), 'Current Healthy');
      }
    });

    test('has failed when its pods are not ready in the time they have, and not before', async () => {
      await apply(worker('w', throwing));
      const generation = await generationOf('w');
      await eventually('its failure is told', () => reasonsSince('w', generation).includes('ConsumersFailing'), 90_000);
      expect(await healthOf('w')).toBe('InProgress Progressing');
      await inNamespace('patch', 'deployment', 'w-1', '-p', '{"spec":{"progressDeadlineSeconds":1}}');
      await becomes('w', 'Failed Degraded');
      await inNamespace('patch', 'deployment', 'w-1', '-p', '{"spec":{"progressDeadlineSeconds":600}}');
      await becomes('w', 'Failed Degraded');
    });

    test('is waited for again as soon as it is mended', async () => {
      await changes(worker('w', answering('third')), 'Current Healthy');
      expect((await ask(redis.client, 'w', {})).data).toBe('third');
      const generation = await generationOf('w');
      const stalled = history.versions().filter(({ status }) =>
        status?.observedGeneration === generation && status.conditions?.some(({ type }) => type === 'Stalled')
      );
      expect(stalled).toEqual([]);
    });

    test('has failed at once when its spec has to change', async () => {
      await apply(worker('rival', withSpec({ type: 'w' })));
      await becomes('rival', 'Failed Degraded');
      await inNamespace('delete', 'rw', 'rival', '--timeout=60s');
    });

    test('is waited for while something outside its spec is missing', async () => {
      await apply(worker('late', withSpec({ source: { configMap: { name: 'later', key: 'worker.ts' } } })));
      await eventually('it is told', () => reasonsSince('late', 1).includes('ConfigMapNotFound'), 90_000);
      expect(await healthOf('late')).toBe('InProgress Progressing');
      await apply(
        worker('late', withSpec({ suspend: true, source: { configMap: { name: 'later', key: 'worker.ts' } } })),
      );
      await becomes('late', 'Current Suspended');
      await apply(worker('late', withSpec({ source: { configMap: { name: 'later', key: 'worker.ts' } } })));
      await eventually('it is told again', () => reasonsSince('late', 3).includes('ConfigMapNotFound'), 90_000);
      const data = { 'worker.ts': 'export default () => 1;\n' };
      await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'later' }, data } as { metadata: object });
      await becomes('late', 'Current Healthy');
    });

    test('is suspended when the last pod has ended, and comes back', async () => {
      await changes(worker('w', answering('third'), withSpec({ suspend: true })), 'Current Suspended');
      expect(await inNamespace('get', 'pods', '-l', 'redisworker.dev/name=w', '-o', 'name')).toBe('');
      await changes(worker('w', answering('third')), 'Current Healthy');
    });

    test('is healthy through a restart of the operator', async () => {
      const { resourceVersion } = history.versions().findLast(({ metadata }) => metadata.name === 'w')!.metadata;
      await operator?.stop();
      expect(await healthOf('w')).toBe('Current Healthy');
      operator = await startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace });
      await apply(worker('marker'));
      await becomes('marker', 'Current Healthy');
      const since = history.versions().filter(({ metadata }) =>
        metadata.name === 'w' && Number(metadata.resourceVersion) > Number(resourceVersion)
      );
      for (const version of since) expect(verdicts(await judge.judge(version))).toBe('Current Healthy');
    });

    test('is waited for, and has not failed, while what an earlier worker of its name left is still there', async () => {
      const left = (await inNamespace('get', 'configmaps', '-l', 'redisworker.dev/name=w', '-o', 'name')).trim().split(
        '\n',
      );
      const holdWith = (finalizers: readonly string[] | null) =>
        inNamespace('patch', ...left, '--type=merge', '-p', JSON.stringify({ metadata: { finalizers } }));
      await holdWith(['redisworker.test/held']);
      await inNamespace('delete', 'rw', 'w', '--timeout=60s');
      await apply(worker('w', answering('third')));
      const { metadata: { resourceVersion } } = JSON.parse(
        await inNamespace('get', 'rw', 'w', '-o', 'json'),
      ) as SeenWorker;
      await eventually('it waits', () => reasonsSince('w', 1).includes('Waiting'), 90_000);
      await holdWith(null);
      await becomes('w', 'Current Healthy');
      const since = history.versions().filter(({ metadata }) =>
        metadata.name === 'w' && Number(metadata.resourceVersion) >= Number(resourceVersion)
      );
      for (const version of since) expect(verdicts(await judge.judge(version))).not.toBe('Failed Degraded');
    });

    test('is being deleted until it has cleaned up, and then gone', async () => {
      await inNamespace('delete', 'rw', 'w', '--wait=false');
      await inNamespace('wait', '--for=delete', 'rw/w', '--timeout=60s');
      const last = await eventually(
        'its end is told',
        () =>
          history.versions().findLast(({ metadata }) =>
            metadata.name === 'w' && metadata.deletionTimestamp !== undefined
          ),
      );
      expect(verdicts(await judge.judge(last))).toBe('Terminating Progressing');
    });
  });
});
