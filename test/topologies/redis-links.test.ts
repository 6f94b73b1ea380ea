/** The operator's connections to a set behind Sentinels and to a Cluster, while servers come and go. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster, Redis } from 'ioredis';
import type { RedisTls } from '../../contract/redis-tls.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { configHashKey, keyPrefix, requestStreamKey, responseStreamKey } from '../../contract/keys.ts';
import { parseRedisUrl, type RedisTarget } from '../../operator/redis/target.ts';
import { readConfigHashes, writeConfigHash } from '../../operator/redis/config-hashes.ts';
import { RedisConnections } from '../../operator/redis/connections.ts';
import { makeGroup } from '../../operator/redis/groups.ts';
import { observeStream } from '../../operator/redis/observe-stream.ts';
import { ResponseReader } from '../../operator/redis/response-reader.ts';
import { emptyTally, type ResponseTally } from '../../operator/redis/response-tally.ts';
import { startCluster, type TestCluster } from '../support/topologies/cluster.ts';
import { type Member, type SentinelSet, startSentinelSet } from '../support/topologies/sentinel.ts';
import type { RedisLink } from '../../operator/redis/link.ts';
import { freePort } from '../support/processes.ts';
import { startNonsense } from '../support/nonsense.ts';
import { knowsTls, noTls } from '../support/redis.ts';
import { serverName, signedBy } from '../support/tls/certificates.ts';
import { eventually } from '../support/wait.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function connect(): RedisConnections {
  const connections = new RedisConnections({ commandMs: 1000 });
  cleanups.push(() => connections.close());
  return connections;
}

function targetOf(url: string, more: Partial<RedisTarget> = {}): RedisTarget {
  const parsed = parseRedisUrl(url);
  if (!parsed.ok) throw new Error(parsed.problem);
  return { ...parsed.target, ...more };
}

const resource = 'default/w/1';

/** Writes responses one after another, each to the server there is then. */
function startWriting(clientNow: () => Promise<Redis | Cluster>, stream: string): { stop(): Promise<number> } {
  let [written, over] = [0, false];
  const loop = (async () => {
    while (!over) {
      const write = async () => (await clientNow()).xadd(stream, '*', 'ref', 'r', 'code', '200');
      await write().then(() => (written += 1), () => undefined);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  return {
    async stop() {
      over = true;
      await loop;
      return written;
    },
  };
}

/** Writes the config hash as often as it takes, as a reconcile does. */
function configure(link: RedisLink, key: string, type: string): Promise<unknown> {
  const write = () => writeConfigHash(link, key, { type, resource });
  return eventually('the config hash is written', () => write().catch(() => undefined));
}

function follow(connections: RedisConnections, target: RedisTarget, stream: string): () => ResponseTally {
  const reader = new ResponseReader({ connections, checkMs: 500 });
  cleanups.push(() => reader.close());
  reader.follow('w', target, stream, emptyTally);
  return () => reader.tally('w')!;
}

describe('behind Sentinels', () => {
  const login = { password: 'of the servers', sentinel: { password: 'of the Sentinels' } };
  let set: SentinelSet;
  beforeEach(async () => {
    set = await startSentinelSet({ password: login.password, sentinelPassword: login.sentinel.password });
    cleanups.push(() => set.stop());
  });

  test('hashes are written and responses counted once, through a failover and a crash of the master', async () => {
    const connections = connect();
    const target = targetOf(set.url, login);
    const link = connections.control(target);
    const stream = responseStreamKey('w');
    const key = configHashKey('w', '1');
    let master = await set.master();
    const tally = follow(connections, target, stream);
    const writing = startWriting(() => Promise.resolve(master.client), stream);
    await configure(link, key, 'first');
    await eventually('responses are counted', () => tally().total > 20);
    for (const change of [() => set.failOver(), () => set.crashMaster()]) {
      master = await change();
      // The server that was the master takes writes until the Sentinels have reached it.
      await eventually('the new master has the hash', async () => {
        await configure(link, key, `of ${master.port}`);
        return (await master.client.hget(key, 'type')) === `of ${master.port}`;
      });
      const before = tally().total;
      // An old master that lives does not know for ten seconds that it is one no more.
      await eventually('responses are counted again', () => tally().total > before + 20, 6000);
    }
    const written = await writing.stop();
    const kept = await master.client.xlen(stream);
    await eventually('every response that was kept is counted', () => tally().total >= kept);
    expect(tally().total).toBeLessThanOrEqual(written);
    expect(tally().missed).toBe(0);
  });

  test('a Sentinel that is gone is passed over, and so is one that names a server that follows another', async () => {
    const [one, other, third] = set.sentinels as [Member, Member, Member];
    const master = await set.master();
    const replica = set.servers.find((server) => server !== master)!;
    await one.crash();
    const hosts = (...ports: number[]) => ports.map((port) => `127.0.0.1:${port}`).join(',');
    const ask = (...ports: number[]) =>
      connect().control(targetOf(`redis+sentinel://${hosts(...ports)}/${set.masterName}`, login)).command('PING');
    expect(await ask(one.port, other.port)).toBe('PONG');
    const silent = await startNonsense('never answers');
    cleanups.push(() => silent.stop());
    expect(await ask(silent.port, other.port)).toBe('PONG');
    await other.crash();
    await third.client.call('SENTINEL', 'REMOVE', set.masterName);
    await third.client.call('SENTINEL', 'MONITOR', set.masterName, '127.0.0.1', replica.port, '2');
    await expect(ask(one.port, third.port)).rejects.toMatchObject({ code: 'RedisMasterUnknown' });
    await expect(ask(await freePort())).rejects.toMatchObject({ code: 'RedisUnreachable' });
  });

  test('what is wrong is told by its class, with the names the author gave', async () => {
    const foreign = { closed: [] };
    const faultOf = (name: string, more: Partial<RedisTarget>) =>
      connect().control(targetOf(set.url.replace(set.masterName, name), { ...login, foreign, ...more })).command(
        'PING',
      );
    await expect(faultOf('nobody', {})).rejects.toMatchObject({
      code: 'RedisMasterUnknown',
      message: expect.stringContaining('Redis "nobody" of the Sentinels at 127.0.0.1:'),
    });
    await expect(faultOf(set.masterName, { sentinel: { password: 'x' } })).rejects.toMatchObject({
      code: 'RedisAuthFailed',
    });
    await expect(faultOf(set.masterName, { password: 'x' })).rejects.toMatchObject({
      code: 'RedisAuthFailed',
      message: expect.stringContaining('of the Sentinels at'),
    });
    await expect(faultOf(set.masterName, { foreign: { closed: ['127.0.0.0/8'] } })).rejects.toMatchObject({
      code: 'RedisHostRefused',
    });
  });
});

test('TLS is spoken to the Sentinels and to the master alike, and both are checked', async (t) => {
  if (!(await knowsTls())) t.skip(noTls);
  const dir = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
  cleanups.push(() => rmSync(dir, { recursive: true }));
  const tls = await signedBy(dir, 'ours');
  const set = await startSentinelSet({ tls });
  cleanups.push(() => set.stop());
  const link = (serverTls: RedisTls) => connect().control(targetOf(set.url, { tls: serverTls }));
  expect(await link({ ca: tls.ca, serverName }).command('SET', 'a', '1')).toBe('OK');
  await expect(link({ serverName }).command('PING')).rejects.toMatchObject({ code: 'RedisTLSFailed' });
  await expect(link({ ca: tls.ca }).command('PING')).rejects.toMatchObject({ code: 'RedisTLSFailed' });
});

describe('in a Cluster', () => {
  const type = 'w';
  const prefix = keyPrefix(type, { kind: 'Cluster' });
  const stream = responseStreamKey(prefix);
  const key = configHashKey(prefix, '1');
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.stop());

  test(
    'hashes, groups and responses go with their slot, while it is on its way and when its master is killed',
    async () => {
      const connections = connect();
      const target = targetOf(cluster.url);
      const link = connections.control(target);
      const tally = follow(connections, target, stream);
      const writing = startWriting(() => Promise.resolve(cluster.client), stream);
      await configure(link, key, 'first');
      await eventually('responses are counted', () => tally().total > 20);
      const slot = await cluster.slotOf(stream);
      const [from, to] = [await cluster.ownerOf(stream), (await cluster.masters())[0]!];
      const elsewhere = to === from ? (await cluster.masters())[1]! : to;
      await cluster.migrateSlot(slot, elsewhere, () => configure(link, key, 'on its way').then(() => undefined));
      const moved = tally().total;
      await eventually('responses are counted where the slot is now', () => tally().total > moved + 20);
      await configure(link, key, 'moved');
      await cluster.kill(elsewhere);
      await configure(link, key, 'after a crash');
      const before = tally().total;
      await eventually('responses are counted after a crash', () => tally().total > before + 20);
      const written = await writing.stop();
      const kept = await cluster.client.xlen(stream);
      await eventually('every response that was kept is counted', () => tally().total >= kept);
      expect(tally().total).toBeLessThanOrEqual(written);
      expect([...(await readConfigHashes(link, [key, configHashKey(prefix, '2')])).values()]).toEqual([
        { type: 'after a crash', resource },
        'absent',
      ]);
    },
    60_000,
  );

  test('what is asked of many keys comes from wherever each of them is', async () => {
    const link = connect().control(targetOf(cluster.url));
    const keys = Array.from({ length: 30 }, (_, at) => `{t${at}}:k`);
    for (const [at, one] of keys.entries()) await link.command('SET', one, at);
    expect(await link.pipeline([['TIME'], ...keys.map((one) => ['GET', one] as const)])).toEqual([
      expect.any(Array),
      ...keys.map((_, at) => String(at)),
    ]);
    const names = (await link.servers()).map(({ target: { hosts: [{ port }] } }) => port);
    expect(new Set(names).size).toBeGreaterThan(3);
  });

  test('a group is made in one step, and its stream is looked at', async () => {
    const link = connect().control(targetOf(cluster.url));
    const requests = requestStreamKey(prefix);
    const group = { stream: requests, group: 'worker', responses: responseStreamKey(prefix), resource };
    expect(await makeGroup(link, group, { startId: '0', consumer: '1' })).toBe('created');
    expect(await observeStream(link, requests, 'worker')).toMatchObject({ exists: true, group: true });
  });

  test('a user without the right to ask for the slots is led to every key', async () => {
    for (const port of await cluster.masters()) {
      await cluster.nodeAt(port).call('ACL', 'SETUSER', 'narrow', 'on', '>x', '~*', '-@all', '+set', '+get', '+asking');
    }
    const link = connect().control(targetOf(cluster.url, { username: 'narrow', password: 'x' }));
    for (const one of ['a', 'b', 'c', 'd', 'e', 'f']) expect(await link.command('SET', one, one)).toBe('OK');
    expect(await link.pipeline([['GET', 'a'], ['GET', 'f']])).toEqual(['a', 'f']);
  });
});
