import { expect, test } from 'vitest';
import { figures } from '../../test/support/worker-figures.ts';
import { renderWorkerMetrics } from './worker-metrics.ts';

const now = Date.parse('2030-01-01T00:01:30Z');
const render = (...args: [all: readonly ReturnType<typeof figures>[], limit?: number]) =>
  renderWorkerMetrics(args[0], args[1] ?? 1000, now);
const samples = (text: string, of: string) => text.split('\n').filter((line) => line.startsWith(of));

test('a worker has a series of each metric under its name', () => {
  const text = render([figures('a')]);
  expect(samples(text, 'redisworker_worker_ready')).toEqual([
    'redisworker_worker_ready{namespace="team",worker="a",reason="ConsumersReady"} 1',
  ]);
  expect(samples(text, 'redisworker_backlog_requests')).toEqual([
    'redisworker_backlog_requests{namespace="team",worker="a"} 6',
  ]);
  expect(samples(text, 'redisworker_oldest_pending_age_seconds')).toEqual([
    'redisworker_oldest_pending_age_seconds{namespace="team",worker="a"} 90',
  ]);
  expect(samples(text, 'redisworker_responses_total')).toEqual([
    'redisworker_responses_total{namespace="team",worker="a",code="200"} 10',
    'redisworker_responses_total{namespace="team",worker="a",code="500"} 2',
  ]);
  expect(samples(text, 'redisworker_scale_decisions_total')).toHaveLength(2);
});

test('a bucket of the times has all shorter ones in it', () => {
  const durations = { counts: [1, 0, 2, ...new Array<number>(10).fill(0), 4], sumMs: 1500 };
  const text = render([figures('a', { durations })]);
  const found = samples(text, 'redisworker_request_duration_seconds').map((line) =>
    line.replace(/^redisworker_request_duration_seconds(\w+)\{namespace="team",worker="a",?/, '$1 ').replace('}', '')
  );
  expect(found.slice(0, 3)).toEqual(['_bucket le="0.005" 1', '_bucket le="0.01" 1', '_bucket le="0.025" 3']);
  expect(found.slice(-4)).toEqual(['_bucket le="60" 3', '_bucket le="+Inf" 7', '_sum  1.5', '_count  7']);
});

test('what nobody knows has no series, and is not 0', () => {
  const text = render([
    figures('a', { backlog: undefined, lag: undefined, oldestPending: undefined, pending: undefined }),
  ]);
  expect(text).toContain('# TYPE redisworker_backlog_requests gauge');
  for (const name of ['backlog_requests', 'lag_requests', 'pending_requests', 'oldest_pending_age_seconds']) {
    expect(samples(text, `redisworker_${name}`)).toEqual([]);
  }
  expect(samples(render([figures('a', { oldestPending: undefined, pending: 0 })]), 'redisworker_oldest')).toEqual([
    'redisworker_oldest_pending_age_seconds{namespace="team",worker="a"} 0',
  ]);
});

test('beyond the limit workers are added up without a name, and counted', () => {
  const young = figures('young', {
    created: '2031-01-01T00:00:00Z',
    backlog: undefined,
    codes: { '200': 1, '418': 1 },
  });
  const text = render([young, figures('b', { created: '2030-06-01T00:00:00Z' }), figures('a')], 1);
  expect(samples(text, 'redisworker_backlog_requests')).toEqual([
    'redisworker_backlog_requests{namespace="team",worker="a"} 6',
    'redisworker_backlog_requests{namespace="",worker=""} 6',
  ]);
  expect(samples(text, 'redisworker_responses_total{namespace=""')).toEqual([
    'redisworker_responses_total{namespace="",worker="",code="200"} 11',
    'redisworker_responses_total{namespace="",worker="",code="418"} 1',
    'redisworker_responses_total{namespace="",worker="",code="500"} 2',
  ].sort((one, other) => text.indexOf(one) - text.indexOf(other)));
  expect(samples(text, 'redisworker_workers_omitted')).toEqual(['redisworker_workers_omitted 2']);
  expect(samples(render([young], 0), 'redisworker_lag_requests')).toEqual([
    'redisworker_lag_requests{namespace="",worker=""} 3',
  ]);
});

test('a label cannot end early, whatever it holds', () => {
  expect(render([figures('a', { reason: 'x"} 1\\\n' })])).toContain('reason="x\\"} 1\\\\\\n"} 1');
});

test('a thousand workers are a few megabytes, and every line of them is one sample', () => {
  const text = render(Array.from({ length: 1000 }, (_, at) => figures(`worker-${at}`)));
  expect(text.length).toBeLessThan(4_000_000);
  expect(
    text.split('\n').filter((line) => !/^(# |$|[a-z_]+\{.*\} -?[0-9.e+]+$|redisworker_workers_omitted 0$)/.test(line)),
  )
    .toEqual([]);
});
