/** Why no reply came: what the request stream shows once the time is up. */
import { z } from 'zod';
import { program } from './program.ts';
import { takeBack } from './take-back.ts';
import type { RedisClient } from './redis.ts';

/** The request stream as it stands after the wait. */
export interface Silence {
  readonly groups: readonly GroupState[];
  /** The request was removed again, since nobody would have taken it. */
  readonly takenBack: boolean;
}

/** One consumer group, and where our request is in it. */
export interface GroupState {
  readonly name: string;
  readonly consumers: number;
  readonly pending: number;
  readonly delivered: boolean;
  /** Who has the request and has not acknowledged it. */
  readonly heldBy?: string;
  /** How long ago it was delivered to that consumer, and how often it was delivered to one. */
  readonly idleMs?: number;
  readonly deliveries?: number;
}

const groupInfo = z.object({
  name: z.string(),
  consumers: z.number(),
  pending: z.number(),
  'last-delivered-id': z.string(),
});

/** Reads the groups of `stream`, and whether they were given the entry `id`; takes that back when nobody serves them. */
export async function observeSilence(redis: RedisClient, stream: string, id: string): Promise<Silence> {
  const groups = await observeGroups(redis, stream, id);
  return { groups, takenBack: await takeBack(redis, stream, id) };
}

/** Reads the groups of `stream`, which exists, and where each has the entry `id`. */
export async function observeGroups(redis: RedisClient, stream: string, id: string): Promise<readonly GroupState[]> {
  const rows = z.array(z.unknown()).parse(await redis.xinfo('GROUPS', stream));
  return await Promise.all(rows.map((row) => groupState(redis, stream, id, groupInfo.parse(fromPairs(row)))));
}

async function groupState(
  redis: RedisClient,
  stream: string,
  id: string,
  info: z.infer<typeof groupInfo>,
): Promise<GroupState> {
  const held = await redis.xpending(stream, info.name, id, id, 1);
  const row = z.array(z.tuple([z.string(), z.string(), z.number(), z.number()])).parse(held)[0];
  return {
    name: info.name,
    consumers: info.consumers,
    pending: info.pending,
    delivered: !isBefore(info['last-delivered-id'], id),
    ...(row === undefined ? {} : { heldBy: row[1], idleMs: row[2], deliveries: row[3] }),
  };
}

/** A request that got no reply. */
export interface Unanswered {
  readonly type: string;
  readonly stream: string;
  readonly id: string;
  /** How long it was waited for; absent: until Ctrl-C. */
  readonly timeoutSeconds?: number;
}

/** What is known, what to look at, and what becomes of the request. */
export function explainSilence({ groups, takenBack }: Silence, request: Unanswered): string {
  const { type, stream, id, timeoutSeconds } = request;
  const late = timeoutSeconds === undefined
    ? `interrupted before "${type}" replied`
    : `no reply from "${type}" within ${timeoutSeconds} s`;
  const gone = takenBack ? '. The request was taken back: it will not run' : '';
  const holder = groups.find((group) => group.heldBy !== undefined);
  if (holder?.heldBy !== undefined) {
    return `${late}: consumer "${holder.heldBy}" has the request and has not finished it; read its log, or wait longer with --timeout`;
  }
  if (groups.length === 0) {
    return `${late}: ${stream} has no consumer group, so no worker of this type has run here; check the type, and start its manifest with "${program} up FILE"${gone}`;
  }
  if (groups.every((group) => group.consumers === 0)) {
    return `${late}: no consumer has joined the group "${
      groups[0]?.name ?? ''
    }" of ${stream}; is a worker of this type running? See "${program} status"${gone}`;
  }
  const waiting = groups.find((group) => !group.delivered);
  if (waiting !== undefined) {
    return `${late}: the request waits in ${stream}, ${waiting.pending} others are pending; the workers are busy or stopped, see "${program} status". It runs once one of them takes it; "redis-cli XDEL ${stream} ${id}" removes it`;
  }
  return `${late}: a worker took the request and acknowledged it without a reply in time; read the worker's log`;
}

/** Order of stream ids `<ms>-<seq>`. */
function isBefore(id: string, other: string): boolean {
  const [ms = 0n, seq = 0n] = id.split('-').map(BigInt);
  const [otherMs = 0n, otherSeq = 0n] = other.split('-').map(BigInt);
  return ms < otherMs || (ms === otherMs && seq < otherSeq);
}

/** XINFO answers with a flat list of names and values, or with a map under RESP3. */
function fromPairs(row: unknown): unknown {
  if (!Array.isArray(row)) return row;
  const list: unknown[] = row;
  return Object.fromEntries(list.flatMap((name, at) => (at % 2 === 0 ? [[String(name), list[at + 1]]] : [])));
}
