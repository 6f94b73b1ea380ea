/** What is told of a set behind Sentinels and of a Cluster. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyPrefix } from '../../contract/keys.ts';
import { systemClock } from '../../operator/clock.ts';
import type { Check } from '../../operator/redis/doctor/finding.ts';
import { examine } from '../../operator/redis/doctor/index.ts';
import { workerNeeds } from '../../operator/redis/doctor/rights.ts';
import { parseRedisUrl, type RedisTarget } from '../../operator/redis/target.ts';
import { startCluster, type TestCluster } from '../support/topologies/cluster.ts';
import { type SentinelSet, startSentinelSet } from '../support/topologies/sentinel.ts';

let set: SentinelSet;
let cluster: TestCluster;

beforeAll(async () => {
  [set, cluster] = await Promise.all([
    startSentinelSet({ password: 'of the servers', sentinelPassword: 'of the Sentinels' }),
    startCluster(),
  ]);
});
afterAll(() => Promise.all([set.stop(), cluster.stop()]));

function targetOf(url: string, more: Partial<RedisTarget> = {}): RedisTarget {
  const parsed = parseRedisUrl(url);
  if (!parsed.ok) throw new Error(parsed.problem);
  return { ...parsed.target, ...more };
}

async function told(target: RedisTarget, ...checks: Check[]): Promise<string[]> {
  const { topology } = target;
  const prefix = keyPrefix('demo', topology);
  const needs = workerNeeds({
    hash: `${prefix}:1:h`,
    request: `${prefix}:req:x`,
    responses: `${prefix}:res:x`,
    deadLetters: `${prefix}:dead:x`,
    retries: `${prefix}:retry:z`,
    record: `${prefix}:req:x:worker:g`,
    group: 'worker',
  }, 'Handler');
  const findings = await examine(target, { clock: systemClock, deadlineMs: 2000, needs });
  return findings.filter(({ check }) => checks.length === 0 || checks.includes(check)).map((one) =>
    `${one.verdict}: ${one.message}`
  );
}

test('of a set behind Sentinels the master is examined, and whether the Sentinels could name another', async () => {
  const login = { password: 'of the servers', sentinel: { password: 'of the Sentinels' } };
  expect(await told(targetOf(set.url, login), 'RedisTopology', 'RedisReplicas', 'RedisSentinels', 'RedisRights'))
    .toEqual([
      'ok: is the primary its Sentinels name',
      'warning: takes writes that none of its replicas (2) has, and a failover loses those: set min-replicas-to-write 1',
      'ok: grants the user "default" all that a worker needs',
      'ok: is watched by 3 Sentinels, which can name another master',
    ]);
  const [first, second] = set.sentinels;
  await first?.crash();
  expect(await told(targetOf(set.url, login), 'RedisSentinels')).toEqual([
    'warning: has 1 of the 3 Sentinels its address names that do not answer: start them, or take them out of the address',
  ]);
  await second?.crash();
  await expect.poll(() => told(targetOf(set.url, login), 'RedisSentinels'), { timeout: 20_000 }).toEqual([
    'problem: has too few Sentinels left to name another master when this one is lost: start those that are gone',
  ]);
});

test('of a Cluster every master is examined, and the one that differs is named', async () => {
  const target = targetOf(cluster.url);
  const [port = 0] = cluster.ports;
  expect(await told(target, 'RedisTopology', 'RedisMemory', 'RedisRights')).toEqual([
    'ok: is a Cluster: the keys of a worker lie together under the tag {type}',
    'warning: has no maxmemory, so it grows until the system ends it: set maxmemory below what its machine or pod has',
    'ok: grants the user "default" all that a worker needs',
  ]);
  await cluster.nodeAt(port).config('SET', 'maxmemory-policy', 'allkeys-lru');
  expect(await told(target, 'RedisMemory')).toEqual([
    `problem: drops whole streams, with every request in them, when its memory is used up (maxmemory-policy allkeys-lru): set maxmemory-policy noeviction (at 127.0.0.1:${port})`,
  ]);
  expect(await told({ ...target, foreign: { closed: [] } }, 'RedisMemory')).toEqual([
    expect.not.stringContaining(String(port)),
  ]);
});
