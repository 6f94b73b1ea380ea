import { expect, test } from 'vitest';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import type { History, TopStyle } from './top-rows.ts';
import { remembered, topTable } from './top-table.ts';

const now = Date.parse('2026-01-01T00:10:00Z');
const style: TopStyle = { consumers: false, sort: 'name', manyNamespaces: false, freshMs: 15_000, now };

function worker(name: string, status: object = {}, ready = 'True'): KubeObject {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name, namespace: 'shop' },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: ready }], ...status },
  };
}
const responses = (total: number, failed: number) => ({ responses: { total, failed } });
const cells = (lines: readonly string[]): string[][] => lines.map((line) => line.split(/ {2,}/));

/** Looks at the workers of each moment, in seconds. */
function watched(...looks: readonly [at: number, workers: readonly KubeObject[]][]): History {
  return looks.reduce<History>((history, [at, workers]) => remembered(history, workers, at * 1000), new Map());
}

test('a worker nobody knows anything of has no number', () => {
  const workers = [worker('a', {}, 'False')];
  expect(cells(topTable(workers, watched([0, workers]), style))).toEqual([
    ['NAME', 'READY', 'RATE', 'FAILING', 'BACKLOG', 'OLDEST', 'RESPONSES', 'FAILED', 'SLOWEST P99'],
    ['a', 'no', '-', '-', '-', '-', '-', '-'],
  ]);
});

test('rates are measured between looks, and the rest is as the status has it', () => {
  const at = (total: number, failed: number) => [
    worker('a', {
      ...responses(total, failed),
      consumersReady: '2/2',
      stream: { backlog: 7, oldestPendingTime: new Date(now - 65_000).toISOString() },
      consumers: [{ id: '1', p99Ms: 12.34 }, { id: '2', p99Ms: 80 }],
    }),
  ];
  const history = watched([0, at(0, 0)], [1, at(100, 1)], [16, at(400, 4)]);
  expect(cells(topTable(at(400, 4), history, style))[1]).toEqual(
    ['a', 'yes 2/2', '20/s', '0.2/s', '7', '65s', '400', '4', '80ms'],
  );
});

test("the operator's own rate serves until one is measured, while it is fresh", () => {
  const told = (secondsAgo: number) => [
    worker('a', {
      responses: { total: 5, perSecond: 3.21, lastTime: new Date(now - secondsAgo * 1000).toISOString() },
    }),
  ];
  const rate = (workers: readonly KubeObject[]) => cells(topTable(workers, watched([0, workers]), style))[1]![2];
  expect([rate(told(5)), rate(told(60))]).toEqual(['3.2/s', '-']);
});

test('consumers have rows of their own', () => {
  const at = (total: number) => [
    worker('a', {
      consumers: [{ id: '1', state: 'Ready', total, failed: 0, pending: 3, p50Ms: 1, p99Ms: 2, restarts: 0 }],
    }),
    worker('b', { consumers: [{ id: '1', state: 'Failing', restarts: 4, reason: 'OOMKilled' }] }),
  ];
  const history = watched([0, at(0)], [1, at(10)], [11, at(60)]);
  expect(cells(topTable(at(60), history, { ...style, consumers: true }))).toEqual([
    ['WORKER', 'ID', 'STATE', 'RATE', 'FAILING', 'PENDING', 'P50', 'P99', 'RESTARTS', 'WHY NOT READY'],
    ['a', '1', 'Ready', '5/s', '-', '3', '1ms', '2ms', '0'],
    ['b', '1', 'Failing', '-', '-', '-', '-', '-', '4', 'OOMKilled'],
  ]);
});

test('modules have rows below the consumers, and none where there are no modules', () => {
  const at = (calls: number, errors: number) => [
    worker('m', {
      consumers: [{ id: '1', state: 'Ready' }],
      modules: [
        { name: 'visits', state: 'Failing', calls: 9, errors: 9, restarts: 2, reason: 'visits ended' },
        { name: 'greeting', state: 'Running', calls, errors, memoryMiB: 44, restarts: 0 },
        { name: 'resting', state: 'Idle', calls: 0, errors: 0, restarts: 0 },
      ],
    }),
    worker('a', { consumers: [{ id: '1', state: 'Ready' }] }),
  ];
  const history = watched([0, at(0, 0)], [1, at(100, 1)], [16, at(400, 4)]);
  const shown = (sort: TopStyle['sort']) => cells(topTable(at(400, 4), history, { ...style, consumers: true, sort }));
  expect(shown('rate').slice(2)).toEqual([
    ['m', '1', 'Ready', '-', '-', '-', '-', '-', '-'],
    [''],
    ['WORKER', 'MODULE', 'STATE', 'RATE', 'FAILING', 'CALLS', 'ERRORS', 'MEMORY', 'RESTARTS', 'WHY FAILING'],
    ['m', 'greeting', 'Running', '20/s', '0.2/s', '400', '4', '44Mi', '0'],
    ['m', 'resting', 'Idle', '-', '-', '0', '0', '-', '0'],
    ['m', 'visits', 'Failing', '-', '-', '9', '9', '-', '2', 'visits ended'],
  ]);
  expect(shown('ready').slice(-3).map(([, name]) => name)).toEqual(['visits', 'greeting', 'resting']);
  const without = at(400, 4).slice(1);
  expect(topTable(without, history, { ...style, consumers: true })).toHaveLength(2);
  expect(topTable(at(400, 4), history, style).join()).not.toContain('greeting');
});

test.each(
  [
    ['name', 'w1 w2 w10'],
    ['backlog', 'w2 w10 w1'],
    ['ready', 'w10 w1 w2'],
    ['rate', 'w1 w2 w10'],
  ] as const,
)('sorted by %s, what is not known comes last', (sort, expected) => {
  const workers = [
    worker('w10', { stream: { backlog: 5 } }, 'False'),
    worker('w2', { stream: { backlog: 9 } }),
    worker('w1', {}),
  ];
  const names = cells(topTable(workers, new Map(), { ...style, sort })).slice(1).map(([name]) => name);
  expect(names.join(' ')).toBe(expected);
});

test('what is gone is forgotten', () => {
  expect([...watched([0, [worker('a'), worker('b')]], [1, [worker('b')]]).keys()]).toEqual(['shop/b']);
});
