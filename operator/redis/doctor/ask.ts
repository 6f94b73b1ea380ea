/** Asks one server what it is. It never writes: what a login may do is tried in a transaction that is discarded. */
import { performance } from 'node:perf_hooks';
import { TLSSocket } from 'node:tls';
import type { Redis } from 'ioredis';
import { quotable } from '../../../contract/foreign-text.ts';
import type { Clock } from '../../clock.ts';
import { decodeUser, letsEverybodyIn } from '../acl.ts';
import { openClient } from '../client.ts';
import { RedisFault, toFault } from '../fault.ts';
import type { Command } from '../command-key.ts';
import { items, records, strings, text } from '../replies.ts';
import type { RedisTarget } from '../target.ts';
import { infoFields, settings, type Told } from './facts.ts';
import { mayAsk, type Question } from './own-rules.ts';
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
  /** The ACL user of the target. */
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
    const user = target.username ?? 'default';
    const may = await ownRights(ask, user);
    const { byDefault, ...told } = await askOfItself(ask, may);
    return {
      ...told,
      user,
      defaultIsOpen: await isDefaultOpen(target, byDefault, deadlineMs),
      denied: needs.length === 0 ? [] : await deniedOf(needs, user, { ask, may }),
      tls: seenTls(client),
      address: client.stream instanceof TLSSocket || 'remoteAddress' in client.stream
        ? (client.stream.remoteAddress ?? '')
        : '',
      roundTripMs: await medianRoundTrip(ask),
      clockAheadMs: may('time') ? await clockAhead(ask, clock) : undefined,
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

type May = (question: Question) => boolean;

/** A login that may not read its own rules tries everything. */
async function ownRights(ask: Ask, user: string): Promise<May> {
  const [own] = await ask([['ACL', 'GETUSER', user]]);
  const rules = own instanceof RedisFault ? undefined : text(fieldOf(own, 'commands'));
  return (question) => mayAsk(rules, question);
}

/** What the server says of itself, and of its user `default`. */
async function askOfItself(ask: Ask, may: May): Promise<Told & { readonly byDefault: unknown }> {
  const [info, config, cluster, byDefault] = await askAllowed(ask, [
    may('info') && ['INFO'],
    may('config|get') && ['CONFIG', 'GET', ...settings],
    may('cluster|info') && ['CLUSTER', 'INFO'],
    may('acl|getuser') && ['ACL', 'GETUSER', 'default'],
  ]);
  return {
    info: info === undefined ? undefined : infoFields(text(info)),
    config: config === undefined ? undefined : new Map(Object.entries(records(config))),
    cluster: cluster === undefined ? undefined : infoFields(text(cluster)),
    byDefault,
  };
}

/** A question that may not be asked, or is refused all the same, has no answer. */
async function askAllowed(ask: Ask, questions: readonly (Command | false)[]): Promise<unknown[]> {
  const replies = await ask(questions.filter((question) => question !== false));
  return questions.map((question) => {
    const reply = question === false ? undefined : replies.shift();
    return reply instanceof RedisFault ? undefined : reply;
  });
}

/** By the server's own word; where it keeps that to itself, by coming without a password. */
async function isDefaultOpen(
  target: RedisTarget,
  byDefault: unknown,
  connectMs: number,
): Promise<boolean | undefined> {
  if (byDefault !== undefined) return letsEverybodyIn(decodeUser(byDefault));
  if (target.password === undefined) return true;
  const { hosts, db, topology, sentinel, tls, foreign } = target;
  const stranger = {
    ...{ hosts, db, topology },
    ...(sentinel ? { sentinel } : {}),
    ...(tls ? { tls } : {}),
    ...(foreign ? { foreign } : {}),
  };
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
async function deniedOf(
  needs: readonly Need[],
  user: string,
  { ask, may }: { readonly ask: Ask; readonly may: May },
): Promise<readonly Need[] | undefined> {
  const dryRun = (command: Command): Command => ['ACL', 'DRYRUN', user, ...command];
  const [dry] = may('acl|dryrun') ? await ask([dryRun(['PING'])]) : [];
  if (typeof dry === 'string') {
    const told = await ask(needs.map(({ command }) => dryRun(command)));
    return needs.filter((_, at) => typeof told[at] === 'string' && told[at] !== 'OK');
  }
  if (!may('multi') || !may('discard')) return undefined;
  const [begun, ...tried] = await ask([['MULTI'], ...needs.map(({ command }) => command), ['DISCARD']]);
  if (begun instanceof RedisFault) return undefined;
  return needs.filter((_, at) => {
    const reply = tried[at];
    return reply instanceof RedisFault && reply.code === 'RedisNoPermission';
  });
}

/** By a command every login may send. */
async function medianRoundTrip(ask: Ask): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < roundTrips; round++) {
    const begin = performance.now();
    await ask([['CLIENT', 'SETNAME', 'redisworker-operator']]);
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
