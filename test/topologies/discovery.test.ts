import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RedisConnections } from '../../operator/redis/connections.ts';
import { discoverMembers } from '../../operator/redis/discovery.ts';
import { parseRedisUrl, type RedisTarget } from '../../operator/redis/target.ts';
import { freePort } from '../support/processes.ts';
import { type SentinelSet, startSentinelSet } from '../support/topologies/sentinel.ts';
import { startCluster, type TestCluster } from '../support/topologies/cluster.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

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

  test('goes on naming a master that was killed, and names the same then as before', async () => {
    await cluster.kill((await cluster.masters())[0]!);
    expect(await portsOf(cluster.url)).toEqual(sorted(cluster.ports));
  });

  test('is no server that is none', async () => {
    await expect(portsOf(named('cluster', alone.port))).rejects.toMatchObject({ code: 'RedisError' });
  });
});
