/** Asks one server what it is. It never writes: what a login may do is tried in a transaction that is discarded. */
import { performance } from 'node:perf_hooks';
import { TLSSocket } from 'node:tls';
import type { Redis } from 'ioredis';
import { quotable } from '../../../contract/foreign-text.ts';
import type { Clock } from '../../clock.ts';
import { openClient } from '../client.ts';
import { RedisFault, toFault } from '../fault.ts';
import type { Command } from '../command-key.ts';
import { items, records, strings, text } from '../replies.ts';
import type { RedisTarget } from '../target.ts';
import { infoFields, settings, type Told } from './facts.ts';
import type { Need } from './rights.ts';

/** How TLS to the server turned out. */
export interface SeenTls {
  readonly protocol: string;
  /** Milliseconds since 1970. */
  readonly validTo: number;
  /** Common name, or the first other name. */
  readonly name: string;
}

/** Everything that was found out about one server. */
export interface Answers extends Told {
  /** The ACL user the connection has. */
  readonly user: string;
  /** What the user `default` is allowed without a password; undefined when that cannot be told. */
  readonly defaultIsOpen: boolean | undefined;
  /** Those of the needs that were denied; undefined when it cannot be told. */
  readonly denied: readonly Need[] | undefined;
  readonly tls: SeenTls | undefined;
  /** Where the connection led. */
  readonly address: string;
  /** Half of several round trips took less, half took longer. */
  readonly roundTripMs: number;
  /** How far its clock is ahead of this machine's; undefined when it does not tell the time. */
  readonly clockAheadMs: number | undefined;
}

/** Milliseconds for connecting, and for every command. */
export interface AskOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
}

const roundTrips = 5;

/**
 * Asks the first server of `target`, or the master of its Sentinels, by a connection of its own, in a few round trips.
 * @param needs commands to try, none of which is carried out
 * @throws RedisFault when it cannot be asked at all
 */
export async function askServer(
  target: RedisTarget,
  needs: readonly Need[],
  { clock, deadlineMs }: AskOptions,
): Promise<Answers> {
  const client = await openClient(target, { connectMs: deadlineMs, commandMs: deadlineMs });
  try {
    const ask = (commands: readonly Command[]): Promise<unknown[]> =>
      Promise.all(commands.map((command) => client.call(...command).catch((error: unknown) => refusal(error, target))));
    const [info, config, cluster, whoami, byDefault] = await ask([
      ['INFO'],
      ['CONFIG', 'GET', ...settings],
      ['CLUSTER', 'INFO'],
      ['ACL', 'WHOAMI'],
      ['ACL', 'GETUSER', 'default'],
    ]);
    const user = whoami instanceof RedisFault ? (target.username ?? 'default') : quotable(text(whoami));
    return {
      info: info instanceof RedisFault ? undefined : infoFields(text(info)),
      config: config instanceof RedisFault ? undefined : new Map(Object.entries(records(config))),
      cluster: cluster instanceof RedisFault ? undefined : infoFields(text(cluster)),
      user,
      defaultIsOpen: await isDefaultOpen(target, { user, byDefault }, deadlineMs),
      denied: needs.length === 0 ? [] : await deniedOf(needs, user, ask),
      tls: seenTls(client),
      address: client.stream instanceof TLSSocket || 'remoteAddress' in client.stream
        ? (client.stream.remoteAddress ?? '')
        : '',
      roundTripMs: await medianRoundTrip(client, target),
      clockAheadMs: await clockAhead(ask, clock),
    };
  } catch (error) {
    throw toFault(error, target);
  } finally {
    client.disconnect();
  }
}

/** A refusal is an answer; a connection that is lost ends the examination. */
function refusal(error: unknown, target: RedisTarget): RedisFault {
  const fault = toFault(error, target);
  if (fault.loss !== undefined) throw fault;
  return fault;
}

type Ask = (commands: readonly Command[]) => Promise<unknown[]>;

/** By the server's own word; where it keeps that to itself, by coming without a password. */
async function isDefaultOpen(
  target: RedisTarget,
  { user, byDefault }: { readonly user: string; readonly byDefault: unknown },
  connectMs: number,
): Promise<boolean | undefined> {
  if (!(byDefault instanceof RedisFault)) {
    const flags = new Set(strings(fieldOf(byDefault, 'flags')));
    return flags.has('on') && flags.has('nopass') && text(fieldOf(byDefault, 'commands')) !== '-@all';
  }
  if (target.password === undefined) return user === 'default';
  const { hosts, db, topology, tls, foreign } = target;
  const stranger = { hosts, db, topology, ...(tls ? { tls } : {}), ...(foreign ? { foreign } : {}) };
  try {
    const client = await openClient(stranger, { connectMs, commandMs: connectMs });
    const answered = await client.ping().then(() => true, () => false);
    client.disconnect();
    return answered;
  } catch {
    return undefined;
  }
}

function fieldOf(reply: unknown, name: string): unknown {
  const flat = items(reply);
  return flat[flat.indexOf(name) + 1];
}

/** ACL DRYRUN leaves no trace in the log of the server, so it is asked first; a login that may not use it tries. */
async function deniedOf(needs: readonly Need[], user: string, ask: Ask): Promise<readonly Need[] | undefined> {
  const dryRun = (command: Command): Command => ['ACL', 'DRYRUN', user, ...command];
  const [dry] = await ask([dryRun(['PING'])]);
  if (typeof dry === 'string') {
    const told = await ask(needs.map(({ command }) => dryRun(command)));
    return needs.filter((_, at) => typeof told[at] === 'string' && told[at] !== 'OK');
  }
  const [begun, ...tried] = await ask([['MULTI'], ...needs.map(({ command }) => command), ['DISCARD']]);
  if (begun instanceof RedisFault) return undefined;
  return needs.filter((_, at) => {
    const reply = tried[at];
    return reply instanceof RedisFault && reply.code === 'RedisNoPermission';
  });
}

async function medianRoundTrip(client: Redis, target: RedisTarget): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < roundTrips; round++) {
    const begin = performance.now();
    await client.call('ECHO', 'redisworker').catch((error: unknown) => refusal(error, target));
    times.push(performance.now() - begin);
  }
  return times.sort((one, other) => one - other)[Math.floor(roundTrips / 2)] ?? 0;
}

async function clockAhead(ask: Ask, clock: Clock): Promise<number | undefined> {
  const before = clock.now();
  const [reply] = await ask([['TIME']]);
  const after = clock.now();
  const [seconds, micros] = strings(reply).map(Number);
  if (seconds === undefined || micros === undefined) return undefined;
  return seconds * 1000 + micros / 1000 - (before + after) / 2;
}

function seenTls({ stream }: Redis): SeenTls | undefined {
  if (!(stream instanceof TLSSocket)) return undefined;
  const { subject, subjectaltname = '', valid_to: validTo } = stream.getPeerCertificate();
  const [firstName = ''] = subjectaltname.split(', ').map((name) => name.replace(/^[^:]*:/, ''));
  return {
    protocol: stream.getProtocol() ?? 'TLS',
    validTo: Date.parse(validTo),
    name: quotable(firstName || String(subject.CN)),
  };
}
