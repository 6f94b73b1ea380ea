/** The Handler runtime asks each server for what it can do, and for nothing else. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replyListKey } from '../../contract/keys.ts';
import { leaveBehind, nothingPending } from '../support/orphans.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { commandStats, knowsClaim } from '../support/server-features.ts';
import { startWorker, writeHash } from '../support/worker.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

test('takes over requests left behind with the commands this server knows, and tries once what it may not know', async ({ onTestFinished }) => {
  const { client } = redis;
  const type = 'any-server';
  await writeHash(client, type);
  await leaveBehind(client, type, 'gone', { left: 1, behind: 2 });
  const claims = await knowsClaim(client);
  await client.config('RESETSTAT');
  const worker = await startWorker({ type, module: 'export default ({ data }) => data', on: redis });
  onTestFinished(() => worker.stop());
  await nothingPending(client, type);
  expect(await Promise.all(['left', 'behind'].map((ref) => client.llen(replyListKey(ref))))).toEqual([1, 1]);
  const stats = await commandStats(client);
  expect(stats.has('xautoclaim')).toBe(!claims);
  expect(stats.get('xreadgroup')?.failed).toBe(claims ? 0 : 1);
});
