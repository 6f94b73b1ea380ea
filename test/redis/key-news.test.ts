/** What a server tells of keys that were read, so that nobody asks again. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../operator/clock.ts';
import { RedisConnections } from '../../operator/redis/connections.ts';
import { KeyWatch } from '../../operator/redis/key-watch.ts';
import { countUnanswered } from '../../operator/redis/unanswered.ts';
import { operatorLogin, startGuardedRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { targetAt } from '../support/redis-target.ts';
import { eventually } from '../support/wait.ts';

let server: TestRedis;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  server = await startGuardedRedis();
});
afterAll(() => server.stop());
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function arrange(redis = server, login: object = operatorLogin) {
  const connections = new RedisConnections({ commandMs: 1000, random: () => 0 });
  cleanups.push(() => connections.close());
  const told: string[] = [];
  const changed = (owner: string) => void told.push(owner);
  const watch = new KeyWatch({ connections, clock: systemClock, changed, paceMs: 0, busyPaceMs: 0 });
  cleanups.push(() => watch.close());
  const target = { ...targetAt(redis), ...login };
  const link = connections.control(target);
  const look = async (owner: string, ...keys: string[]) => {
    const since = Date.now();
    watch.keep(owner, { target, keys, busyKeys: [], since });
    await link.pipeline(keys.map((key) => ['TYPE', key]));
    await eventually('the server tells', () => link.isTold);
    await link.pipeline(keys.map((key) => ['TYPE', key]));
    told.length = 0;
  };
  const isTold = (owner: string) => eventually(`${owner} is told`, () => told.includes(owner));
  return { told, watch, link, target, look, isTold };
}

test('of a hash that is edited, deleted, expires or goes with everything else, its owner is told', async () => {
  const { look, isTold, told } = arrange();
  const changes: (() => Promise<unknown>)[] = [
    () => server.client.hset('k', 'field', 'x'),
    () => server.client.del('k'),
    () => server.client.multi().hset('k', 'field', 'x').pexpire('k', 1).exec(),
    () => server.client.flushall(),
  ];
  for (const change of changes) {
    await look('ns/a', 'k', 'other');
    await look('ns/b', 'unchanged');
    await change();
    await isTold('ns/a');
  }
  expect(told).toContain('ns/b'); // by the last of them
});

test('nobody is told of what nobody has looked at, and an owner that is gone of nothing', async () => {
  const { look, isTold, told, watch } = arrange();
  await look('ns/a', 'a');
  await look('ns/b', 'b');
  watch.forget('ns/b');
  await server.client.multi().set('b', 1).set('foreign', 1).set('a', 1).exec();
  await isTold('ns/a');
  expect(told).toEqual(['ns/a']);
});

test('what changes between a look and its end is told', async () => {
  const { look, isTold, link, watch, target } = arrange();
  await look('ns/a', 'a');
  const since = Date.now();
  await link.command('TYPE', 'new');
  await server.client.multi().set('new', 1).set('a', 1).exec();
  await isTold('ns/a');
  watch.keep('ns/b', { target, keys: ['new'], busyKeys: [], since });
  await isTold('ns/b');
});

test('a lost connection counts as a change of everything, and afterwards all is told again', async () => {
  const { look, isTold, link } = arrange();
  for (const kill of ['normal', 'pubsub']) {
    await look('ns/a', 'a');
    await server.client.call('CLIENT', 'KILL', 'TYPE', kill, 'SKIPME', 'yes');
    await isTold('ns/a');
    await link.command('TYPE', 'a');
  }
  await look('ns/a', 'a');
  await server.client.set('a', 2);
  await isTold('ns/a');
});

test('a login that may not be told of changes still does its work', async () => {
  const { link, watch, target } = arrange(server, { username: 'untold', password: 'x' });
  await server.client.call('ACL', 'SETUSER', 'untold', 'on', '>x', '~*', '+@all', '-client|tracking');
  watch.keep('ns/a', { target, keys: ['a'], busyKeys: [], since: 0 });
  expect(await link.command('TYPE', 'nothing')).toBe('none');
  expect(link.isTold).toBe(false);
  await server.client.call('ACL', 'LOG', 'RESET');
});

test('watching costs two connections, and none when nobody watches any more', async () => {
  const own = await startRedis();
  cleanups.push(() => own.stop());
  const { look, watch } = arrange(own, {});
  const count = async () => String(await own.client.client('LIST')).split('name=redisworker-operator').length - 1;
  await look('ns/a', 'a');
  expect(await count()).toBe(2);
  watch.forget('ns/a');
  await eventually('the second is closed', async () => await count() === 1);
});

test('requests that a program has answered and not acknowledged are finished, and others are not', async () => {
  const { link } = arrange();
  const { client } = server;
  const place = { request: 's:req:x', group: 'worker', responses: 's:res:x' };
  await client.xgroup('CREATE', place.request, place.group, '0', 'MKSTREAM');
  const ids: string[] = [];
  for (let at = 0; at < 150; at++) ids.push(String(await client.xadd(place.request, '*', 'ref', `${at}`)));
  const pending = async () => (await client.xpending(place.request, place.group))[0] as number;
  const answer = (id: string) => client.xadd(place.responses, '*', 'ref', 'r', 'xid', id, 'code', '200');
  await client.xreadgroup('GROUP', place.group, '1', 'COUNT', 150, 'STREAMS', place.request, '>');
  expect(await countUnanswered(link, place, await pending())).toBe(150);
  for (const id of ids.slice(0, 147)) await answer(id);
  expect(await countUnanswered(link, place, await pending())).toBe(3);
  await answer('no id');
  for (const id of ids.slice(148)) await answer(id);
  await answer(ids[148] ?? '');
  expect(await countUnanswered(link, place, await pending())).toBe(1);
  await client.del(place.responses);
  await client.xadd(place.responses, '*', 'ref', 'r', 'workerUrl', 'https://x/worker.ts', 'code', '200');
  expect(await countUnanswered(link, place, await pending())).toBeUndefined();
  await client.del(place.request);
  expect(await countUnanswered(link, place, 0)).toBe(0);
});
