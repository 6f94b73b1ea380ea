import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { RedisConnections } from '../../operator/redis/connections.ts';
import { discoverMembers } from '../../operator/redis/discovery.ts';
import { parseRedisUrl, type RedisTarget } from '../../operator/redis/target.ts';
import { freePort } from '../support/processes.ts';
import { type SentinelSet, startSentinelSet } from '../support/topologies/sentinel.ts';
import { startCluster, type TestCluster } from '../support/topologies/cluster.ts';
import { eventually } from '../support/wait.ts';
import { knowsTls, noTls, startRedis, type TestRedis } from '../support/redis.ts';
import { serverName, signedBy } from '../support/tls/certificates.ts';

let set: SentinelSet;
let cluster: TestCluster;
let alone: TestRedis;
let links: RedisConnections;

beforeAll(async () => {
  links = new RedisConnections();
  [set, cluster, alone] = await Promise.all([startSentinelSet(), startCluster(), startRedis()]);
}, 60_000);
afterAll(async () => {
  links.close();
  await Promise.all([set, cluster, alone].map((one) => one.stop()));
});

function targetOf(url: string): RedisTarget {
  const parsed = parseRedisUrl(url);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.target;
}

const portsOf = async (url: string, known: number[] = []): Promise<number[]> => {
  const members = await discoverMembers(links, targetOf(url), known.map((port) => ({ host: '127.0.0.1', port })));
  expect(members.every(({ host }) => host === '127.0.0.1')).toBe(true);
  return members.map(({ port }) => port).sort();
};
const sorted = (ports: readonly number[]): number[] => [...ports].sort();
const at = (...ports: number[]): string => ports.map((port) => `127.0.0.1:${port}`).join(',');
const named = (scheme: string, ...ports: number[]): string => `redis+${scheme}://${at(...ports)}`;

describe('a set behind Sentinels', () => {
  const everybody = () => sorted([...set.servers, ...set.sentinels].map(({ port }) => port));

  test('names its servers and all Sentinels, asked at a few of them', async () => {
    expect(await portsOf(set.url)).toEqual(everybody());
    const [first] = set.sentinels;
    expect(await portsOf(`${named('sentinel', first!.port, await freePort())}/mymaster`)).toEqual(
      everybody().filter((port) => port !== first!.port),
    );
  });

  test('names the same after a failover, and through one', async () => {
    const over = set.failOver();
    const seen = [await portsOf(set.url)];
    while (await Promise.race([over.then(() => false), portsOf(set.url).then((ports) => seen.push(ports))]));
    expect(new Set([...seen, await portsOf(set.url)].map(String))).toEqual(new Set([String(everybody())]));
  });

  test('of another name is a fault', async () => {
    await expect(portsOf(`${named('sentinel', set.sentinels[0]!.port)}/other`)).rejects.toMatchObject({
      code: 'RedisError',
    });
  });
});

test('a set that speaks TLS is asked with the login of its Sentinels, each held to its own name', async (t) => {
  if (!(await knowsTls())) t.skip(noTls);
  const dir = mkdtempSync(join(tmpdir(), 'redisworker-discovery-'));
  const ours = await signedBy(dir, 'ours', ['IP:127.0.0.1']);
  const guarded = await startSentinelSet({ password: 'p', sentinelPassword: 'q', tls: ours });
  onTestFinished(async () => {
    await guarded.stop();
    rmSync(dir, { recursive: true });
  });
  const target = { ...targetOf(guarded.url), password: 'p', sentinel: { password: 'q' } };
  const ask = (more: Partial<RedisTarget>) => discoverMembers(links, { ...target, ...more }, []);
  const everybody = sorted([...guarded.servers, ...guarded.sentinels].map(({ port }) => port));
  for (const tls of [{ ca: ours.ca }, { ca: ours.ca, serverName }]) {
    expect((await ask({ tls })).map(({ port }) => port).sort()).toEqual(everybody);
  }
  await expect(ask({ tls: { ca: ours.ca, serverName: 'another.test' } })).rejects.toMatchObject({
    code: 'RedisTLSFailed',
  });
  await expect(ask({ tls: { ca: ours.ca }, sentinel: { password: 'p' } })).rejects.toMatchObject({
    code: 'RedisAuthFailed',
  });
});

describe('a Cluster', () => {
  test('names its masters and replicas, asked at one of them', async () => {
    expect(await portsOf(cluster.url)).toEqual(sorted(cluster.ports));
    expect(await portsOf(named('cluster', cluster.ports[4]!))).toEqual(sorted(cluster.ports));
  });

  test('is asked by those who were found before when nobody it is named by answers', async () => {
    const gone = named('cluster', await freePort());
    expect(await portsOf(gone, [cluster.ports[1]!])).toEqual(sorted(cluster.ports));
    await expect(portsOf(gone)).rejects.toMatchObject({ code: 'RedisUnreachable' });
  });

  test('names its masters at least to a user that may ask for slots alone', async () => {
    for (const port of cluster.ports) {
      await cluster.nodeAt(port).call('ACL', 'SETUSER', 'slots', 'on', '>pw', '+cluster|slots');
    }
    const target = { ...targetOf(cluster.url), username: 'slots', password: 'pw' };
    const found = (await discoverMembers(links, target, [])).map(({ port }) => port);
    expect(found).toEqual(expect.arrayContaining(await cluster.masters()));
  });

  test('tells that a command was led elsewhere, which is when to ask again', async () => {
    const moved: RedisTarget[] = [];
    const following = new RedisConnections({ onMoved: (target) => moved.push(target) });
    onTestFinished(() => following.close());
    const target = targetOf(cluster.url);
    const link = following.control(target);
    await link.command('SET', 'k', 'v');
    const owner = await cluster.ownerOf('k');
    const other = (await cluster.masters()).find((port) => port !== owner)!;
    await cluster.migrateSlot(await cluster.slotOf('k'), other);
    expect(moved).toEqual([]);
    expect(await link.command('GET', 'k')).toBe('v');
    expect(moved).toEqual([target]);
  });

  test('goes on naming a master that was killed, and names the same then as before', async () => {
    await cluster.kill((await cluster.masters())[0]!);
    expect(await portsOf(cluster.url)).toEqual(sorted(cluster.ports));
  });

  test('names its nodes as they announce themselves, and by where it was asked when they tell no host', async () => {
    const living = (await cluster.masters()).map((port) => ({ port, node: cluster.nodeAt(port) }));
    const configure = async (setting: string, valueOf: (port: number) => string) => {
      for (const { port, node } of living) await node.call('CONFIG', 'SET', setting, valueOf(port));
    };
    const hosts = async () => {
      const members = await discoverMembers(links, targetOf(named('cluster', living[0]!.port)), []);
      return living.map(({ port }) => members.find((member) => member.port === port)?.host);
    };
    await configure('cluster-announce-hostname', (port) => `Node-${port}.test`);
    await configure('cluster-preferred-endpoint-type', () => 'hostname');
    await eventually(
      'names are known',
      async () => String(await hosts()) === String(living.map(({ port }) => `node-${port}.test`)),
    );
    await configure('cluster-preferred-endpoint-type', () => 'unknown-endpoint');
    expect(await hosts()).toEqual(living.map(() => '127.0.0.1'));
    await configure('cluster-preferred-endpoint-type', () => 'ip');
  });

  test('is no server that is none', async () => {
    await expect(portsOf(named('cluster', alone.port))).rejects.toMatchObject({ code: 'RedisError' });
  });
});
