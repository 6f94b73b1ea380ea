/** The Handler runtime on a server whose reads can claim: what consumers left behind comes with what is new. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, test, type TestContext } from 'vitest';
import { deadLetterStreamKey, replyListKey, requestStreamKey, responseStreamKey } from '../../contract/keys.ts';
import { decodeReply, type Reply } from '../../contract/reply.ts';
import { leaveBehind, nothingPending, pendingOf } from '../support/orphans.ts';
import { redisServer, startRedis, type TestRedis } from '../support/redis.ts';
import { commandStats, knowsClaim } from '../support/server-features.ts';
import { eventually } from '../support/wait.ts';
import { startWorker, type TestWorker, type WorkerOptions, writeHash } from '../support/worker.ts';

let redis: TestRedis;
let client: Redis;
beforeAll(async () => {
  redis = await startRedis();
  client = redis.client;
  if (!await knowsClaim(client)) {
    throw new Error(`${redisServer} cannot claim in reads; run these with "npm run redis8"`);
  }
});
afterAll(() => redis.stop());

/** A worker with a hash of its own, stopped with its test. */
async function run(
  { onTestFinished }: TestContext,
  options: Omit<WorkerOptions, 'on'>,
  consumerId: string,
  on = redis,
): Promise<TestWorker> {
  await writeHash(on.client, options.type, { consumerId, replyExpireSeconds: 600 });
  const worker = await startWorker({ on, podUid: `pod-${consumerId}`, ...options }, consumerId);
  onTestFinished(async ({ task }) => {
    await worker.stop();
    if (task.result?.state === 'fail') process.stderr.write(worker.output());
  });
  return worker;
}

const ready = (worker: TestWorker): Promise<unknown> =>
  eventually('the worker is ready', () => fetch(`${worker.healthUrl}/readyz`).then(({ ok }) => ok, () => false));
const says = (worker: TestWorker, text: string): Promise<unknown> =>
  eventually(`it says "${text}"`, () => worker.output().includes(text));
const replyTo = async (ref: string): Promise<Reply> =>
  decodeReply(await eventually(`a reply to ${ref}`, () => client.rpop(replyListKey(ref))));
const numbered = (name: string, count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`${name}-${at}`, at]));

describe.concurrent('requests left behind', () => {
  test('are finished once each by consumers that live, beside new ones, without a command of its own', async (t) => {
    const { expect } = t;
    const type = 'left';
    const own = await startRedis();
    t.onTestFinished(() => own.stop());
    const options = {
      type,
      module: 'export default async ({ data }) => { await new Promise((r) => setTimeout(r, data % 5)); return data; }',
    };
    const living = await Promise.all(['b', 'c'].map((id) => run(t, options, id, own)));
    await Promise.all(living.map(ready));
    const batches = ['first', 'second', 'third'].map((name) => numbered(name, 100));
    for (const [at, requests] of batches.entries()) {
      await leaveBehind(own.client, type, `gone-${at}`, requests);
      for (const ref of Object.keys(numbered(`new-${at}`, 50))) {
        await own.client.xadd(requestStreamKey(type), '*', 'ref', ref, 'type', type, 'data', '1');
      }
    }
    await eventually('all are answered', async () => (await own.client.xlen(responseStreamKey(type))) >= 450);
    await nothingPending(own.client, type);
    const refs = [
      ...batches.flatMap(Object.keys),
      ...batches.flatMap((_, at) => Object.keys(numbered(`new-${at}`, 50))),
    ];
    const replies = await Promise.all(refs.map((ref) => own.client.llen(replyListKey(ref))));
    expect(replies.filter((length) => length !== 1)).toEqual([]);
    expect(await own.client.xlen(responseStreamKey(type))).toBe(450);
    expect((await commandStats(own.client)).has('xautoclaim')).toBe(false);
  });

  test('count as delivered only when they run: one that ends its process is set aside, the others are not', async (t) => {
    const { expect } = t;
    const type = 'suspects';
    const module =
      'import { abort } from "node:process"; export default ({ data }) => data === "poison" ? abort() : data';
    const options = { type, module, settings: { maxDeliveries: 3, leaseSeconds: 1 } };
    const ids = await leaveBehind(client, type, 'gone', { poison: 'poison', ...numbered('innocent', 8) }, 2);
    const first = await run(t, options, 'b');
    expect(await first.ended).toBe('SIGABRT');
    const left = await pendingOf(client, type);
    expect(left.map(([id, consumer, , deliveries]) => [id, consumer, deliveries])).toEqual(
      ids.map((id, at) => [id, 'b', at === 0 ? 3 : 2]),
    );
    await run(t, options, 'c');
    const replies = await Promise.all(Object.keys(numbered('innocent', 8)).map(replyTo));
    expect(replies.map(({ code, data }) => [code, data])).toEqual(replies.map((_, at) => [200, at]));
    expect(await replyTo('poison')).toMatchObject({
      code: 500,
      err: { message: expect.stringContaining('delivered 3 times and never finished') as string },
    });
    expect(await client.xlen(deadLetterStreamKey(type))).toBe(1);
    await nothingPending(client, type);
  });

  test('are not its own: a consumer that takes from itself what it still works on runs it once', async (t) => {
    const { expect } = t;
    const type = 'own';
    const module =
      'export default async (_r, { log }) => { log.info("started"); await new Promise((r) => setTimeout(r, 4000)); return 1; }';
    const worker = await run(t, { type, module }, 'b');
    await ready(worker);
    const id = (await client.xadd(requestStreamKey(type), '*', 'ref', 'own', 'type', type, 'data', '1'))!;
    await says(worker, 'started');
    await client.xclaim(requestStreamKey(type), 'worker', 'b', 0, id, 'IDLE', 3_600_000, 'JUSTID');
    await eventually('it has taken the request from itself', async () => {
      const [row] = await pendingOf(client, type);
      return row !== undefined && row[2] < 3_600_000 && row[3] === 1;
    });
    expect((await replyTo('own')).data).toBe(1);
    await nothingPending(client, type);
    expect(worker.output().split('started')).toHaveLength(2);
    expect(await client.xlen(responseStreamKey(type))).toBe(1);
  });

  test('are forgotten when they were deleted from the stream, which a read that claims passes over', async (t) => {
    const type = 'deleted';
    const ids = await leaveBehind(client, type, 'gone', numbered('deleted', 3));
    await client.xdel(requestStreamKey(type), ...ids);
    await run(t, { type, module: 'export default () => 1', settings: { leaseSeconds: 1 } }, 'b');
    await nothingPending(client, type);
    t.expect(await client.xlen(responseStreamKey(type))).toBe(0);
  });
});
