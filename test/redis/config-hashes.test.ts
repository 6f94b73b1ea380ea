import { afterAll, beforeAll, expect, test } from 'vitest';
import { configHashKey } from '../../contract/keys.ts';
import {
  clearStalePid,
  deleteConfigHash,
  readConfigHashes,
  releaseConfigHash,
  writeConfigHash,
} from '../../operator/redis/config-hashes.ts';
import { RedisConnections } from '../../operator/redis/connections.ts';
import type { RedisLink } from '../../operator/redis/link.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { targetAt } from '../support/redis-target.ts';

let server: TestRedis;
let link: RedisLink;
const connections = new RedisConnections();
const resource = 'ns/demo/uid-1';
const fields = { type: 'demo', consumerId: '1', requestLimit: '5', resource };
let count = 0;
const freshKey = (): string => configHashKey('demo', String(count++));

beforeAll(async () => {
  server = await startRedis();
  link = connections.control(targetAt(server));
});
afterAll(async () => {
  connections.close();
  await server.stop();
});

test('writes the fields of a new hash, and nothing when they are there already', async () => {
  const key = freshKey();
  expect(await writeConfigHash(link, key, fields)).toBe('written');
  expect(await writeConfigHash(link, key, fields)).toBe('unchanged');
  expect(await server.client.hgetall(key)).toEqual(fields);
});

test('removes its own stale fields and leaves all fields of the worker', async () => {
  const key = freshKey();
  await writeConfigHash(link, key, fields);
  await server.client.hset(key, { pid: '77', owner: 'pod-1', 'err:ref': '3', note: 'mine' });
  expect(await writeConfigHash(link, key, { type: 'demo', consumerId: '2', resource })).toBe('written');
  expect(await server.client.hgetall(key)).toEqual({
    type: 'demo',
    consumerId: '2',
    resource,
    pid: '77',
    owner: 'pod-1',
    'err:ref': '3',
    note: 'mine',
  });
});

test('a reader sees the old fields or the new ones, never a mixture', async () => {
  const key = freshKey();
  const variants = ['a', 'b'].map((letter) => ({ type: letter, url: letter, version: letter, resource }));
  await writeConfigHash(link, key, variants[0]!);
  const reads: Promise<Record<string, string>>[] = [];
  const writes: Promise<unknown>[] = [];
  for (let round = 0; round < 100; round++) {
    writes.push(writeConfigHash(link, key, variants[round % 2]!));
    reads.push(server.client.hgetall(key));
  }
  for (const read of await Promise.all(reads)) {
    expect([read['type'], read['url']]).toEqual([read['version'], read['version']]);
  }
  expect(new Set(await Promise.all(writes))).toContain('written');
});

test('neither writes, releases nor deletes a hash of another manifest', async () => {
  const key = freshKey();
  const theirs = { type: 'demo', resource: 'other/demo/uid-9' };
  await server.client.hset(key, theirs);
  expect(await writeConfigHash(link, key, fields)).toEqual({ conflict: 'other/demo/uid-9' });
  expect(await releaseConfigHash(link, key, resource)).toEqual({ conflict: 'other/demo/uid-9' });
  expect(await deleteConfigHash(link, key, resource)).toEqual({ conflict: 'other/demo/uid-9' });
  expect(await server.client.hgetall(key)).toEqual(theirs);
});

test('leaves a key that is no hash untouched', async () => {
  const key = freshKey();
  await server.client.set(key, 'text');
  expect(await writeConfigHash(link, key, fields)).toBe('wrongType');
  expect(await deleteConfigHash(link, key, resource)).toBe('wrongType');
  expect(await clearStalePid(link, key, { pid: '1' })).toBe(false);
  expect(await server.client.get(key)).toBe('text');
});

test('adopts a hash without resource, with the pid of the process that uses it', async () => {
  const key = freshKey();
  await server.client.hset(key, { type: 'demo', url: 'https://old', pid: '12' });
  expect(await deleteConfigHash(link, key, resource)).toEqual({ conflict: '' });
  expect(await writeConfigHash(link, key, fields)).toBe('written');
  expect(await server.client.hgetall(key)).toEqual({ ...fields, pid: '12' });
});

test('a released hash stays, and another manifest may adopt it', async () => {
  const key = freshKey();
  await writeConfigHash(link, key, fields);
  expect(await releaseConfigHash(link, key, resource)).toBe('released');
  expect(await writeConfigHash(link, key, { ...fields, resource: 'ns/demo/uid-2' })).toBe('written');
  expect(await releaseConfigHash(link, freshKey(), resource)).toBe('absent');
});

test('deletes its own hash once', async () => {
  const key = freshKey();
  await writeConfigHash(link, key, fields);
  expect(await deleteConfigHash(link, key, resource)).toBe('deleted');
  expect(await deleteConfigHash(link, key, resource)).toBe('absent');
  expect(await server.client.exists(key)).toBe(0);
});

test('refuses fields that name no resource or are empty text', async () => {
  const key = freshKey();
  await expect(writeConfigHash(link, key, { type: 'demo' })).rejects.toThrow('must name its resource');
  await writeConfigHash(link, key, { ...fields, url: '' });
  expect(await server.client.hexists(key, 'url')).toBe(0);
});

test('clears a pid only while it is the one that was seen', async () => {
  const key = freshKey();
  await server.client.hset(key, { type: 'demo', pid: '7', owner: 'pod-1' });
  expect(await clearStalePid(link, key, { pid: '8', owner: 'pod-1' })).toBe(false);
  expect(await clearStalePid(link, key, { pid: '7' })).toBe(false);
  expect(await clearStalePid(link, key, { pid: '7', owner: 'pod-2' })).toBe(false);
  expect(await clearStalePid(link, key, { pid: '7', owner: 'pod-1' })).toBe(true);
  expect(await server.client.hgetall(key)).toEqual({ type: 'demo' });
});

test('reads hundreds of hashes, telling absent ones and other types apart', async () => {
  const keys = Array.from({ length: 450 }, freshKey);
  await server.client.hset(keys[0]!, 'type', 'demo');
  await server.client.lpush(keys[401]!, 'x');
  const found = await readConfigHashes(link, keys);
  expect(found.size).toBe(450);
  expect(found.get(keys[0]!)).toEqual({ type: 'demo' });
  expect(found.get(keys[1]!)).toBe('absent');
  expect(found.get(keys[401]!)).toBe('wrongType');
});
