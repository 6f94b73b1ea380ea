/** A real Redis Cluster on free ports: three masters, each with a replica. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, type Redis } from 'ioredis';
import { slotOf } from '../../../contract/redis-slot.ts';
import { freePort, start, type TestProcess } from '../processes.ts';
import { patientClient, redisServer } from '../redis.ts';
import { eventually } from '../wait.ts';

const masterCount = 3;
const slotCount = 16_384;
/** Milliseconds after which nodes take a silent one for gone. */
const nodeTimeoutMs = 1000;
const keysPerMove = 200;
const moveTimeoutMs = 20_000;

/** A Cluster of the test's own. Nothing but the nodes' own configuration is kept on disk. */
export interface TestCluster {
  /** Ports of the first masters, then of their replicas in the same order. All of them are on 127.0.0.1. */
  readonly ports: readonly number[];
  /** `redis+cluster://127.0.0.1:<port>,…`, of the first masters. */
  readonly url: string;
  /** A client that follows the slots; closed by {@link TestCluster.stop}. */
  readonly client: Cluster;
  /** A client of one node alone. */
  nodeAt(port: number): Redis;
  /** Ports of those that serve slots now. */
  masters(): Promise<number[]>;
  /** The port of the master that serves the slot of `key`. */
  ownerOf(key: string): Promise<number>;
  slotOf(key: string): Promise<number>;
  /** Who serves which key, as it is now. */
  owners(): Promise<(key: string) => number>;
  /** Moves a slot with its keys to the master on port `to`; `halfway` runs while the slot is between both. */
  migrateSlot(slot: number, to: number, halfway?: () => Promise<void>): Promise<void>;
  /** Ends a master at once, as a crash does. @returns the port of the replica that serves its slots afterwards */
  kill(master: number): Promise<number>;
  stop(): Promise<void>;
}

interface Node {
  readonly port: number;
  readonly busPort: number;
  readonly process: TestProcess;
  readonly client: Redis;
  readonly id: string;
}

/** One master as `CLUSTER SLOTS` tells of it. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly port: number;
}

/** Starts the nodes with extra arguments, joins them, and waits until all of them say that the Cluster is well. */
export async function startCluster(
  args: readonly string[] = [],
  login: { readonly username?: string; readonly password?: string } = {},
): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'redisworker-cluster-'));
  const nodes = await Promise.all(Array.from({ length: masterCount * 2 }, () => startNode(folder, args, login)));
  try {
    await joinAll(nodes);
    return clusterOf(nodes, login, folder);
  } catch (error) {
    await stopAll(nodes, folder);
    throw error;
  }
}

function clusterOf(nodes: readonly Node[], login: object, folder: string): TestCluster {
  const ports = nodes.map(({ port }) => port);
  const client = new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })), {
    redisOptions: { ...login, maxRetriesPerRequest: null },
    slotsRefreshTimeout: 5000,
    slotsRefreshInterval: 1000,
    clusterRetryStrategy: () => 100,
    retryDelayOnClusterDown: 100,
    retryDelayOnFailover: 100,
    retryDelayOnTryAgain: 100,
    maxRedirections: 300,
  });
  client.on('error', () => undefined); // tests stop nodes on purpose
  const nodeAt = (port: number) => nodeOf(nodes, port).client;
  return {
    ports,
    url: `redis+cluster://${ports.slice(0, masterCount).map((port) => `127.0.0.1:${port}`).join(',')}`,
    client,
    nodeAt,
    masters: async () => [...new Set((await rangesOf(living(nodes))).map(({ port }) => port))],
    slotOf: (key) => Promise.resolve(slotOf(key)),
    async owners() {
      const ranges = await rangesOf(living(nodes));
      return (key) => ownerIn(ranges, slotOf(key));
    },
    ownerOf: async (key) => ownerIn(await rangesOf(living(nodes)), slotOf(key)),
    migrateSlot: (slot, to, halfway) => migrate(nodes, slot, to, halfway),
    kill: (master) => killMaster(nodes, master),
    async stop() {
      client.disconnect();
      await stopAll(nodes, folder);
    },
  };
}

async function startNode(folder: string, args: readonly string[], login: object): Promise<Node> {
  const [port, busPort] = [await freePort(), await freePort()];
  const own = ['--port', port, '--cluster-port', busPort, '--cluster-config-file', `${port}.conf`];
  const shared = [
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
    '--cluster-enabled',
    'yes',
  ];
  const failover = ['--cluster-node-timeout', nodeTimeoutMs, '--cluster-replica-validity-factor', 0];
  const process = start(
    redisServer,
    [...own, ...shared, ...failover, '--repl-diskless-sync-delay', '0', ...args].map(String),
  );
  const client = patientClient(port, login);
  await eventually('the node answers PING', async () => (await client.ping()).length > 0);
  return { port, busPort, process, client, id: await client.cluster('MYID') };
}

async function joinAll(nodes: readonly Node[]): Promise<void> {
  const [masters, replicas] = [nodes.slice(0, masterCount), nodes.slice(masterCount)];
  await Promise.all(nodes.map(({ client }, at) => client.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1)));
  await Promise.all(masters.map(({ client }, at) => {
    const [from, to] = [at, at + 1].map((part) => Math.round(part * slotCount / masterCount)) as [number, number];
    return client.call('CLUSTER', 'ADDSLOTSRANGE', from, to - 1);
  }));
  const [first, ...others] = nodes as [Node, ...Node[]];
  for (const { port, busPort } of others) await first.client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
  await Promise.all(nodes.map((node) => eventually('the node knows all others', () => knowsAll(node, nodes))));
  await Promise.all(replicas.map(({ client }, at) => client.cluster('REPLICATE', (masters[at] as Node).id)));
  await Promise.all(nodes.map((node) => eventually('the Cluster is well', async () => await isWell(node))));
  await Promise.all(replicas.map((node) => eventually('the replica is in step', async () => await isInStep(node))));
}

async function knowsAll({ client }: Node, nodes: readonly Node[]): Promise<boolean> {
  const known = String(await client.call('CLUSTER', 'NODES'));
  return nodes.every(({ id }) => known.includes(id)) && !known.includes('handshake');
}

/** Every master's replica is known too, so that a failover finds it. */
async function isWell({ client }: Node): Promise<boolean> {
  const info = String(await client.call('CLUSTER', 'INFO'));
  const replicas = String(await client.call('CLUSTER', 'NODES')).split('\n').filter((line) => line.includes('slave'));
  return info.includes('cluster_state:ok') && replicas.length === masterCount;
}

async function isInStep({ client }: Node): Promise<boolean> {
  return (await client.info('replication')).includes('master_link_status:up');
}

async function rangesOf({ client }: Node): Promise<Range[]> {
  const slots = (await client.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
  return slots.map(([from, to, [, port]]) => ({ from, to, port }));
}

function ownerIn(ranges: readonly Range[], slot: number): number {
  const range = ranges.find(({ from, to }) => from <= slot && slot <= to);
  if (range === undefined) throw new Error(`nobody serves slot ${slot}`);
  return range.port;
}

async function migrate(
  nodes: readonly Node[],
  slot: number,
  to: number,
  halfway: (() => Promise<void>) | undefined,
): Promise<void> {
  const source = nodeOf(nodes, ownerIn(await rangesOf(living(nodes)), slot));
  const target = nodeOf(nodes, to);
  if (source === target) return;
  await target.client.cluster('SETSLOT', slot, 'IMPORTING', source.id);
  await source.client.cluster('SETSLOT', slot, 'MIGRATING', target.id);
  await moveKeys(source, target, slot, halfway);
  // The new owner is told first: it is the one that must not forget.
  const masters = await mastersAmong(nodes);
  const told = [target, source, ...masters.filter((node) => node !== target && node !== source)];
  for (const { client } of told) await client.cluster('SETSLOT', slot, 'NODE', target.id);
}

async function moveKeys(
  source: Node,
  target: Node,
  slot: number,
  halfway: (() => Promise<void>) | undefined,
): Promise<void> {
  let told = halfway;
  for (;;) {
    const keys = await source.client.cluster('GETKEYSINSLOT', slot, told ? 1 : keysPerMove);
    if (keys.length > 0) {
      await source.client.call('MIGRATE', '127.0.0.1', target.port, '', 0, moveTimeoutMs, 'KEYS', ...keys);
    }
    if (told) await told();
    else if (keys.length === 0) return;
    told = undefined;
  }
}

async function killMaster(nodes: readonly Node[], master: number): Promise<number> {
  const { process, client } = nodeOf(nodes, master);
  const slot = (await rangesOf(living(nodes))).find(({ port }) => port === master)?.from;
  if (slot === undefined) throw new Error(`the node on port ${master} serves no slot`);
  process.child.kill('SIGKILL');
  await process.ended;
  client.disconnect();
  return await eventually('a replica has taken over', async () => {
    const owners = await Promise.all(alive(nodes).map(async (node) => ownerIn(await rangesOf(node), slot)));
    const [owner] = owners;
    const agreed = owner !== master && owners.every((one) => one === owner);
    return agreed && (await Promise.all(alive(nodes).map(isServing))).every(Boolean) && owner;
  });
}

async function isServing({ client }: Node): Promise<boolean> {
  return String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok');
}

async function mastersAmong(nodes: readonly Node[]): Promise<Node[]> {
  const ports = (await rangesOf(living(nodes))).map(({ port }) => port);
  return alive(nodes).filter(({ port }) => ports.includes(port));
}

function alive(nodes: readonly Node[]): Node[] {
  return nodes.filter(({ process: { child } }) => child.exitCode === null && child.signalCode === null);
}

function living(nodes: readonly Node[]): Node {
  const [first] = alive(nodes);
  if (first === undefined) throw new Error('every node has ended');
  return first;
}

function nodeOf(nodes: readonly Node[], port: number): Node {
  const node = nodes.find((one) => one.port === port);
  if (node === undefined) throw new Error(`no node is on port ${port}`);
  return node;
}

async function stopAll(nodes: readonly Node[], folder: string): Promise<void> {
  for (const { client } of nodes) client.disconnect();
  await Promise.all(nodes.map(({ process }) => process.stop()));
  rmSync(folder, { recursive: true, force: true });
}
