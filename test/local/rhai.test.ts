/** Workers on a list of tasks under the operator, with real pods: a manifest with a prelude, sleep and waking, leaving. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { takenTasksKey, taskQueueKey, taskRecordKey } from '../../contract/tasks.ts';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import { withSpec, worker } from '../support/gen.ts';
import { startOperatorOnRedis, type TestOperator } from '../support/local-operator.ts';
import type { TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

let redis: TestRedis;
let operator: TestOperator;
let stop: () => Promise<void>;

beforeAll(async () => {
  ({ redis, operator, stop } = await startOperatorOnRedis());
});
afterAll(() => stop());

const patienceMs = 120_000;
const details = (id: string): string => `rhai_task_details:${id}`;

async function dispatch(circle: string, id: string, script: string): Promise<void> {
  await redis.client.hset(details(id), { script, callerId: 'caller', status: 'pending' });
  await redis.client.rpush(taskQueueKey(circle), id);
}

const outputOf = (id: string): Promise<string> =>
  eventually(`task ${id} is completed`, async () => {
    const { status, output, error } = await redis.client.hgetall(details(id));
    if (status === 'error') throw new Error(error);
    return status === 'completed' ? output : undefined;
  }, patienceMs);

test('the example runs tasks with its prelude and with keys of the shop, and the status counts them', async () => {
  const example = parse(readFileSync('examples/rhai.yaml', 'utf8')) as KubeObject;
  await operator.cluster.apply({ ...example, metadata: { ...example.metadata, namespace: 'default' } }, 'user');
  await redis.client.set('shop:price:tea', '2.5');
  await dispatch('02a1b2c3', 'tea', 'gross(price("tea"))');
  await dispatch('02a1b2c3', 'milk', 'gross(price("milk"))');
  expect(await outputOf('tea')).toBe('3.0');
  await operator.told('pricing', 'Ready', 'True', 'ConsumersReady');
  const counted = await eventually('both are counted', async () => {
    const status = await operator.status('pricing');
    return status.responses?.total === 2 ? status : undefined;
  }, patienceMs);
  expect(counted.responses?.codes).toEqual({ 200: 1, 500: 1 });
  expect(counted.consumers).toMatchObject([{ id: '1', state: 'Ready', total: 2, failed: 1, pending: 0 }]);
  expect(await redis.client.hget(details('milk'), 'error')).toMatch(/^Runtime error: there is no price for milk/);
  expect(await redis.client.hget(taskRecordKey(taskQueueKey('02a1b2c3')), 'resource')).toMatch(/^default\/pricing\//);
});

test('a worker that sleeps wakes for a task; one that leaves gives its tasks back; one that goes leaves the list', async () => {
  const tasks = { circlePublicKey: 'sleepy' };
  const spec = { runtime: 'Rhai', source: { inline: '// none' }, tasks };
  await operator.cluster.apply(
    worker(
      'sleepy',
      withSpec({ ...spec, consumers: { autoscale: { max: 2, backlogPerConsumer: 5, idleSeconds: 1 } } }),
    ),
    'user',
  );
  await operator.told('sleepy', 'Ready', 'True', 'ScaledToZero');
  await dispatch('sleepy', 'wake-1', '40 + 2');
  expect(await outputOf('wake-1')).toBe('42');
  await operator.told('sleepy', 'Ready', 'True', 'ScaledToZero');
  // As one that died leaves it.
  const queue = taskQueueKey('sleepy');
  await redis.client.hset(details('left-1'), { script: '"taken over"', status: 'processing' });
  await redis.client.hset(taskRecordKey(queue), 'consumer:2', '1');
  await redis.client.rpush(takenTasksKey(queue, '2'), 'left-1');
  expect(await outputOf('left-1')).toBe('taken over');
  expect(await redis.client.hexists(taskRecordKey(queue), 'consumer:2')).toBe(0);
  await operator.cluster.delete(resources.redisWorkers, { namespace: 'default', name: 'sleepy' }, {});
  await eventually('it is gone', async () => (await redis.client.exists(taskRecordKey(queue))) === 0, patienceMs);
  expect(await redis.client.exists(details('wake-1'))).toBe(1);
});
