/** What the Rhai runtime is held to by numbers: tasks of processes that are killed, and scripts that mean harm. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { responseStreamKey } from '../../contract/keys.ts';
import { takenTasksKey, taskQueueKey } from '../../contract/tasks.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { forged, hostileScripts } from '../support/rhai/hostile.ts';
import { type RhaiWorker, startRhai } from '../support/rhai/worker.ts';
import { amount } from '../support/thorough.ts';
import { eventually } from '../support/wait.ts';

let redis: TestRedis;
let client: Redis;
beforeAll(async () => {
  redis = await startRedis();
  client = redis.client;
});
afterAll(() => redis.stop());

const patienceMs = 600_000;
const details = (type: string, at: number | string): string => `rhai_task_details:${type}-${at}`;

/** Pushes a task for each script, a thousand at a time. */
async function pushAll(type: string, scripts: readonly string[]): Promise<void> {
  for (let from = 0; from < scripts.length; from += 1000) {
    const pipeline = client.pipeline();
    scripts.slice(from, from + 1000).forEach((script, at) => {
      pipeline.hset(details(type, from + at), { script, callerId: 'caller', status: 'pending' });
      pipeline.rpush(taskQueueKey(type), `${type}-${from + at}`);
    });
    await pipeline.exec();
  }
}

/** Ends each task was told, by id: read as they come, for the stream keeps only the newest. */
function countEnds(type: string): { readonly ends: ReadonlyMap<string, number>; readonly look: () => Promise<number> } {
  const ends = new Map<string, number>();
  let last = '0';
  const look = async (): Promise<number> => {
    for (;;) {
      const found = await client.xread('COUNT', 5000, 'STREAMS', responseStreamKey(type), last);
      const entries = found?.[0]?.[1] ?? [];
      for (const [id, [, ref = '']] of entries) {
        last = id;
        ends.set(ref, (ends.get(ref) ?? 0) + 1);
      }
      if (entries.length < 5000) return ends.size;
    }
  };
  return { ends, look };
}

async function statuses(type: string, count: number): Promise<(string | null)[]> {
  const all: (string | null)[] = [];
  for (let from = 0; from < count; from += 1000) {
    const pipeline = client.pipeline();
    for (let at = from; at < Math.min(count, from + 1000); at++) pipeline.hget(details(type, at), 'status');
    for (const [, status] of (await pipeline.exec()) ?? []) all.push(status as string | null);
  }
  return all;
}

const [kills, tasks] = [amount(6, 24), amount(3000, 50_000)];

test(`${kills} processes are killed over ${tasks} tasks: none is lost, and none is completed twice`, {
  timeout: patienceMs,
}, async ({ onTestFinished }) => {
  const type = 'kills';
  await pushAll(type, Array.from({ length: tasks }, (_, at) => `${at} * 2`));
  const { ends, look } = countEnds(type);
  const begin = () => startRhai({ on: redis, type, podUid: 'pod-kills', tasks: { maxDeliveries: 100 } });
  let worker: RhaiWorker = await begin();
  onTestFinished(() => worker.stop());
  for (let kill = 0; kill < kills; kill++) {
    // At random within its share of the tasks; the last share is for what was left.
    const threshold = Math.floor((tasks * (kill + Math.random())) / (kills + 1));
    await eventually(`${threshold} have ended`, async () => (await look()) > threshold, patienceMs);
    worker.child.kill('SIGKILL');
    await worker.ended;
    worker = await begin();
  }
  await eventually('all have ended', async () => (await look()) === tasks, patienceMs);
  const found = await statuses(type, tasks);
  const lost = found.filter((status) => status !== 'completed').length;
  const twice = [...ends.values()].filter((count) => count > 1).length;
  process.stdout.write(`${kills} kills, ${tasks} tasks: ${lost} lost, ${twice} completed twice\n`);
  expect({ lost, twice }).toEqual({ lost: 0, twice: 0 });
  expect(await client.exists(taskQueueKey(type), takenTasksKey(taskQueueKey(type), '1'))).toBe(0);
});

const hostile = amount(60, 1000);

test(`a worker that has run ${hostile} hostile scripts goes on answering, and none was taken for somebody else`, {
  timeout: patienceMs,
}, async ({ onTestFinished }) => {
  const type = 'hostile';
  const scripts = hostileScripts(hostile);
  const worker = await startRhai({ on: redis, type, tasks: { timeoutSeconds: 2, maxOperations: 200_000 } });
  onTestFinished(() => worker.stop());
  await pushAll(type, scripts);
  const { look } = countEnds(type);
  await eventually('all have ended', async () => (await look()) === hostile, patienceMs);
  await client.hset(details(type, 'fine'), { script: 'CALLER_ID + " " + (40 + 2)', callerId: 'alice' });
  await client.rpush(taskQueueKey(type), `${type}-fine`);
  const output = await eventually(
    'it answers',
    async () => (await client.hget(details(type, 'fine'), 'output')) ?? undefined,
    patienceMs,
  );
  expect(output).toBe('alice 42');
  const outputs = await Promise.all(scripts.map((_, at) => client.hget(details(type, at), 'output')));
  expect(outputs.filter((one) => one === forged)).toEqual([]);
  const found = await statuses(type, hostile);
  process.stdout.write(
    `${hostile} hostile scripts: ${found.filter((status) => status === 'error').length} ended with an error\n`,
  );
  expect(found.filter((status) => status !== 'completed' && status !== 'error')).toEqual([]);
  expect(worker.child.exitCode).toBeNull();
});
