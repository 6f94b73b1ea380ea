import { expect, test } from 'vitest';
import type { Condition, RedisWorkerStatus } from '../../api/redisworker.ts';
import { urgencyOf } from './urgency.ts';

const condition = (reason: string, message = 'm', more: Partial<Condition> = {}): Condition => ({
  type: 'Ready',
  status: 'False',
  reason,
  message,
  lastTransitionTime: '2030-01-01T00:00:00Z',
  ...more,
});
const starting: RedisWorkerStatus = {
  observedGeneration: 1,
  conditions: [condition('ConsumersStarting', '0 of 3 consumers are ready')],
  replicas: 0,
  readyReplicas: 0,
  consumersReady: '0/3',
  consumers: [{ id: '1', state: 'Pending' }],
};
const from = (after: Partial<RedisWorkerStatus>) => urgencyOf(starting, { ...starting, ...after });

test('a status that says the same is not urgent at all', () => {
  expect(from({})).toBe('None');
});

test('conditions, generations and what is neither pod nor progress are told at once', () => {
  expect(urgencyOf(undefined, starting)).toBe('Now');
  expect(from({ observedGeneration: 2 })).toBe('Now');
  expect(from({ conditions: [condition('ConsumersReady', '', { status: 'True' })] })).toBe('Now');
  expect(from({ conditions: [condition('ConsumersFailing')] })).toBe('Now');
  const failing = { ...starting, conditions: [condition('ConsumersFailing', 'one')] };
  expect(urgencyOf(failing, { ...failing, conditions: [condition('ConsumersFailing', 'another')] })).toBe('Now');
  expect(from({ source: { digest: 'sha256-0', bytes: 1 } })).toBe('Now');
});

test('how many pods there are is told soon, and of a worker that comes up as progress, as are their names', () => {
  const some = { replicas: 3, readyReplicas: 1, consumersReady: '1/3' };
  const updating = { ...starting, conditions: [condition('ConsumersUpdating')] };
  expect(urgencyOf(updating, { ...updating, ...some })).toBe('Soon');
  const conditions = [condition('ConsumersStarting', '1 of 3 consumers are ready')];
  expect(from({ conditions, ...some })).toBe('Progress');
  const consumers = [{ id: '1', state: 'Starting' as const, pod: 'w-1-x', restarts: 0, reason: 'ContainerCreating' }];
  expect(from({ conditions, consumers })).toBe('Progress');
  expect(from({ consumers: [...consumers, { id: '2', state: 'Ready' as const, pod: 'w-2-x' }] })).toBe('Progress');
  expect(from({ conditions, ...some, readyReplicas: 10 })).toBe('Later');
});

test('what holds up a pod of a worker that comes up is told soon, and that it does no more', () => {
  const held = { ...starting, consumers: [{ id: '1', state: 'Pending' as const, reason: 'Unschedulable' }] };
  expect(urgencyOf(starting, held)).toBe('Soon');
  expect(urgencyOf(held, starting)).toBe('Soon');
  expect(urgencyOf(held, { ...held, replicas: 1 })).toBe('Progress');
});

test('what there is to do is told soon, and not that there is nothing', () => {
  const unknown = { pending: 0, scheduled: 0, length: 0 };
  const before = { ...starting, stream: unknown };
  expect(urgencyOf(before, { ...before, stream: { ...unknown, lag: 0, backlog: 0 } })).toBe('Progress');
  expect(urgencyOf(before, { ...before, stream: { ...unknown, lag: 1, backlog: 1 } })).toBe('Soon');
});

test('what was done is told soon, and at once together with what is more urgent', () => {
  const done = { responses: { total: 9, failed: 1, perSecond: 2 } };
  const row = { id: '1', state: 'Ready' as const, pod: 'w-1-x', total: 9, failed: 1, lastCode: 500, p50Ms: 3 };
  expect(from(done)).toBe('Soon');
  expect(from({ consumers: [row] })).toBe('Soon');
  expect(from({ ...done, observedGeneration: 2 })).toBe('Now');
});

test('a consumer in trouble is told at once, and its work soon', () => {
  const row = { id: '1', pod: 'w-1-x' };
  expect(from({ consumers: [{ ...row, state: 'Failing', reason: 'OOMKilled' }] })).toBe('Now');
  expect(from({ consumers: [{ ...row, state: 'Starting', restarts: 1 }] })).toBe('Now');
  expect(from({ consumers: [{ ...row, state: 'Ready', pending: 2 }] })).toBe('Soon');
});

test('the verdict on a canary is told at once, and what it was counted from soon', () => {
  const canary = {
    verdict: 'Running' as const,
    startTime: '2030-01-01T00:00:00Z',
    requests: 0,
    failed: 0,
    otherRequests: 0,
    otherFailed: 0,
  };
  const before = { ...starting, conditions: [condition('CanaryRunning', '0')], rollout: { revision: 'a', canary } };
  const after = (more: Partial<typeof canary>) => ({
    ...before,
    rollout: { revision: 'a', canary: { ...canary, ...more } },
  });
  expect(urgencyOf(before, { ...after({ requests: 7 }), conditions: [condition('CanaryRunning', '7')] })).toBe('Soon');
  expect(urgencyOf(before, after({ verdict: 'Failed' as never }))).toBe('Now');
});
