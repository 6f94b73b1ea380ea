import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { answersOf, judge, readLedger } from '../../bench/ledger.ts';
import { acknowledgedBy, sample } from '../../bench/progress.ts';
import { RawClient } from '../../bench/raw-client.ts';
import { preload, requestStream, responseStream, streamsOf, type } from '../../bench/requests.ts';
import { defaultGroup, groupRecordKey } from '../../contract/keys.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let server: TestRedis;
let client: RawClient;
const progress = acknowledgedBy(requestStream, defaultGroup);

beforeAll(async () => {
  server = await startRedis();
  client = await RawClient.open(server.port);
});
afterAll(async () => {
  client.close();
  await server.stop();
});
beforeEach(async () => {
  await server.client.flushall();
  await preload(client, 10);
});

/** Reads some requests, and acknowledges all but the last of them. */
async function work(count: number): Promise<void> {
  const read = await client.command(
    'XREADGROUP',
    'GROUP',
    defaultGroup,
    '1',
    'COUNT',
    count,
    'STREAMS',
    requestStream,
    '>',
  );
  const ids = (read as [[string, [string, unknown][]]])[0][1].map(([id]) => id);
  await client.command('XACK', requestStream, defaultGroup, ...ids.slice(0, -1));
}

test('What a group has acknowledged is told with the moment by the clock of the server', async () => {
  const before = await sample(client, progress);
  await work(4);
  const after = await sample(client, progress);
  expect([before.done, after.done]).toEqual([0, 3]);
  expect(after.us).toBeGreaterThan(before.us);
});

test('Requests that are trimmed stay acknowledged', async () => {
  await work(8);
  await client.command('XTRIM', requestStream, 'MAXLEN', 3);
  expect((await sample(client, progress)).done).toBe(7);
  expect(await readLedger(client)).toMatchObject({ delivered: false, pending: 1 });
});

test('The counters of a group and the responses of what failed are held against what was asked', async () => {
  await work(10);
  await client.command('XAUTOCLAIM', requestStream, defaultGroup, '1', 0, '0');
  const [[last]] = await client.command('XPENDING', requestStream, defaultGroup, '-', '+', 1) as [[string]];
  await client.command('XACK', requestStream, defaultGroup, last);
  const record = groupRecordKey(requestStream, defaultGroup);
  await client.command('HSET', record, 'position', '1-0', 'done:200:1', 5, 'done:200:2', 3);
  for (const ref of ['a', 'b']) await client.command('XADD', responseStream, '*', 'ref', ref, 'code', 400);
  expect(await answersOf(client, streamsOf(type))).toBe(10);
  const ledger = await readLedger(client);
  expect(ledger).toEqual({
    delivered: true,
    pending: 0,
    counted: { 200: 8 },
    responses: { 400: 2 },
    repeated: 0,
  });
  expect(judge(ledger, { 200: 8, 400: 2 })).toEqual({ lost: 0, twice: 0 });
  await client.command('XADD', responseStream, '*', 'ref', 'a', 'code', 400);
  expect(judge(await readLedger(client), { 200: 8, 400: 2 })).toEqual({ lost: 0, twice: 1 });
});
