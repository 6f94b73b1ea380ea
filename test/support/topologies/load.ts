/**
 * Many requests over a set of servers that breaks while they are worked off, and the count of what became of each: for
 * the tests, and for the bench that writes it down.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { ClusterChaos, RotationChaos, SentinelChaos, TopologyCount } from '../../../bench/chaos-results.ts';
import { answersOf, everyOtherFails, judge, leanRecords, readLedger, readStanding } from '../../../bench/ledger.ts';
import {
  type Audit,
  audit,
  type Pipelined,
  preload,
  refOf,
  type Streams,
  streamsOf,
  type,
} from '../../../bench/requests.ts';
import { env } from '../../../contract/pod.ts';
import { formatHostPort } from '../../../contract/host-port.ts';
import { keyPrefix, replyListKey } from '../../../contract/keys.ts';
import { parseRedisAddress } from '../../../contract/redis-address.ts';
import type { Command } from '../../../worker/redis/commands.ts';
import { slotOf } from '../../../contract/redis-slot.ts';
import { resources } from '../../../operator/cluster/cluster.ts';
import { rememberedPasswords } from '../../../operator/redisworker/desired/redis-password.ts';
import { annotations } from '../../../operator/redisworker/model/names.ts';
import { withCount, withSpec, worker } from '../gen.ts';
import { startTestOperator, type TestOperator } from '../local-operator.ts';
import { freePort } from '../processes.ts';
import { operatorLogin, startGuardedRedis, startRedis } from '../redis.ts';
import { type Signed, signedBy } from '../tls/certificates.ts';
import { eventually } from '../wait.ts';
import { startWorker, type TestWorker, type WorkerOptions, writeHash } from '../worker.ts';
import { startCluster, type TestCluster } from './cluster.ts';
import { startSentinelSet } from './sentinel.ts';

/** A fault, and after which share of the answers it strikes. */
interface Fault {
  readonly at: number;
  readonly strike: () => Promise<unknown>;
}

/** Handlers at once, for a handler that takes no time. */
const concurrency = 1024;
/** Reads what it is sent: what is no JSON fails. */
const module = 'export default ({ data }) => ({ ok: data !== undefined });';
const deadlineMs = 120_000;
const page = 5000;
/** Replies and responses stay until they are counted. */
const keepSeconds = 3600;
const kept = { replyExpireSeconds: keepSeconds, responseStreamLimit: 10_000_000 };

/** How the worker is set up, what it is asked, and how that is counted. */
interface Mode {
  readonly settings: NonNullable<WorkerOptions['settings']>;
  readonly dataOf?: (index: number) => string;
  /** Requests that are answered so far. */
  answered(target: Pipelined, streams: Streams): Promise<number>;
  count(target: Pipelined, streams: Streams, requests: number): Promise<Omit<TopologyCount, 'requests'>>;
}

/** Every request leaves its records, or only the failed ones and a count do. */
export type Records = 'full' | 'lean';

const modes: Readonly<Record<Records, Mode>> = {
  full: {
    settings: { concurrency },
    async answered(target, { responseStream }) {
      const [length] = await target.pipeline([['XLEN', responseStream]]);
      return Number(length);
    },
    count: async (target, streams, requests) =>
      responses(target, streams, requests, await audit(target, requests, streams)),
  },
  lean: {
    settings: { concurrency, ...leanRecords },
    dataOf: everyOtherFails.dataOf,
    answered: answersOf,
    async count(target, streams, requests) {
      const { lost, twice } = judge(await readLedger(target, streams), everyOtherFails.codes(requests));
      return { lost, answeredTwice: twice, repliedTwice: 0 };
    },
  },
};

/** The master hands over to a replica, and its successor is killed. */
export async function loadSentinel(requests: number, records: Records = 'full'): Promise<SentinelChaos> {
  const mode = modes[records];
  const set = await startSentinelSet();
  const target = throughClient(async () => (await set.master()).client);
  const streams = streamsOf(type);
  try {
    const { client } = await set.master();
    await writeHash(client, type, kept);
    await preload(target, requests, streams, mode.dataOf);
    await client.call('WAIT', 2, deadlineMs);
    const members = set.servers.map(({ port }) => port);
    const count = await work({ target, streams, requests, mode }, () => start(set.url, members, mode), [
      { at: 0.2, strike: () => set.failOver() },
      { at: 0.5, strike: () => set.crashMaster() },
    ]);
    if (set.switches() > 2) {
      throw new Error(`the master changed ${set.switches()} times, and was to do so twice: ${tooBusy}`);
    }
    return { ...count, failovers: 1, kills: 1 };
  } finally {
    await set.stop();
  }
}

const tooBusy =
  'the machine is so busy that the Sentinels take a master for dead, and what it has not told its replicas is lost';

/**
 * One server, whose connections are cut; over TLS its certificate is of an authority of its own.
 * @param over `mutual`: the server asks who comes
 */
export async function loadOne(requests: number, over: 'plain' | 'TLS' | 'mutual TLS'): Promise<TopologyCount> {
  const dir = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
  const port = await freePort();
  const signed = over === 'plain' ? undefined : await signedBy(dir, 'authority', ['IP:127.0.0.1']);
  const redis = await startRedis(signed?.serverArgs(port, over === 'mutual TLS' ? 'yes' : 'no'));
  const target = throughClient(() => Promise.resolve(redis.client));
  const streams = streamsOf(type);
  const secured = signed ? tlsOf(signed, over === 'mutual TLS') : {};
  const launch = () =>
    startWorker({
      type,
      module,
      redisUrl: signed ? `rediss://127.0.0.1:${port}` : redis.url,
      settings: { concurrency },
      ...secured,
    });
  try {
    await writeHash(redis.client, type, kept);
    await preload(target, requests, streams);
    const cut = () => redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    return await work({ target, streams, requests, mode: modes.full }, launch, [{ at: 0.2, strike: cut }, {
      at: 0.6,
      strike: cut,
    }]);
  } finally {
    await redis.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function tlsOf({ ca, client }: Signed, mutual: boolean): Pick<WorkerOptions, 'env' | 'secretFiles'> {
  return {
    env: {
      [env.redisCaFile]: '<secret>/ca',
      ...(mutual ? { [env.redisCertFile]: '<secret>/cert', [env.redisKeyFile]: '<secret>/key' } : {}),
    },
    secretFiles: { ca, ...(mutual ? client : {}) },
  };
}

/** Slots move, the worker's own among them, then a master of replies is killed, and last the one of the worker's own keys. */
export async function loadCluster(requests: number, records: Records = 'full'): Promise<ClusterChaos> {
  const mode = modes[records];
  const cluster = await startCluster();
  const target = throughCluster(cluster);
  const streams = streamsOf(keyPrefix(type, { kind: 'Cluster' }));
  try {
    await writeHash(cluster.client, type, kept);
    await preload(target, requests, streams, mode.dataOf);
    const own = await cluster.ownerOf(streams.requestStream);
    await cluster.nodeAt(own).call('WAIT', 1, deadlineMs);
    const [next = 0, third = 0] = (await cluster.masters()).filter((port) => port !== own);
    const count = await work({ target, streams, requests, mode }, () => start(cluster.url, cluster.ports, mode), [
      { at: 0.1, strike: () => moveSome(cluster, third, next) },
      { at: 0.3, strike: () => cluster.migrateSlot(slotOf(streams.requestStream), next) },
      { at: 0.5, strike: () => cluster.kill(third) },
      { at: 0.7, strike: () => cluster.kill(next) },
    ]);
    return { ...count, moves: movedSlots + 1, kills: 2 };
  } finally {
    await cluster.stop();
  }
}

/** The operator gives a worker of two consumers another password, again and again, and replaces its pods for it. */
export async function loadRotation(requests: number): Promise<RotationChaos> {
  const redis = await startGuardedRedis();
  const target = throughClient(() => Promise.resolve(redis.client));
  const streams = streamsOf(type);
  try {
    await preload(target, requests, streams);
    const operator = await startTestOperator({ redisUrl: redis.url, redisLogin: operatorLogin });
    const launch = async () => {
      await operator.cluster.apply(rotated, 'user');
      return operator;
    };
    const faults = rotationsAt.map((at) => ({ at, strike: () => rotate(operator, String(at)) }));
    const count = await work({ target, streams, requests, mode: modes.full }, launch, faults);
    return { ...count, rotations: faults.length };
  } finally {
    await redis.stop();
  }
}

const rotationsAt = [0.05, 0.3, 0.55, 0.8];
/** Slow enough for the last rotation to come while there is work. */
const rotated = worker(
  type,
  withCount(2),
  withSpec({
    type,
    source: { inline: 'export default () => new Promise((done) => setTimeout(() => done({ ok: true }), 5));' },
    stream: { replyExpireSeconds: keepSeconds, responseLimit: kept.responseStreamLimit },
    handler: { concurrency: 32 },
  }),
);

/** Asks for another password, and waits until the one before is of nobody any more. */
async function rotate({ cluster }: TestOperator, asked: string): Promise<void> {
  const ref = { namespace: 'default', name: type };
  await cluster.patch(resources.redisWorkers, ref, {
    metadata: { annotations: { [annotations.rotateRedisPassword]: asked } },
  });
  await eventually('the password is another one, and the one before is gone', async () => {
    const secret = await cluster.get(resources.secrets, { ...ref, name: `${type}-worker` });
    const passwords = secret && rememberedPasswords(secret);
    return passwords?.asked === asked && passwords.previous === undefined;
  }, deadlineMs);
}

/** Moves slots in which replies and traces are being written. */
async function moveSome(cluster: TestCluster, from: number, to: number): Promise<void> {
  const owners = await cluster.owners();
  const lists = Array.from({ length: 1000 }, (_, index) => replyListKey(refOf(index)));
  const slots = new Set(lists.filter((list) => owners(list) === from).map(slotOf));
  for (const slot of [...slots].slice(0, movedSlots)) await cluster.migrateSlot(slot, to);
}

const movedSlots = 10;

async function start(redisUrl: string, ports: readonly number[], { settings }: Mode): Promise<TestWorker> {
  const members = ports.map((port) => `127.0.0.1:${port}`);
  const known = parseRedisAddress(redisUrl).hosts.map(formatHostPort);
  const net = members.filter((member) => !known.includes(member));
  return await startWorker({ type, module, redisUrl, net, settings });
}

/** Requests on their way, and where they are. */
interface Load {
  readonly target: Pipelined;
  readonly streams: Streams;
  readonly requests: number;
  readonly mode: Mode;
}

async function work(
  load: Load,
  launch: () => Promise<Pick<TestWorker, 'output' | 'stop'>>,
  faults: readonly Fault[],
): Promise<TopologyCount> {
  const { requests } = load;
  const running = await launch();
  const reach = (count: number) =>
    eventually(`answer ${count} of ${requests}`, async () => await answered(load) >= count, deadlineMs)
      .catch((cause: unknown) => {
        throw new Error(`${String(cause)}; the worker printed:\n${running.output().slice(-4000)}`, { cause });
      });
  try {
    for (const { at, strike } of faults) {
      await reach(at * requests);
      await strike();
    }
    await reach(requests);
    return await eventually('nothing is pending', () => settled(load), deadlineMs);
  } finally {
    await running.stop();
  }
}

/** Undefined while something is pending, or not even delivered. A server that is just going down has no answer either. */
async function settled({ target, streams, requests, mode }: Load): Promise<TopologyCount | undefined> {
  const { pending, delivered } = await readStanding(target, streams);
  return pending === 0 && delivered ? { requests, ...await mode.count(target, streams, requests) } : undefined;
}

/** 0 of a server that is just going down. */
function answered({ target, streams, mode }: Load): Promise<number> {
  return mode.answered(target, streams).catch(() => 0);
}

async function responses(
  target: Pipelined,
  { responseStream }: Streams,
  requests: number,
  { lost, answeredTwice: repliedTwice }: Audit,
): Promise<Omit<TopologyCount, 'requests'>> {
  const refs = new Map<string, number>();
  for (let from = '-';;) {
    const [entries] = await target.pipeline([['XRANGE', responseStream, from, '+', 'COUNT', page]]) as [Entry[]];
    for (const [, fields] of entries) {
      const ref = fields[fields.indexOf('ref') + 1] ?? '';
      refs.set(ref, (refs.get(ref) ?? 0) + 1);
    }
    const last = entries.at(-1);
    if (last === undefined || entries.length < page) break;
    from = `(${last[0]}`;
  }
  const answeredTwice = [...refs.values()].filter((count) => count > 1).length;
  return { lost: Math.max(lost, requests - refs.size), answeredTwice, repliedTwice };
}

type Entry = [id: string, fields: string[]];

function throughClient(client: () => Promise<Redis>): Pipelined {
  return { pipeline: async (commands) => await pipelined(await client(), commands) };
}

/** Sends each command to the node that serves its key. */
function throughCluster(cluster: TestCluster): Pipelined {
  return {
    async pipeline(commands) {
      const owners = await cluster.owners();
      const replies = new Array<unknown>(commands.length);
      const groups = Map.groupBy(commands.map((_, at) => at), (at) => owners(keyOf(commands[at] as Command)));
      await Promise.all([...groups].map(async ([port, some]) => {
        const answers = await pipelined(cluster.nodeAt(port), some.map((at) => commands[at] as Command));
        some.forEach((at, index) => (replies[at] = answers[index]));
      }));
      return replies;
    },
  };
}

function keyOf(command: Command): string {
  return String(command[0] === 'XGROUP' || command[0] === 'XINFO' ? command[2] : command[1]);
}

async function pipelined(client: Redis, commands: readonly Command[]): Promise<unknown[]> {
  const results = await client.pipeline(commands.map(([name, ...args]) => ['call', name, ...args])).exec() ?? [];
  return results.map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}
