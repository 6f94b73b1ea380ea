import { expect, test } from 'vitest';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { type Beside, pageOf } from './worker-page.ts';

const now = Date.parse('2026-01-01T00:10:00Z');
const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1000).toISOString();

function worker(status?: object, spec: object = { type: 'resize' }): KubeObject {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name: 'images', namespace: 'shop' },
    spec,
    ...(status ? { status } : {}),
  };
}

const page = (status?: object, beside: Beside = {}): readonly string[] => pageOf(worker(status), beside, now);
const sectionOf = (lines: readonly string[], title: string): readonly string[] => {
  const from = lines.findIndex((text) => text.startsWith(title));
  const end = lines.indexOf('', from);
  return from < 0 ? [] : lines.slice(from + 1, end < 0 ? undefined : end).map((text) => text.trim());
};

test('a worker nobody has looked at has its name and nothing else', () => {
  expect(page()).toEqual(['shop/images, type resize', '… images is new']);
  expect(page({ observedGeneration: -1 })).toHaveLength(2);
});

test('modules have a row each, with why one is failing', () => {
  const lines = page({
    modules: [
      { name: 'hello', state: 'Running', calls: 12, errors: 1, restarts: 0, memoryMiB: 44 },
      { name: 'web', state: 'Failing', calls: 2, errors: 2, restarts: 1, reason: 'web ended: no memory' },
    ],
  });
  expect(sectionOf(lines, 'Modules').map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
    'MODULE | STATE | CALLS | ERRORS | MEMORY | RESTARTS | WHY FAILING',
    'hello | Running | 12 | 1 | 44Mi | 0',
    'web | Failing | 2 | 2 | 1 | web ended: no memory',
  ]);
});

test('scripts are counted by kind, and each that failed is told with its place', () => {
  const none = { running: 0, stopped: 0, disabled: 0, crashed: 0 };
  const lines = page({
    hats: {
      threads: { ...none, running: 2 },
      jobs: { ...none, stopped: 1, crashed: 1 },
      endpoints: { enabled: 0, disabled: 0, failing: 0 },
      crashed: [{ key: 'hats:Jobs:b.js', error: 'Error: over (line 2, column 7)', time: at(20) }],
    },
  });
  expect(sectionOf(lines, 'Scripts').map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
    'threads | 2 running',
    'jobs | 1 stopped, 1 crashed',
    'endpoints | none',
    'failed | hats:Jobs:b.js, 20s ago: Error: over (line 2, column 7)',
  ]);
});

test('every part that is known has its lines, in words', () => {
  const lines = page({
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'ConsumersFailing',
        message: 'consumer "2": it broke\n    at x.ts:1',
        lastTransitionTime: at(65),
      },
    ],
    consumersReady: '1/2',
    source: { digest: 'sha256-ab', bytes: 120 },
    network: { scope: ['api.example.com:443'], approximations: ['a: the policy opens more'] },
    stream: { lag: 10, pending: 2, scheduled: 1, backlog: 13, oldestPendingTime: at(200), length: 5000 },
    responses: {
      total: 100,
      succeeded: 98,
      failed: 2,
      codes: { '500': 2, '200': 98 },
      lastCode: 200,
      lastTime: at(3),
      perSecond: 1.2,
    },
    consumers: [
      {
        id: '1',
        pod: 'images-1-x',
        state: 'Ready',
        pending: 2,
        total: 60,
        failed: 0,
        p50Ms: 12.34,
        p99Ms: 80,
        restarts: 0,
        lastCode: 200,
        lastTime: at(3),
      },
      { id: '2', pod: 'images-2-x', state: 'Failing', restarts: 4, reason: 'CrashLoopBackOff' },
    ],
    omittedConsumers: 1,
    autoscale: { wanted: 2, reason: 'Backlog', lastScaleTime: at(30) },
    rollout: { phase: 'Canary', canary: { consumers: ['1'], answered: 7 } },
  });
  expect(lines.slice(0, 2)).toEqual(['shop/images, type resize', '… images is not ready: consumer "2": it broke']);
  expect(sectionOf(lines, 'Conditions')).toEqual([
    'Ready   False   ConsumersFailing   65s   consumer "2": it broke',
    'at x.ts:1',
  ]);
  expect(sectionOf(lines, 'Consumers 1/2 ready').map((text) => text.split(/ {2,}/))).toEqual([
    ['ID', 'POD', 'STATE', 'PENDING', 'RESPONSES', 'FAILED', 'P50', 'P99', 'RESTARTS', 'LAST CODE', 'WHY NOT READY'],
    ['1', 'images-1-x', 'Ready', '2', '60', '0', '12.3ms', '80ms', '0', '200, 3s ago'],
    ['2', 'images-2-x', 'Failing', '4', 'CrashLoopBackOff'],
    ['and 1 more consumer, which the status has no row for'],
  ]);
  expect(sectionOf(lines, 'Requests')).toEqual([
    'backlog          13: 10 not yet delivered, 2 delivered and not acknowledged, 1 to be tried again',
    'oldest pending   added, 3m20s ago',
    'stream           5000 entries',
  ]);
  expect(sectionOf(lines, 'Responses')).toEqual([
    'total   100: 98 succeeded, 2 failed',
    'codes   200: 98, 500: 2',
    'rate    1.2 per second',
    'last    code 200, 3s ago',
  ]);
  expect(sectionOf(lines, 'Autoscale')).toEqual([
    'wanted            2',
    'reason            Backlog',
    `last scale time   ${at(30)}, 30s ago`,
  ]);
  expect(sectionOf(lines, 'Rollout')).toEqual([
    'phase              Canary',
    'canary consumers   1',
    'canary answered    7',
  ]);
  expect(sectionOf(lines, 'Code and network')).toEqual([
    'code        sha256-ab, 120 bytes',
    'may reach   api.example.com:443',
    'not exact   a: the policy opens more',
  ]);
});

test('a backlog that cannot be known is told as not known, with what is', () => {
  expect(sectionOf(page({ stream: { pending: 2, length: 1 } }), 'Requests')).toEqual([
    'backlog   not known: 2 delivered and not acknowledged',
    'stream    1 entry',
  ]);
});

test('columns and parts nobody knows anything of are left out', () => {
  const lines = page({ consumers: [{ id: '1', state: 'Pending' }], responses: {}, network: {} });
  expect(sectionOf(lines, 'Consumers').map((text) => text.split(/ {2,}/))).toEqual([['ID', 'STATE'], ['1', 'Pending']]);
  expect(lines.filter((text) => /^[A-Z]/.test(text))).toEqual(['Consumers']);
});

test('totals that are not the whole truth say so', () => {
  const lines = page({ responses: { total: 3, sampled: true, missed: true, unreadable: 2 } });
  expect(sectionOf(lines, 'Responses')).toEqual([
    'total        3',
    'unreadable   2, which are no responses',
    'sampled      the codes are from a part of the responses',
    'missed       responses were trimmed before they were read: they are counted, their codes are from the others',
  ]);
});

test('dead letters are counted, with the newest; events come newest first', () => {
  const event = (message: string, secondsAgo: number, count = 1) => ({
    type: 'Normal',
    reason: 'Applied',
    message,
    count,
    lastTime: at(secondsAgo),
  });
  const lines = page({}, {
    deadLetters: {
      stream: 'resize:dead:x',
      count: 3,
      newest: { id: '5-1', ref: 'r1', reason: 'it broke', time: now - 5000 },
    },
    events: [...Array.from({ length: 10 }, (_, at) => event(`old ${at}`, 100 - at)), event('Created Deployment', 9, 2)],
  });
  expect(sectionOf(lines, 'Dead letters')).toEqual([
    'count    3 on resize:dead:x',
    'newest   5-1, ref r1, 5s ago: it broke',
  ]);
  const events = sectionOf(lines, 'Events');
  expect(events[0]).toMatch(/^9s +Normal +Applied +Created Deployment \(2 times\)$/);
  expect(events).toHaveLength(10);
  expect(sectionOf(page({}, { deadLetters: { stream: 'd', count: 0 } }), 'Dead letters')).toEqual([
    'count   none on d',
  ]);
});

test('a status of another version hides no part that is understood', () => {
  const lines = page({ stream: 'odd', responses: { total: 'many', succeeded: 1 }, consumers: [{ id: '1', state: 7 }] });
  expect(sectionOf(lines, 'Consumers')).toEqual(['ID', '1']);
});

test('what moves the cursor of a terminal is not printed', () => {
  const lines = page({ conditions: [{ type: 'Ready', status: 'False', message: 'red \u001b[31m\rtext' }] });
  expect(lines.join('\n')).not.toMatch(/[\u001b\r]/);
});
