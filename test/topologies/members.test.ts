/** Workers of a set behind Sentinels and of a Cluster are given every server of it, also one that joins later. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import { annotations } from '../../operator/redisworker/model/names.ts';
import { withSpec, worker } from '../support/gen.ts';
import { startTestOperator, type TestOperator } from '../support/local-operator.ts';
import { freePort, start } from '../support/processes.ts';
import { redisServer } from '../support/redis.ts';
import { startCluster, type TestCluster } from '../support/topologies/cluster.ts';
import { type SentinelSet, startSentinelSet } from '../support/topologies/sentinel.ts';
import { eventually } from '../support/wait.ts';

let set: SentinelSet;
let cluster: TestCluster;
let operator: TestOperator;

beforeAll(async () => {
  [set, cluster] = await Promise.all([startSentinelSet(), startCluster()]);
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => {
  await operator.stop();
  await Promise.all([set.stop(), cluster.stop()]);
});

const urlOf = (port: number | undefined): string => `redis://127.0.0.1:${port}`;
const isOf = (name: string) => ({ metadata }: KubeObject): boolean =>
  metadata.ownerReferences?.some((owner) => owner.name === name) ?? false;

/** Ports of this machine in what Deno allows the pod of a worker; undefined while there is none. */
async function allowedPorts(name: string): Promise<number[] | undefined> {
  const [deployment] = (await operator.cluster.list(resources.deployments)).filter(isOf(name));
  const [, list] = /--allow-net=([^"]*)"/.exec(JSON.stringify(deployment?.spec ?? {})) ?? [];
  return list?.split(',').flatMap((entry) => (entry.startsWith('127.0.0.1:') ? Number(entry.split(':')[1]) : []));
}

/** Ports the policies of a worker remember as those of its Redis. */
async function rememberedPorts(name: string): Promise<number[]> {
  const policies = (await operator.cluster.list(resources.networkPolicies)).filter(isOf(name));
  const notes = policies.map(({ metadata }) => metadata.annotations?.[annotations.members] ?? '{}');
  const members = notes.flatMap((note) => (JSON.parse(note) as { members?: string[] }).members ?? []);
  return members.map((member) => Number(member.split(':')[1]));
}

const sorted = (ports: Iterable<number>): number[] => [...ports].sort();
const allowed = (name: string) => eventually(`${name} has a pod`, () => allowedPorts(name), 20_000);

test('behind Sentinels a worker that names one of them may dial them all, the master and its replicas', async () => {
  const [sentinel] = set.sentinels;
  const redis = { urls: [urlOf(sentinel?.port)], sentinel: { masterName: set.masterName } };
  await operator.cluster.apply(worker('watched', withSpec({ redis })), 'user');
  const everybody = sorted([...set.servers, ...set.sentinels].map(({ port }) => port));
  expect(sorted(await allowed('watched'))).toEqual(everybody);
  await operator.told('watched', 'Ready', 'True');
  // A Sentinel does not name itself.
  expect(sorted(await rememberedPorts('watched'))).toEqual(everybody.filter((port) => port !== sentinel?.port));
});

test('in a Cluster it may dial every node, through a failover, and one that joins', async () => {
  const redis = { urls: [urlOf(cluster.ports[0])], cluster: 'Enabled' };
  await operator.cluster.apply(worker('spread', withSpec({ redis })), 'user');
  expect(sorted(await allowed('spread'))).toEqual(sorted(cluster.ports));
  await operator.told('spread', 'Ready', 'True');
  const gone = cluster.ports[1]!;
  await cluster.kill(gone);
  const joined = await startNode(cluster.ports[0]!);
  await eventually('it may dial the new node', async () => {
    // The operator asks again when its connections are lost; it would anyway, later.
    for (const port of await cluster.masters()) await cluster.nodeAt(port).call('CLIENT', 'KILL', 'TYPE', 'normal');
    return (await allowedPorts('spread'))?.includes(joined);
  }, 20_000);
  expect(sorted(await allowed('spread'))).toEqual(sorted([...cluster.ports, joined]));
  await operator.told('spread', 'Ready', 'True');
  expect(new Set(await rememberedPorts('spread'))).toEqual(new Set([...cluster.ports, joined]));
});

test('of a default Redis that is a Cluster no author may name any node', async () => {
  const guarded = await startTestOperator({ redisUrl: cluster.url, redisHosts: { allowed: [] } });
  onTestFinished(() => guarded.stop());
  const replica = cluster.ports.at(-1);
  await guarded.cluster.apply(worker('curious', withSpec({ redis: { url: urlOf(replica) } })), 'user');
  expect(await guarded.told('curious', 'RedisReachable', 'False', 'RedisHostRefused')).toContain(
    "spec.redis.url leads to the operator's own Redis",
  );
});

/** A node without slots that `known` has met. */
async function startNode(known: number): Promise<number> {
  const [port, busPort] = [await freePort(), await freePort()];
  const dir = mkdtempSync(join(tmpdir(), 'redisworker-node-'));
  const own = ['--port', port, '--cluster-port', busPort, '--dir', dir].map(String);
  const node = start(redisServer, [...own, '--bind', '127.0.0.1', '--save', '', '--cluster-enabled', 'yes']);
  onTestFinished(async () => {
    await node.stop();
    rmSync(dir, { recursive: true });
  });
  await cluster.nodeAt(known).call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
  await eventually(
    'the others know it',
    async () => String(await cluster.nodeAt(known).call('CLUSTER', 'SHARDS')).includes(`port,${port}`),
  );
  return port;
}
