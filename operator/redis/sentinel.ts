/** Finds the master of a set by its Sentinels, and believes none of them before the server itself says so. */
import type { Redis } from 'ioredis';
import { formatHostPort, type HostPort } from '../../contract/host-port.ts';
import { masterUnknown, mostTelling, type RedisFault, silence, toFault } from './fault.ts';
import { serverOf } from './members.ts';
import { items, text } from './replies.ts';
import { type Deadlines, openServer } from './server.ts';
import { type RedisTarget, sentinelTarget, serverTarget } from './target.ts';

/**
 * Asks the Sentinels, and dials the server most of them name: one that is gone or knows no master is passed over, and so
 * is a server that is none.
 * @throws RedisFault within `connectMs`
 */
export async function openMaster(target: RedisTarget, masterName: string, deadlines: Deadlines): Promise<Redis> {
  const end = Date.now() + deadlines.connectMs;
  const ask = (sentinel: HostPort) => askOnce(target, sentinel, masterName, deadlines.connectMs / 2);
  const { named, faults } = await namedMasters(target.hosts, ask);
  for (const [at, server] of named.entries()) {
    const connectMs = Math.max((end - Date.now()) / (named.length - at), 1);
    try {
      return await openIfMaster(target, server, { ...deadlines, connectMs });
    } catch (error) {
      faults.push(error);
    }
  }
  throw mostTelling(faults.map((fault) => toFault(fault, target)))?.of(target) ?? masterUnknown(target, '');
}

/** What the Sentinels say. */
export interface NamedMasters {
  /** The server most of them name comes first. */
  readonly named: readonly HostPort[];
  readonly faults: unknown[];
}

/** Asks all Sentinels at once, for as long as more than half of them do not agree: one of them may be cut off. */
export async function namedMasters(
  sentinels: readonly HostPort[],
  ask: (sentinel: HostPort) => Promise<HostPort>,
): Promise<NamedMasters> {
  const votes = new Map<string, { readonly server: HostPort; count: number }>();
  const faults: unknown[] = [];
  const agreed = Promise.withResolvers<undefined>();
  const asked = sentinels.map(async (sentinel) => {
    try {
      const server = await ask(sentinel);
      const vote = votes.get(formatHostPort(server)) ?? { server, count: 0 };
      votes.set(formatHostPort(server), vote);
      if (++vote.count > sentinels.length / 2) agreed.resolve(undefined);
    } catch (error) {
      faults.push(error);
    }
  });
  await Promise.race([Promise.all(asked), agreed.promise]);
  const byVotes = [...votes.values()].sort((one, other) => other.count - one.count);
  return { named: byVotes.map(({ server }) => server), faults: [...faults] };
}

/** The command that asks a Sentinel for the master. */
export function masterQuestion(masterName: string): readonly [string, ...string[]] {
  return ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName];
}

/** Reads its reply. @throws RedisFault when the Sentinel knows no set of this name */
export function masterIn(reply: unknown, target: RedisTarget, sentinel: HostPort): HostPort {
  const [host, port] = items(reply);
  const [server] = text(host) === '' ? [] : serverOf(host, port, { host: sentinel.host, tls: false });
  if (server === undefined) throw masterUnknown(target, 'they know no set of this name');
  return server;
}

async function askOnce(target: RedisTarget, sentinel: HostPort, masterName: string, ms: number): Promise<HostPort> {
  const own = sentinelTarget(target, sentinel);
  const client = await openServer(own, { connectMs: ms });
  try {
    return masterIn(await within(ms, client, own, client.call(...masterQuestion(masterName))), target, sentinel);
  } finally {
    client.disconnect();
  }
}

/** A Sentinel that is cut off from the others still names the server that was the master before. */
async function openIfMaster(target: RedisTarget, server: HostPort, deadlines: Deadlines): Promise<Redis> {
  const own = serverTarget(target, server);
  const client = await openServer(own, deadlines);
  try {
    const [role] = items(await within(deadlines.connectMs, client, own, client.call('ROLE')));
    if (text(role) !== 'master') throw masterUnknown(target, 'the server they name follows another');
  } catch (error) {
    const fault = toFault(error, own);
    // Who may not ask finds out by writing.
    if (fault.code === 'RedisNoPermission') return client;
    client.disconnect();
    throw fault;
  }
  return client;
}

async function within(ms: number, client: Redis, target: RedisTarget, reply: Promise<unknown>): Promise<unknown> {
  let late: RedisFault | undefined;
  const timer = setTimeout(() => {
    late = silence(target);
    client.disconnect();
  }, ms);
  try {
    return await reply;
  } catch (error) {
    throw toFault(late ?? error, target);
  } finally {
    clearTimeout(timer);
  }
}
