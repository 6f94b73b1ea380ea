import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { KubeObject } from '../cluster/cluster.ts';
import { latencyFrom } from '../redis/latency.ts';
import { emptyTally, type ResponseTally } from '../redis/response-tally.ts';
import { History, kept, sampleMs } from './history.ts';
import { type LiveWorker, liveWorker } from './live-worker.ts';
import { depthOf, inOrder, matches, rowOf, totalsOf } from './view.ts';

type Told = Readonly<Record<string, unknown>>;

function worker(name: string, status: Told = {}, spec: Told = {}): KubeObject {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, creationTimestamp: '2026-11-30T00:00:00Z' },
    spec,
    status,
  };
}

function condition(type: string, status: string, reason: string): Told {
  return { type, status, reason, message: `${reason}.`, lastTransitionTime: '2026-11-30T01:00:00Z' };
}

function tally(total: number, failed: number, more: Partial<ResponseTally> = {}): ResponseTally {
  const codes = { '200': total - failed, ...(failed > 0 ? { '500': failed } : {}) };
  return { ...emptyTally, total, failed, succeeded: total - failed, codes, ...more };
}

/** A history of one worker, whose tallies are told one after the other. */
async function historyOf(
  ...tallies: ResponseTally[]
): Promise<{ history: History; now: LiveWorker; clock: ManualClock }> {
  const clock = new ManualClock();
  let now = liveWorker(worker('w'), tallies[0]);
  const history = new History(clock, () => [now]);
  await clock.advance(0);
  for (const next of tallies.slice(1)) {
    now = liveWorker(worker('w'), next);
    await clock.advance(sampleMs);
  }
  history.stop();
  return { history, now, clock };
}

test('a row says how the worker stands, a final failure before anything else', () => {
  const row = (...conditions: Told[]) => rowOf(liveWorker(worker('w', { conditions }), undefined), []);
  expect(row()).toMatchObject({ standing: 'New', reason: '' });
  expect(row(condition('Ready', 'True', 'AllConsumersReady'))).toMatchObject({ standing: 'Ready' });
  expect(row(condition('Ready', 'False', 'ConsumersFailing'))).toMatchObject({
    standing: 'NotReady',
    reason: 'ConsumersFailing',
    message: 'ConsumersFailing.',
  });
  expect(row(condition('Ready', 'False', 'Starting'), condition('Reconciling', 'True', 'Progressing'))).toMatchObject({
    standing: 'Reconciling',
    reason: 'Starting',
  });
  expect(row(condition('Ready', 'False', 'Stopped'), condition('Stalled', 'True', 'HashConflict'))).toMatchObject({
    standing: 'Stalled',
    reason: 'HashConflict',
  });
});

test('what is not known is absent and never 0', () => {
  const bare = rowOf(liveWorker(worker('w'), undefined), []);
  expect([bare.backlog, bare.ready, bare.wanted]).toEqual([undefined, undefined, undefined]);
  const known = worker('w', { stream: { backlog: 0 }, consumersReady: '0/3' }, { type: 'resize', suspend: true });
  expect(rowOf(liveWorker(known, undefined), [])).toMatchObject({
    backlog: 0,
    ready: 0,
    wanted: 3,
    type: 'resize',
    suspended: true,
  });
  const totals = totalsOf([bare, rowOf(liveWorker(known, undefined), [])]);
  expect(totals).toMatchObject({ workers: 2, backlog: 0, backlogUnknown: 1, consumersWanted: 3 });
});

test('a row says what the worker runs, and one of scripts has no backlog that could be unknown', () => {
  const row = (spec: Told) => rowOf(liveWorker(worker('w', {}, spec), undefined), []);
  const rows = [row({}), row({ tasks: { circlePublicKey: '02ab' } }), row({ hats: {} })];
  expect(rows.map(({ work }) => work)).toEqual(['Requests', 'Tasks', 'Scripts']);
  expect(totalsOf(rows).backlogUnknown).toBe(2);
});

test('rates are told per interval, and counts over the window of the history', async () => {
  const { history, now, clock } = await historyOf(tally(1000, 10), tally(1150, 10), tally(1300, 40));
  const samples = history.of('uid-w');
  expect(rowOf(now, samples)).toMatchObject({ rates: [10, 10], total: 300, failed: 30 });
  const { series, codes } = depthOf(now, samples, clock.now());
  expect(series).toEqual({
    times: [clock.now() / 1000 - 15, clock.now() / 1000],
    succeededPerSecond: [10, 8],
    failedPerSecond: [0, 2],
    backlog: [null, null],
  });
  expect(codes).toEqual([{ code: '200', count: 270, isSuccess: true }, { code: '500', count: 30, isSuccess: false }]);
});

test('a count that went back was begun anew', async () => {
  const { history, now } = await historyOf(tally(1000, 0), tally(30, 0));
  expect(rowOf(now, history.of('uid-w'))).toMatchObject({ rates: [2], total: 30 });
});

test('the history keeps 15 minutes of each worker, and forgets those that are gone', async () => {
  const clock = new ManualClock();
  let workers = [liveWorker(worker('a'), tally(1, 0)), liveWorker(worker('b'), tally(1, 0))];
  const history = new History(clock, () => workers);
  await clock.advance(sampleMs * (kept + 10));
  expect(history.of('uid-a')).toHaveLength(kept);
  expect(history.of('uid-a')[0]?.at).toBe(clock.now() - 15 * 60_000);
  workers = [...workers.slice(0, 1), liveWorker(worker('late'), tally(5, 0))];
  await clock.advance(sampleMs);
  expect(history.of('uid-b')).toEqual([]);
  expect(history.of('uid-late')).toEqual([{
    at: clock.now(),
    sample: expect.objectContaining({ total: 5 }) as unknown,
  }]);
  history.stop();
  expect(clock.pending).toBe(0);
});

test('a worker that did nothing has one sample for all its intervals', async () => {
  const { history } = await historyOf(tally(7, 0), tally(7, 0), tally(7, 0));
  expect(new Set(history.of('uid-w').map(({ sample }) => sample)).size).toBe(1);
});

test('a consumer is told with what was counted since its status was written', () => {
  const object = worker('w', {
    consumers: [{ id: '1', state: 'Ready', pod: 'w-1', restarts: 2, lastCode: 200 }],
    network: { scope: ['api:443'], approximations: ['api:443: by address'] },
  });
  const latency = latencyFrom(4, 7);
  const result = { total: 9, failed: 2, lastCode: 500, lastTime: '2026-11-30T02:00:00Z', latency };
  const perConsumer = new Map([['1', result]]);
  expect(depthOf(liveWorker(object, tally(1, 1, { perConsumer })), [], 0)).toMatchObject({
    consumers: [{ id: '1', pod: 'w-1', restarts: 2, lastCode: 500, total: 9, failed: 2, p50Ms: 4, p99Ms: 7 }],
    scope: ['api:443'],
    approximations: ['api:443: by address'],
    created: '2026-11-30T00:00:00Z',
  });
});

test('those in trouble come first, and words find a row by what it shows', () => {
  const row = (name: string, standing: string, reason: string) =>
    rowOf(liveWorker(worker(name, { conditions: [condition(standing, 'True', reason)] }), undefined), []);
  const rows = [row('b', 'Ready', 'Fine'), row('a', 'Ready', 'Fine'), row('z', 'Stalled', 'HashConflict')];
  expect(inOrder(rows).map(({ name }) => name)).toEqual(['z', 'a', 'b']);
  expect(rows.filter((one) => matches(one, 'hashconf shop')).map(({ name }) => name)).toEqual(['z']);
  expect(rows.filter((one) => matches(one, ''))).toHaveLength(3);
});
