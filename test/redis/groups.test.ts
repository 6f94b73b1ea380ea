import { afterAll, beforeAll, expect, test } from 'vitest';
import { rememberPositionLua } from '../../contract/group.ts';
import { groupRecordKey, requestStreamKey, responseStreamKey } from '../../contract/keys.ts';
import { RedisConnections } from '../../operator/redis/connections.ts';
import { type Group, leaveGroup, makeGroup } from '../../operator/redis/groups.ts';
import type { RedisLink } from '../../operator/redis/link.ts';
import { script } from '../../operator/redis/script.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { targetAt } from '../support/redis-target.ts';

let server: TestRedis;
let link: RedisLink;
const connections = new RedisConnections();
const mine = 'ns/demo/uid-1';
let count = 0;

beforeAll(async () => {
  server = await startRedis();
  link = connections.control(targetAt(server));
});
afterAll(async () => {
  connections.close();
  await server.stop();
});

function fresh(): Group {
  const type = `demo${count++}`;
  return { stream: requestStreamKey(type), responses: responseStreamKey(type), group: 'worker', resource: mine };
}

const make = (group: Group, startId = '0') => makeGroup(link, group, { startId, consumer: '1' });
const recordOf = ({ stream, group }: Group) => server.client.hgetall(groupRecordKey(stream, group));

async function add({ stream }: Group, entries: number): Promise<string[]> {
  const pipeline = server.client.pipeline();
  for (let at = 0; at < entries; at++) pipeline.xadd(stream, '*', 'ref', `r${at}`, 'type', 'demo');
  return ((await pipeline.exec()) ?? []).map(([, id]) => id as string);
}

/** Requests that were not yet delivered, as consumer `1` gets them. */
async function read({ stream, group }: Group): Promise<string[]> {
  const reply = await server.client.xreadgroup('GROUP', group, '1', 'COUNT', 100_000, 'STREAMS', stream, '>');
  return (reply as [string, [string, string[]][]][] | null)?.[0]?.[1].map(([id]) => id) ?? [];
}

/** What was given to somebody and is left behind, as any consumer takes it over. */
async function orphans({ stream, group }: Group): Promise<string[]> {
  const [, ids] = (await server.client.xautoclaim(stream, group, '2', 60_000, '0', 'COUNT', 1000, 'JUSTID')) as [
    string,
    string[],
  ];
  return ids;
}

async function acknowledge({ stream, group }: Group, ids: readonly string[]): Promise<void> {
  await server.client.xack(stream, group, ...ids);
}

async function answer(group: Group, ids: readonly string[], refs: readonly number[]): Promise<void> {
  for (const at of refs) {
    await server.client.xadd(group.responses, '*', 'ref', `r${at}`, 'xid', ids[at]!, 'code', '200');
  }
}

async function removeConsumers({ stream, group }: Group): Promise<void> {
  for (const id of ['1', '2']) await server.client.xgroup('DELCONSUMER', stream, group, id);
}

test('makes stream and group once, and again after everything was flushed', async () => {
  const group = fresh();
  expect(await make(group)).toBe('created');
  expect(await make(group)).toBe('exists');
  expect(await recordOf(group)).toEqual({ resource: mine, position: '0-0' });
  await server.client.flushall();
  expect(await make(group)).toBe('created');
});

test('a key of another type is told by name and left alone', async () => {
  const group = fresh();
  await server.client.set(group.stream, 'text');
  expect(await make(group)).toEqual({ wrongType: group.stream });
  expect(await server.client.get(group.stream)).toBe('text');
  const other = fresh();
  const record = groupRecordKey(other.stream, other.group);
  await server.client.set(record, 'text');
  expect(await make(other)).toEqual({ wrongType: record });
  expect(await leaveGroup(link, other, 'destroy')).toBe('foreign');
});

test('what was acknowledged never runs again after the group was taken down and made anew, whatever the start id', async () => {
  for (const startId of ['0', '$']) {
    const group = fresh();
    await make(group, '0');
    const first = await add(group, 5);
    await acknowledge(group, await read(group));
    await removeConsumers(group);
    expect(await leaveGroup(link, group, 'destroy')).toBe('destroyed');
    const later = await add(group, 2);
    expect(await recordOf(group)).toEqual({ position: first[4] });
    expect(await make({ ...group, resource: 'ns/demo/uid-2' }, startId)).toBe('created');
    expect(await read(group)).toEqual(later);
  }
});

test('a group that was lost begins behind what is answered, and keeps what is not', async () => {
  const group = fresh();
  await make(group);
  const ids = await add(group, 250);
  await read(group);
  const unanswered = [0, 7, 130];
  await answer(group, ids, Array.from({ length: 240 }, (_, at) => at).filter((at) => !unanswered.includes(at)));
  await server.client.xgroup('DESTROY', group.stream, group.group);
  expect(await make(group)).toBe('created');
  expect(await read(group)).toEqual(ids.slice(240));
  expect(await orphans(group)).toEqual(unanswered.map((at) => ids[at]));
});

test('a response counts for the request whose reference it bears, and for its further attempts', async () => {
  const group = fresh();
  const ids = await add(group, 3);
  await server.client.xadd(group.stream, '*', 'ref', 'r1', 'type', 'demo', 'rw:xid', ids[1]!);
  const last = (await server.client.xadd(group.stream, '*', 'ref', 'r9', 'type', 'demo'))!;
  await answer(group, ids, [1]);
  await server.client.xadd(group.responses, '*', 'ref', 'another', 'xid', ids[0]!, 'code', '200');
  await server.client.xadd(group.responses, '*', 'ref', 'none', 'xid', last, 'code', '200');
  await server.client.xadd(group.responses, '*', 'ref', 'odd', 'xid', 'x', 'code', '200');
  await make(group);
  expect(await read(group)).toEqual([last]);
  expect(await orphans(group)).toEqual([ids[0], ids[2]]);
});

test('responses of another stream leave requests that nobody has read where they are', async () => {
  const group = fresh();
  const ids = await add(group, 3);
  await answer(group, ids, [0]);
  await server.client.xadd(group.responses, '*', 'ref', 'r2', 'xid', '9999999999999-0', 'code', '200');
  await make(group);
  expect(await read(group)).toEqual(ids.slice(1));
});

test('a position is remembered before the oldest request that is pending, else behind the last that was delivered', async () => {
  const group = fresh();
  const keys = [group.stream, groupRecordKey(group.stream, group.group)] as const;
  const remember = () => link.script(script(rememberPositionLua), keys, [group.group]);
  await remember();
  expect(await recordOf(group)).toEqual({});
  await make(group);
  const ids = await add(group, 3);
  await read(group);
  await remember();
  expect(await recordOf(group)).toMatchObject({ position: '0-0' });
  await acknowledge(group, [ids[0]!, ids[2]!]);
  await remember();
  expect(await recordOf(group)).toMatchObject({ position: ids[0] });
  await acknowledge(group, [ids[1]!]);
  await remember();
  expect(await recordOf(group)).toMatchObject({ position: ids[2] });
});

test('a stream that began anew is read from its beginning', async () => {
  const group = fresh();
  await make(group);
  await add(group, 3);
  await acknowledge(group, await read(group));
  await removeConsumers(group);
  await leaveGroup(link, group, 'destroy');
  await server.client.del(group.stream);
  await server.client.xadd(group.stream, '1-1', 'ref', 'r');
  await make(group);
  expect(await read(group)).toEqual(['1-1']);
});

test('ids are compared as the two 64-bit numbers they are', async () => {
  const group = fresh();
  await server.client.hset(groupRecordKey(group.stream, group.group), { position: '5-9007199254740993' });
  for (const id of ['5-9007199254740993', '5-9007199254740994', '10-0']) {
    await server.client.xadd(group.stream, id, 'ref', id);
  }
  await make(group);
  expect(await read(group)).toEqual(['5-9007199254740994', '10-0']);
});

test('only the manifest that has a group takes it down', async () => {
  const group = fresh();
  const theirs = { ...group, resource: 'ns/other/uid-9' };
  await make(group);
  expect(await make(theirs)).toBe('exists');
  expect(await leaveGroup(link, theirs, 'destroy')).toBe('foreign');
  expect(await recordOf(group)).toMatchObject({ resource: mine });
  expect(await leaveGroup(link, group, 'destroy')).toBe('destroyed');
  expect(await leaveGroup(link, group, 'destroy')).toBe('foreign');
});

test('a group with anything pending or anybody in it stays, and the next worker has it', async () => {
  const group = fresh();
  const next = { ...group, resource: 'elsewhere/demo/uid-3' };
  await make(group);
  await add(group, 1);
  const ids = await read(group);
  expect(await leaveGroup(link, group, 'destroy')).toBe('kept');
  await make(next);
  expect(await recordOf(group)).toMatchObject({ resource: next.resource });
  await acknowledge(group, ids);
  expect(await leaveGroup(link, next, 'destroy')).toBe('kept');
  await make(group);
  await removeConsumers(group);
  expect(await leaveGroup(link, group, 'keep')).toBe('kept');
  expect(await server.client.xinfo('GROUPS', group.stream)).toHaveLength(1);
});

test('a group without an owner is taken over, and so is one whose owner had our name before', async () => {
  const group = fresh();
  await server.client.xgroup('CREATE', group.stream, group.group, '0', 'MKSTREAM');
  expect(await leaveGroup(link, group, 'destroy')).toBe('foreign');
  expect(await make(group)).toBe('exists');
  expect(await make({ ...group, resource: 'ns/demo/uid-2' })).toBe('exists');
  expect(await recordOf(group)).toEqual({ resource: 'ns/demo/uid-2' });
});

test('nothing is remembered of a stream that is gone', async () => {
  const group = fresh();
  await make(group);
  await server.client.del(group.stream);
  expect(await leaveGroup(link, group, 'destroy')).toBe('absent');
  expect(await recordOf(group)).toEqual({});
});
