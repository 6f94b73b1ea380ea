/** The Handler runtime on a server that spares what any group still needs when it trims. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replyListKey, requestStreamKey, responseStreamKey } from '../../contract/keys.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';
import { startWorker, writeHash } from '../support/worker.ts';

let redis: TestRedis;
let client: Redis;
beforeAll(async () => {
  redis = await startRedis();
  client = redis.client;
});
afterAll(() => redis.stop());

const type = 'read-by-two';
const stream = requestStreamKey(type);
const send = (ref: string): Promise<string | null> => client.xadd(stream, '*', 'ref', ref, 'type', type, 'data', '1');
const read = async (count: number): Promise<string[]> => {
  const reply = await client.xreadgroup('GROUP', 'audit', 'auditor', 'COUNT', count, 'STREAMS', stream, '>') as [
    [string, [string, string[]][]],
  ] | null;
  return reply?.[0][1].map(([id]) => id) ?? [];
};
const idsInStream = async (): Promise<string[]> => (await client.xrange(stream, '-', '+')).map(([id]) => id);

test('beside another group requests go once both have acknowledged them, and nothing the other still needs is lost', async ({ onTestFinished }) => {
  await writeHash(client, type);
  await client.xgroup('CREATE', stream, 'audit', '0', 'MKSTREAM');
  for (let at = 0; at < 350; at++) await send(`both-${at}`);
  const taken = await read(300);
  const [kept, ...done] = [taken[7]!, ...taken.filter((_, at) => at !== 7)];
  await client.xack(stream, 'audit', ...done);
  const worker = await startWorker({ type, module: 'export default () => 1', on: redis });
  onTestFinished(() => worker.stop());
  await eventually('all are answered', async () => (await client.xlen(responseStreamKey(type))) === 350);
  await eventually('what both are done with is gone', async () => (await client.xlen(stream)) <= 52);
  const left = await idsInStream();
  expect(left[0]).toBe(kept);
  const unread = await read(1000);
  expect(unread).toHaveLength(50);
  expect(left).toEqual(expect.arrayContaining(unread));
  await client.xack(stream, 'audit', kept, ...unread);
  await send('last');
  expect(await eventually('a reply', () => client.rpop(replyListKey('last')))).toContain('"code":200');
  await eventually('nothing else is left', async () => (await client.xlen(stream)) <= 2);
});
