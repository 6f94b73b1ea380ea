import { afterEach, expect, test } from 'vitest';
import { figures } from '../../test/support/worker-figures.ts';
import { type Check, type HttpServer, startHttp } from './http.ts';
import { createMetrics } from './metrics.ts';

const open: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(readyz: Record<string, Check> = {}) {
  const metrics = createMetrics();
  const server = await startHttp({
    address: '127.0.0.1',
    port: 0,
    healthz: { alive: () => undefined },
    readyz,
    metrics,
  });
  open.push(server);
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return { status: response.status, body: await response.text() };
  };
  return { metrics, server, get };
}

test('counts workers by how they stand at the moment they are counted', async () => {
  const { metrics, get } = await serve();
  let standings = [figures('a'), figures('b', { ready: 'False', reason: 'NoRedis' })];
  metrics.workers(() => standings);
  expect((await get('/metrics')).body).toContain('redisworker_workers{ready="False",reason="NoRedis"} 1\n');
  standings = [figures('a'), figures('b')];
  const { body } = await get('/metrics');
  expect(body).toContain('redisworker_workers{ready="True",reason="ConsumersReady"} 2\n');
  expect(body).not.toContain('NoRedis');
});

test('tells each check by its name', async () => {
  let synced = false;
  const { get } = await serve({
    cache: () => (synced ? undefined : 'not synced'),
    redis: () => Promise.reject(new Error('no answer')),
  });
  expect(await get('/healthz')).toEqual({ status: 200, body: '[+]alive ok\nok\n' });
  expect(await get('/readyz')).toEqual({
    status: 503,
    body: '[-]cache failed: not synced\n[-]redis failed: no answer\nfailed\n',
  });
  synced = true;
  expect((await get('/readyz?verbose')).body).toContain('[+]cache ok');
});

test('serves the metrics under the names dashboards know', async () => {
  const { metrics, get } = await serve();
  const queue = metrics.queue('redisworker');
  queue.added();
  queue.depth(3);
  queue.longestRunning(() => 7);
  const controller = metrics.controller('redisworker');
  controller.reconciled('terminal_error', 0.2);
  controller.reconciled('requeue_after', 0.1);
  metrics.redis.error('RedisUnreachable');
  metrics.redis.roundtrip(0.001);
  metrics.watchRestarted('Pod', 'gone');
  metrics.leading('redisworker', true);
  const { body } = await get('/metrics');
  for (
    const line of [
      'workqueue_depth{name="redisworker"} 3',
      'workqueue_adds_total{name="redisworker"} 1',
      'workqueue_longest_running_processor_seconds{name="redisworker"} 7',
      'controller_runtime_reconcile_total{controller="redisworker",result="error"} 1',
      'controller_runtime_reconcile_total{controller="redisworker",result="requeue_after"} 1',
      'controller_runtime_reconcile_errors_total{controller="redisworker"} 1',
      'controller_runtime_terminal_reconcile_errors_total{controller="redisworker"} 1',
      'controller_runtime_reconcile_time_seconds_count{controller="redisworker"} 2',
      'redisworker_redis_errors_total{code="RedisUnreachable"} 1',
      'redisworker_watch_restarts_total{kind="Pod",cause="gone"} 1',
      'leader_election_master_status{name="redisworker"} 1',
    ]
  ) expect(body).toContain(line);
});

test('what has not happened yet is 0, so that the first time is an increase', async () => {
  const { metrics, get } = await serve();
  metrics.watched('Pod');
  const { body } = await get('/metrics');
  expect(body).toContain('redisworker_watch_restarts_total{kind="Pod",cause="Expired"} 0');
  expect(body).toContain('redisworker_redis_errors_total{code="RedisUnreachable"} 0');
  expect(body).toContain('redisworker_events_dropped_total 0');
});

test('answers other paths and methods with what is served', async () => {
  const { get } = await serve();
  expect(await get('/')).toMatchObject({ status: 404, body: expect.stringContaining('/metrics') });
  expect((await get('/healthz', 'POST')).status).toBe(405);
  expect(await get('/healthz', 'HEAD')).toEqual({ status: 200, body: '' });
});

test('says which port cannot be taken', async () => {
  const { server, metrics } = await serve();
  await expect(startHttp({ address: '127.0.0.1', port: server.port, healthz: {}, readyz: {}, metrics }))
    .rejects.toThrow(`cannot listen on 127.0.0.1:${server.port}`);
});
