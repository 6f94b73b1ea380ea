/** A master, two replicas and three Sentinels that watch them, on free ports of this machine. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { freePort, start, type TestProcess } from '../processes.ts';
import { redisServer } from '../redis.ts';
import type { Signed } from '../tls/certificates.ts';
import { eventually } from '../wait.ts';

/** What the servers and the Sentinels ask for; nothing unless given. */
export interface SentinelOptions {
  /** Password of the servers' default user. */
  readonly password?: string;
  /** Password of the Sentinels' default user. */
  readonly sentinelPassword?: string;
  /** Everything speaks TLS, with certificates of this authority. */
  readonly tls?: Signed;
}

/** One process of the set. */
export interface Member {
  readonly port: number;
  readonly pid: number;
  /** A connection with the login of its kind; closed by {@link SentinelSet.stop}. */
  readonly client: Redis;
  /** Ends it at once, as a crash does. */
  crash(): Promise<void>;
}

/** The servers and their Sentinels. */
export interface SentinelSet {
  readonly masterName: string;
  /** `redis+sentinel://…`, or `rediss+sentinel://…`. */
  readonly url: string;
  readonly servers: readonly Member[];
  readonly sentinels: readonly Member[];
  /** The server that every Sentinel alive takes for the master. */
  master(): Promise<Member>;
  /** Makes a replica the master, which keeps its clients waiting for a moment; the old master follows it. */
  failOver(): Promise<Member>;
  /** Ends the master at once, and waits for the one that comes after it. */
  crashMaster(): Promise<Member>;
  /** How often another server has become the master, whoever had it so. */
  switches(): number;
  stop(): Promise<void>;
}

const masterName = 'mymaster';
const quorum = 2;

/** Starts the set; settles when the Sentinels know each other and both replicas. */
export async function startSentinelSet(options: SentinelOptions = {}): Promise<SentinelSet> {
  const dir = mkdtempSync(join(tmpdir(), 'redisworker-sentinel-'));
  const members: (Member & { readonly process: TestProcess })[] = [];
  let listener: Redis | undefined;
  const launch = (name: string, port: number, configuration: readonly string[], password?: string): Member => {
    const file = join(dir, `${name}.conf`);
    writeFileSync(file, `${[...listening(port, options.tls), `dir ${dir}`, ...configuration].join('\n')}\n`);
    const process = start(redisServer, name.startsWith('sentinel') ? [file, '--sentinel'] : [file]);
    const client = new Redis(clientOptions(port, options.tls, password));
    client.on('error', () => undefined); // members are ended on purpose
    const crash = async (): Promise<void> => {
      process.child.kill('SIGKILL');
      await process.ended;
    };
    const member = { port, pid: process.pid, client, crash, process };
    members.push(member);
    return member;
  };
  const stop = async (): Promise<void> => {
    for (const { client } of members) client.disconnect();
    listener?.disconnect();
    await Promise.all(members.map(({ process }) => process.stop()));
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const [first, ...others] = [await freePort(), await freePort(), await freePort()];
    const servers = [first, ...others].map((port) =>
      launch(`server-${port}`, port, serverLines(options, port === first ? undefined : first), options.password)
    );
    await eventually('both replicas follow', async () => /connected_slaves:2/.test(await infoOf(servers[0])));
    const ports = [await freePort(), await freePort(), await freePort()];
    const sentinels = ports.map((port) =>
      launch(`sentinel-${port}`, port, sentinelLines(options, first), options.sentinelPassword)
    );
    const set = { servers, sentinels };
    await eventually('the Sentinels know everybody', () => knowEverybody(set));
    listener = sentinels[0]?.client.duplicate();
    const switches = listener ? await countSwitches(listener) : () => 0;
    return {
      ...set,
      masterName,
      url: `redis${options.tls ? 's' : ''}+sentinel://${
        ports.map((port) => `127.0.0.1:${port}`).join(',')
      }/${masterName}`,
      master: () => masterOf(set),
      async failOver() {
        const before = await masterOf(set);
        await eventually('a Sentinel takes the order', () => orderFailover(set));
        return await masterAfter(set, before);
      },
      async crashMaster() {
        const before = await masterOf(set);
        await before.crash();
        return await masterAfter(set, before);
      },
      switches,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Counts what a Sentinel tells over a connection of its own. @returns how often the master has changed so far */
async function countSwitches(listener: Redis): Promise<() => number> {
  let count = 0;
  listener.on('error', () => undefined); // it is ended on purpose
  listener.on('message', () => count++);
  await listener.subscribe('+switch-master');
  return () => count;
}

type Members = Pick<SentinelSet, 'servers' | 'sentinels'>;

function listening(port: number, tls: Signed | undefined): string[] {
  return tls
    ? ['port 0', ...pairs(tls.serverArgs(port, 'no')), 'tls-replication yes', 'bind 127.0.0.1']
    : [`port ${port}`, 'bind 127.0.0.1'];
}

/** Arguments of a command line as lines of a configuration. */
function pairs(args: readonly string[]): string[] {
  return args.flatMap((arg, at) => (at % 2 === 0 ? [`${arg.replace(/^--/, '')} ${args[at + 1] ?? ''}`] : []));
}

function serverLines({ password }: SentinelOptions, master: number | undefined): string[] {
  return [
    'save ""',
    'appendonly no',
    'repl-diskless-sync yes',
    'repl-diskless-sync-delay 0',
    ...(password === undefined ? [] : [`requirepass "${password}"`, `masterauth "${password}"`]),
    ...(master === undefined ? [] : [`replicaof 127.0.0.1 ${master}`]),
  ];
}

function sentinelLines({ password, sentinelPassword }: SentinelOptions, master: number): string[] {
  return [
    `sentinel monitor ${masterName} 127.0.0.1 ${master} ${quorum}`,
    `sentinel down-after-milliseconds ${masterName} 2000`,
    `sentinel failover-timeout ${masterName} 3000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${masterName} "${password}"`]),
    ...(sentinelPassword === undefined
      ? []
      : [`requirepass "${sentinelPassword}"`, `sentinel sentinel-pass "${sentinelPassword}"`]),
  ];
}

function clientOptions(
  port: number,
  tls: Signed | undefined,
  password: string | undefined,
): Omit<RedisOptions, 'replyMapping'> {
  return {
    host: '127.0.0.1',
    port,
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: { ca: tls.ca, checkServerIdentity: () => undefined } } : {}),
    enableReadyCheck: false,
    retryStrategy: () => 50,
    maxRetriesPerRequest: 0,
  };
}

async function infoOf(server: Member | undefined): Promise<string> {
  return await server?.client.info('replication') ?? '';
}

async function knowEverybody({ sentinels }: Members): Promise<boolean> {
  const known = await Promise.all(sentinels.map(async ({ client }) => {
    const fields = await client.call('SENTINEL', 'MASTER', masterName) as string[];
    const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
    return field('num-slaves') === '2' && field('num-other-sentinels') === '2' && field('flags') === 'master';
  }));
  return known.every(Boolean);
}

/** Undefined while the Sentinels disagree, or name a server that does not play the master. */
async function agreedMaster({ servers, sentinels }: Members): Promise<Member | undefined> {
  const told = await Promise.allSettled(
    sentinels.map(({ client }) => client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName) as Promise<string[]>),
  );
  const ports = new Set(told.flatMap((one) => (one.status === 'fulfilled' ? [Number(one.value[1])] : [])));
  const found = servers.find(({ port }) => ports.size === 1 && ports.has(port));
  const [role] = (await found?.client.call('ROLE').catch(() => undefined) ?? []) as string[];
  return role === 'master' ? found : undefined;
}

function masterOf(set: Members): Promise<Member> {
  return eventually('the Sentinels agree on the master', () => agreedMaster(set));
}

async function masterAfter(set: Members, before: Member): Promise<Member> {
  return await eventually('another master is agreed on', async () => {
    const now = await agreedMaster(set);
    return now === before ? undefined : now;
  }, 30_000);
}

/** Refused while the last failover is not over everywhere. */
async function orderFailover({ sentinels }: Members): Promise<boolean> {
  for (const { client } of sentinels) {
    if (await client.call('SENTINEL', 'FAILOVER', masterName).then(() => true, () => false)) return true;
  }
  return false;
}
