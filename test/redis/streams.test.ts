import { afterAll, beforeAll, expect, test } from 'vitest';
import { countField } from '../../contract/counts.ts';
import { groupRecordKey, requestStreamKey } from '../../contract/keys.ts';
import { observeBeside } from '../../operator/redis/beside-stream.ts';
import { RedisConnections } from '../../operator/redis/connections.ts';
import type { RedisLink } from '../../operator/redis/link.ts';
import { lagBound, observeStream } from '../../operator/redis/observe-stream.ts';
import { consumersOf, deleteConsumer, handOver } from '../../operator/redis/streams.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { targetAt } from '../support/redis-target.ts';

let server: TestRedis;
let link: RedisLink;
const connections = new RedisConnections();
const group = 'worker';
let count = 0;
const freshStream = (): string => requestStreamKey(`demo${count++}`);

beforeAll(async () => {
  server = await startRedis();
  link = connections.control(targetAt(server));
});
afterAll(async () => {
  connections.close();
  await server.stop();
});

async function add(stream: string, entries: number): Promise<string[]> {
  const pipeline = server.client.pipeline();
  for (let at = 0; at < entries; at++) pipeline.xadd(stream, '*', 'ref', String(at));
  return ((await pipeline.exec()) ?? []).map(([, id]) => id as string);
}

async function read(stream: string, consumer: string, entries: number): Promise<number> {
  const reply = await server.client.xreadgroup('GROUP', group, consumer, 'COUNT', entries, 'STREAMS', stream, '>');
  return (reply as [string, unknown[]][] | null)?.[0]?.[1].length ?? 0;
}

const createGroup = (stream: string, startId = '0') =>
  server.client.xgroup('CREATE', stream, group, startId, 'MKSTREAM');

const lagOf = async (stream: string): Promise<number | undefined> => (await observeStream(link, stream, group)).lag;

test('tells a key that is no stream', async () => {
  const stream = freshStream();
  await server.client.set(stream, 'text');
  expect(await observeStream(link, stream, group)).toMatchObject({ wrongType: true, exists: false });
});

test('sees what stands beside a stream, and keys of another type by their use', async () => {
  const request = freshStream();
  const of = (name: string) => `${request}:${name}`;
  const keys = { request, group, responses: of('res'), deadLetters: of('dead'), retries: of('retry') };
  expect(await observeBeside(link, keys)).toEqual({
    owner: undefined,
    counts: [],
    scheduled: 0,
    deadLetters: 0,
    misfits: [],
  });
  await server.client.hset(groupRecordKey(request, group), 'resource', 'ns/demo/uid-1', countField('2', 201), 7);
  await server.client.zadd(keys.retries, 1, 'a', 2, 'b');
  await server.client.xadd(keys.responses, '*', 'ref', 'r');
  await server.client.set(keys.deadLetters, 'text');
  expect(await observeBeside(link, keys)).toEqual({
    owner: 'ns/demo/uid-1',
    counts: [{ consumer: '2', code: 201, count: 7 }],
    scheduled: 2,
    nextRetryMs: 1,
    deadLetters: undefined,
    misfits: [{ use: 'deadLetters', key: keys.deadLetters }],
  });
  const wrong = { ...keys, responses: keys.retries, retries: keys.responses, request: of('other') };
  await server.client.set(groupRecordKey(wrong.request, group), 'text');
  expect((await observeBeside(link, wrong)).misfits.map(({ use }) => use)).toEqual([
    'responses',
    'deadLetters',
    'retries',
    'record',
  ]);
});

test('sees a stream without the group', async () => {
  const stream = freshStream();
  await add(stream, 3);
  expect(await observeStream(link, stream, group)).toMatchObject({
    exists: true,
    group: false,
    length: 3,
    lag: undefined,
    consumers: [],
  });
});

test('tells what waits, what is pending for whom, and since when', async () => {
  const stream = freshStream();
  await createGroup(stream);
  const added = Date.now() - 90_000;
  await server.client.xadd(stream, `${added}-0`, 'ref', 'old');
  await add(stream, 9);
  await read(stream, 'a', 4);
  await read(stream, 'b', 1);
  const view = await observeStream(link, stream, group);
  expect(view).toMatchObject({ exists: true, group: true, length: 10, lag: 5, pending: 5 });
  expect(view.consumers.map(({ name, pending }) => [name, pending])).toEqual([['a', 4], ['b', 1]]);
  expect(view.oldestPendingTime).toBe(new Date(added).toISOString());
});

test('tells no time of a pending entry whose id no clock made, and never one to come', async () => {
  const [counted, future] = [freshStream(), freshStream()];
  await Promise.all([createGroup(counted), createGroup(future)]);
  await server.client.xadd(counted, '7-1', 'ref', 'a');
  await server.client.xadd(future, '18446744073709551615-1', 'ref', 'b');
  await Promise.all([read(counted, 'a', 1), read(future, 'a', 1)]);
  expect((await observeStream(link, counted, group)).oldestPendingTime).toBeUndefined();
  const { oldestPendingTime = '' } = await observeStream(link, future, group);
  expect(Date.parse(oldestPendingTime)).toBeLessThanOrEqual(Date.now());
});

test('counts the lag where the server does not know it, after an entry was deleted', async () => {
  const stream = freshStream();
  await createGroup(stream);
  const ids = await add(stream, 250);
  await read(stream, 'a', 10);
  await server.client.xdel(stream, ids[20]!, ids[21]!);
  const [told] = (await server.client.xinfo('GROUPS', stream)) as unknown[][];
  expect(told?.[told.indexOf('lag') + 1]).toBeNull();
  expect(await lagOf(stream)).toBe(238);
});

test('a lag counted entry by entry stops at its bound', async () => {
  const stream = freshStream();
  await createGroup(stream);
  const ids = await add(stream, lagBound + 50);
  await read(stream, 'a', 1);
  await server.client.xdel(stream, ids[2]!);
  expect(await lagOf(stream)).toBe(lagBound);
});

test('entries trimmed before they were delivered are no lag', async () => {
  const stream = freshStream();
  await createGroup(stream);
  await add(stream, 100);
  await read(stream, 'a', 10);
  await server.client.xtrim(stream, 'MAXLEN', 7);
  expect(await lagOf(stream)).toBe(7);
  await server.client.xtrim(stream, 'MAXLEN', 0);
  expect(await lagOf(stream)).toBe(0);
});

test('a group that starts at the end has no lag until something is added', async () => {
  const stream = freshStream();
  await add(stream, 5);
  await createGroup(stream, '$');
  expect(await lagOf(stream)).toBe(0);
  await add(stream, 2);
  expect(await lagOf(stream)).toBe(2);
});

test('a group set back by hand shows what it will read again', async () => {
  const stream = freshStream();
  await createGroup(stream);
  const ids = await add(stream, 6);
  await read(stream, 'a', 6);
  await server.client.xgroup('SETID', stream, group, ids[1]!);
  expect(await lagOf(stream)).toBe(4);
});

test('hands pending requests over page by page, none lost, the delivery count unchanged, free for the next who asks', async () => {
  const stream = freshStream();
  await createGroup(stream);
  const ids = await add(stream, 5300);
  await read(stream, 'gone', 5200);
  await read(stream, 'other', 100);
  expect(await handOver(link, stream, group, 'gone', 'live')).toEqual({ moved: 5000, remaining: 200 });
  expect(await handOver(link, stream, group, 'gone', 'live')).toEqual({ moved: 200, remaining: 0 });
  expect((await consumersOf(link, stream, group)).map(({ name, pending }) => [name, pending])).toEqual([['gone', 0], [
    'live',
    5200,
  ], ['other', 100]]);
  const [, claimed] =
    (await server.client.xautoclaim(stream, group, 'live', 3_600_000, '0', 'COUNT', 10_000, 'JUSTID')) as [
      string,
      string[],
    ];
  expect(claimed).toEqual(ids.slice(0, 5200));
  const [first] = (await server.client.xpending(stream, group, '-', '+', 1)) as [string, string, number, number][];
  expect(first?.[3]).toBe(1);
});

test('an entry somebody else has claimed stays with them', async () => {
  const stream = freshStream();
  await createGroup(stream);
  const ids = await add(stream, 3);
  await read(stream, 'gone', 3);
  await server.client.xclaim(stream, group, 'thief', 0, ids[1]!);
  expect(await handOver(link, stream, group, 'gone', 'live')).toEqual({ moved: 2, remaining: 0 });
  const owners = Object.fromEntries(
    (await consumersOf(link, stream, group)).map(({ name, pending }) => [name, pending]),
  );
  expect(owners).toEqual({ gone: 0, live: 2, thief: 1 });
});

test('pending entries that were deleted from the stream are cleared away', async () => {
  const stream = freshStream();
  await createGroup(stream);
  const ids = await add(stream, 3);
  await read(stream, 'gone', 3);
  await server.client.xdel(stream, ids[0]!);
  expect(await handOver(link, stream, group, 'gone', 'live')).toEqual({ moved: 2, remaining: 0 });
});

test('a consumer is never deleted while anything is pending for it', async () => {
  const stream = freshStream();
  await createGroup(stream);
  const ids = await add(stream, 2);
  await read(stream, 'a', 2);
  expect(await deleteConsumer(link, stream, group, 'a')).toEqual({ pending: 2 });
  await server.client.xack(stream, group, ...ids);
  expect(await deleteConsumer(link, stream, group, 'a')).toBe('deleted');
  expect(await deleteConsumer(link, stream, group, 'a')).toBe('absent');
});

test('what is absent is told, not thrown', async () => {
  const stream = freshStream();
  expect(await consumersOf(link, stream, group)).toEqual([]);
  expect(await deleteConsumer(link, stream, group, 'a')).toBe('absent');
  expect(await handOver(link, stream, group, 'a', 'b')).toEqual({ moved: 0, remaining: 0 });
  await expect(handOver(link, stream, group, 'a', 'a')).rejects.toThrow('itself');
});
