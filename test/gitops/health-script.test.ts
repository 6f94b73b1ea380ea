/** The health script for Argo CD, in the Lua Argo CD runs it with, beside kstatus; every branch of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HealthJudge, startHealthJudge } from '../support/health.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';

const condition = (type: string, status: string, reason = `${type}Reason`) => ({
  type,
  status,
  reason,
  message: `the message of ${type}`,
  observedGeneration: 2,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

const [ready, notReady, suspended] = [
  condition('Ready', 'True'),
  condition('Ready', 'False'),
  condition('Ready', 'True', 'Suspended'),
];
const [reconciling, stalled] = [condition('Reconciling', 'True'), condition('Stalled', 'True')];
const seen = (...conditions: object[]) => ({ observedGeneration: 2, conditions });

describeWith('health')('the health script for Argo CD', () => {
  let health: HealthJudge;

  beforeAll(() => {
    health = startHealthJudge(toolPath('health'));
  });

  afterAll(() => health.stop());

  const judged = async (status: object | undefined, metadata: object = {}): Promise<string[]> => {
    const { kstatus, argo } = await health.judge({
      apiVersion: 'redisworker.dev/v1alpha1',
      kind: 'RedisWorker',
      metadata: { name: 'w', namespace: 'default', generation: 2, ...metadata },
      spec: {},
      ...(status === undefined ? {} : { status }),
    });
    return [argo.status, kstatus.status, argo.message];
  };

  test.each([
    ['the default of the status', { observedGeneration: -1 }, ['Progressing', 'InProgress']],
    ['an older generation', { ...seen(ready), observedGeneration: 1 }, ['Progressing', 'InProgress']],
    ['an older generation that was stalled', { ...seen(stalled), observedGeneration: 1 }, [
      'Progressing',
      'InProgress',
    ]],
    ['Stalled', seen(notReady, stalled), ['Degraded', 'Failed']],
    ['Reconciling', seen(notReady, reconciling), ['Progressing', 'InProgress']],
    ['Ready and Reconciling', seen(ready, reconciling), ['Progressing', 'InProgress']],
    ['Ready that is False and nothing else', seen(notReady), ['Progressing', 'InProgress']],
    ['Ready that is Unknown', seen(condition('Ready', 'Unknown')), ['Progressing', 'InProgress']],
    ['Ready', seen(ready), ['Healthy', 'Current']],
    ['Ready and suspended', seen(suspended), ['Suspended', 'Current']],
    ['conditions that are False and should be absent', seen(condition('Stalled', 'False'), ready), [
      'Healthy',
      'Current',
    ]],
    ['the other conditions', seen(ready, condition('NetworkPolicyEnforced', 'False')), ['Healthy', 'Current']],
  ])('reads %s as kstatus does', async (_, status, expected) => {
    expect((await judged(status)).slice(0, 2)).toEqual(expected);
  });

  test('waits where kstatus, without the default of the CRD, would not', async () => {
    expect(await judged(undefined)).toEqual([
      'Progressing',
      'Current',
      'waits for the operator to see this generation',
    ]);
    expect((await judged(seen(condition('RedisReachable', 'True'))))[0]).toBe('Progressing');
  });

  test('tells the reason and message of what it found', async () => {
    expect((await judged(seen(notReady, stalled)))[2]).toBe('StalledReason: the message of Stalled');
    expect((await judged(seen(notReady, reconciling)))[2]).toBe('ReconcilingReason: the message of Reconciling');
    expect((await judged(seen(notReady)))[2]).toBe('ReadyReason: the message of Ready');
    expect((await judged(seen(ready)))[2]).toBe('the message of Ready');
  });

  test('is not asked about a worker that is being deleted', async () => {
    const deleted = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['redisworker.dev/cleanup'] };
    expect((await judged(seen(ready), deleted)).slice(0, 2)).toEqual(['Progressing', 'Terminating']);
  });
});
