import { describe, expect, test } from 'vitest';
import { withSpec, worker } from '../../../test/support/gen.ts';
import { observed, type Surroundings } from '../../../test/support/observed.ts';
import { settled, steps } from '../../../test/support/plans.ts';
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { deploymentView } from '../model/children.ts';
import { deploymentName } from '../model/names.ts';
import type { Needs } from '../model/needs.ts';
import type { Observed } from '../model/observed.ts';
import { statusOf } from '../status/index.ts';
import { scaleEvent } from '../status/autoscale.ts';
import { planOf } from './index.ts';
import { requeueAfter } from './requeue.ts';

const now = Date.parse('2030-01-01T00:00:00Z');
const longAgo: Needs = { since: now - 3_600_000, peaks: [] };

const autoscaled = (autoscale: object = {}, spec: object = {}): KubeObject =>
  worker('w', withSpec({ consumers: { autoscale: { max: 5, backlogPerConsumer: 10, ...autoscale } }, ...spec }));

/** The worker with what it had when it ran `ids`, in place. */
function running(ids: readonly string[], around: Surroundings = {}, object = autoscaled()): Observed {
  const { children, spec } = settled({ ...object, spec: { ...(object.spec as object), consumers: { ids } } });
  const hashes = spec?.redis.kind === 'answered' ? Object.fromEntries(spec.redis.hashes) : {};
  return observed(
    { ...object, metadata: { ...object.metadata, finalizers: ['redisworker.dev/cleanup'] } },
    {
      needs: longAgo,
      ...around,
      hashes,
      children: { ...children, ...around.children },
    },
  );
}

const replicasOf = (look: Observed) =>
  Object.fromEntries(
    [...planOf(look).desired?.deployments ?? []].map(([id, object]) => [id, deploymentView(object).replicas]),
  );

describe('an autoscaled worker', () => {
  test('has no consumer while there is nothing to do, and a Deployment that wakes with one write', () => {
    const look = observed(autoscaled(), { needs: longAgo });
    expect(planOf(look).wanted).toEqual([]);
    expect(replicasOf(look)).toEqual({ 1: 0 });
    expect(steps(planOf(look))).toContain('writeConfigHash ConfigHashMissing 1');
  });

  test('gets consumers "1" to the number its backlog calls for', () => {
    const look = running(['1'], { stream: { lag: 25, consumers: [] } });
    expect(planOf(look).wanted).toEqual(['1', '2', '3']);
    expect(steps(planOf(look))).toEqual([
      'writeConfigHash ConfigHashMissing 2',
      'writeConfigHash ConfigHashMissing 3',
      'applyObject DeploymentMissing Deployment',
      'applyObject DeploymentMissing Deployment',
    ]);
  });

  test('is taken down by the highest idle consumer, by way of the steps that lose no request', () => {
    const consumers = [['1', 0], ['2', 0], ['3', 4]].map(([name, pending]) => ({
      name: String(name),
      pending: Number(pending),
      idleMs: 5,
    }));
    const look = running(['1', '2', '3'], { stream: { pending: 4, consumers } });
    expect(planOf(look).wanted).toEqual(['1', '3']);
    expect(steps(planOf(look))).toEqual(['scaleToZero ConsumerRemoved w-2']);
  });

  test('keeps its number while Redis is silent, and while the backlog is unknown', () => {
    const fault = { kind: 'fault', reason: 'RedisUnreachable', message: 'no' } as const;
    expect(planOf(running(['1', '2'], { spec: { redis: fault } })).wanted).toEqual(['1', '2']);
    expect(planOf(running(['1', '2'], { stream: { lag: undefined } })).wanted).toEqual(['1', '2']);
    expect(planOf(running(['1', '2'])).wanted).toEqual([]);
  });

  test('wakes for a request that was delivered to a consumer that is no more', () => {
    const consumers = [{ name: '1', pending: 1, idleMs: 500_000 }];
    expect(planOf(observed(autoscaled(), { needs: longAgo, stream: { pending: 1, consumers } })).wanted).toEqual(['1']);
  });

  test('stays awake for idleSeconds after a response, however fast it was', () => {
    const answered = (secondsAgo: number) => ({
      responses: { lastTime: new Date(now - secondsAgo * 1000).toISOString() },
    });
    expect(planOf(running(['1'], answered(59))).wanted).toEqual(['1']);
    expect(planOf(running(['1'], answered(61))).wanted).toEqual([]);
    const plan = planOf(running(['1'], answered(55)));
    expect(requeueAfter(running(['1'], answered(55)), plan)).toMatchObject({ afterMs: 5000, why: 'Scale' });
  });

  test('whose program never acknowledges is judged by what it has not been given', () => {
    const consumers = [{ name: '1', pending: 40, idleMs: 500_000 }];
    const stream = { pending: 40, consumers };
    const script = autoscaled({}, { runtime: 'Script' });
    expect(planOf(running(['1'], { stream }, script)).wanted).toEqual([]);
    expect(planOf(running(['1'], { stream: { ...stream, lag: 1 } }, script)).wanted).toEqual(['1']);
  });

  test('that is suspended keeps one consumer in mind, and wakes by its backlog afterwards', () => {
    const look = running(['1', '2'], { stream: { lag: 30 } }, autoscaled({}, { suspend: true }));
    expect(planOf(look).wanted).toEqual([]);
    expect(replicasOf(look)).toEqual({ 1: 0 });
  });

  test('is not disturbed by Deployments of another way to count', () => {
    const look = running(['a', '2'], { stream: { lag: 5 } });
    expect(planOf(look).wanted).toEqual(['2']);
    expect(steps(planOf(look))).toContain(`scaleToZero ConsumerRemoved ${deploymentName('w', 'a')}`);
  });
});

describe('the status of an autoscaled worker', () => {
  const statusAt = (look: Observed, before?: RedisWorkerStatus) => statusOf(look, planOf(look), undefined, before);

  test('is Ready without a consumer, and says what wakes it', () => {
    const status = statusAt(observed(autoscaled(), { needs: longAgo, children: { deployments: [] } }));
    expect(status).toMatchObject({ consumersReady: '0/0', replicas: 0, autoscale: { wanted: 0, reason: 'Idle' } });
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'True',
      reason: 'ScaledToZero',
    });
  });

  test('changes with the number alone, and every change is one event', () => {
    const before: RedisWorkerStatus = { autoscale: { wanted: 1, reason: 'Backlog', lastScaleTime: 'then' } };
    const same = statusAt(running(['1'], { stream: { lag: 3 } }), before);
    expect(same.autoscale).toEqual(before.autoscale);
    expect(scaleEvent(before, same)).toBeUndefined();
    const more = statusAt(running(['1'], { stream: { lag: 30 } }), before);
    expect(more.autoscale).toEqual({ wanted: 3, reason: 'Backlog', lastScaleTime: '2030-01-01T00:00:00.000Z' });
    expect(scaleEvent(before, more)).toMatchObject({
      wanted: 3,
      reason: 'ScaledOut',
      message: 'Scaled from 1 to 3 consumers (Backlog)',
    });
  });
});
