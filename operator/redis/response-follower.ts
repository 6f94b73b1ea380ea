/** One follower of a response stream: what it has counted, and where it reads on. Decisions only, no I/O. */
import type { StreamState } from './observe-stream.ts';
import type { RedisFault } from './fault.ts';
import { countEvents, noRate, perSecondAt, type Rate } from './rate.ts';
import type { StreamEntry } from './replies.ts';
import type { Count } from '../../contract/counts.ts';
import { addCounts } from './response-counts.ts';
import { addResponses, addUnread, cursorOf, isNew, type ResponseTally } from './response-tally.ts';
import { beginning, compareIds, idTime } from './stream-id.ts';

/** State of one follower; changed only by the functions below. */
export interface Follower {
  readonly id: string;
  readonly stream: string;
  tally: ResponseTally;
  rate: Rate;
  /** The rate that was told last. */
  toldPerSecond: number;
  /** Entries after this id are new: the tally's cursor, or the beginning of a stream that started over. */
  position: string;
  /** Entries the stream had ever received up to the position; undefined until that is known. */
  added: number | undefined;
  /** The first entry seen at the last look, by which a stream that lost its newest entries is known again. */
  anchor: string | undefined;
  /** Whether the position has been held against the stream since the last connection. */
  verified: boolean;
  /** Whether it was read to its end since then: what is skipped later was not missed, it came too fast. */
  followed: boolean;
  /** Whether entries were taken since the stream was last looked at, and so some may have been skipped unseen. */
  unsettled: boolean;
  /** Why the stream cannot be read; it is looked at again when it changes, or with the next check. */
  fault: RedisFault | undefined;
}

/** Entries a follower may be behind before it skips to the end: about what is read in a second. */
export const mostBehind = 25_000;

export function newFollower(id: string, stream: string, from: ResponseTally): Follower {
  return {
    id,
    stream,
    tally: from,
    rate: noRate,
    toldPerSecond: from.perSecond,
    position: cursorOf(from),
    added: from.entriesAdded,
    anchor: undefined,
    verified: false,
    followed: false,
    unsettled: false,
    fault: undefined,
  };
}

/** After a lost connection everything may have happened to the stream. */
export function doubt(follower: Follower): void {
  follower.verified = false;
  follower.followed = false;
}

/** True when the stream ends before what was read from it: it was flushed and begun anew, or has lost its newest entries. */
export function wentBack(follower: Follower, state: StreamState): boolean {
  return compareIds(state.lastGeneratedId, follower.position) < 0;
}

/**
 * Holds the follower against the stream as it is now (undefined: there is none). Totals are always kept.
 * @param sameStream when the stream went back: whether it still has the entry it was known by
 */
export function verify(follower: Follower, state: StreamState | undefined, sameStream: boolean): void {
  follower.verified = true;
  follower.fault = undefined;
  follower.anchor = state?.firstId;
  if (state === undefined) {
    goOn(follower, beginning, 0);
    follower.followed = true; // whatever comes is seen from its first entry on
  } else if (wentBack(follower, state)) {
    if (sameStream) goOn(follower, state.lastGeneratedId, state.entriesAdded);
    else goOn(follower, beginning, 0);
  } else if (follower.added !== undefined && (state.entriesAdded ?? 0) < follower.added) {
    follower.added = 0; // begun anew with higher ids: all its entries are behind the position
  }
}

/** True when nothing was added since the position; then that is where the stream's own count stands, too. */
export function isAtEnd(follower: Follower, state: StreamState): boolean {
  if (state.lastGeneratedId !== follower.position) return false;
  follower.added = state.entriesAdded;
  follower.followed = true;
  return true;
}

/** Counts the entries that are new to the follower. Returns whether there were any. */
export function take(follower: Follower, entries: readonly StreamEntry[], now: number): boolean {
  const fresh = freshOf(follower, entries);
  const last = fresh.at(-1);
  if (last === undefined) return false;
  const tally = addResponses(follower.tally, fresh, now);
  for (const [timeMs, count] of countedByTime(fresh, now)) follower.rate = countEvents(follower.rate, timeMs, count);
  follower.position = last.id;
  if (follower.added !== undefined) follower.added += fresh.length;
  follower.unsettled = true;
  follower.tally = withCursor(tally, last.id, follower.added);
  return true;
}

/**
 * Takes in what was read after a look at the stream, and counts what was added without being read: entries that were
 * trimmed or deleted, and all up to the end when too many wait.
 * @param isAll whether nothing is left behind the entries
 * @returns whether anything was counted
 */
export function settle(
  follower: Follower,
  state: StreamState,
  entries: readonly StreamEntry[],
  isAll: boolean,
  now: number,
): boolean {
  const { tally: before, added } = follower;
  const fresh = freshOf(follower, entries);
  const seen = fresh.filter(({ id }) => compareIds(id, state.lastGeneratedId) <= 0).length;
  const isThere = isAll || seen < fresh.length || fresh.at(-1)?.id === state.lastGeneratedId;
  const took = take(follower, entries, now);
  if (state.entriesAdded === undefined) return took;
  const expected = added ?? state.entriesAdded - (isThere ? seen : Math.max(state.length, seen));
  const unread = Math.max(0, state.entriesAdded - expected - seen);
  follower.added = state.entriesAdded + fresh.length - seen;
  if (!isThere && unread <= mostBehind) {
    follower.added = expected + fresh.length;
    follower.tally = withCursor(follower.tally, follower.position, follower.added);
    return took;
  }
  if (compareIds(state.lastGeneratedId, follower.position) > 0) follower.position = state.lastGeneratedId;
  const gone = isThere ? unread : Math.max(0, unread - Math.max(0, state.length - seen));
  follower.tally = withCursor(unreadInto(follower, before, unread, gone), follower.position, follower.added);
  if (unread > 0) follower.rate = countEvents(follower.rate, now, unread);
  follower.followed = true;
  follower.unsettled = false;
  return took || unread > 0;
}

/** Takes in what workers have counted themselves, all of it. */
export function count(follower: Follower, counts: readonly Count[], now: number): void {
  const { total } = follower.tally;
  follower.tally = addCounts(follower.tally, counts, now);
  const more = follower.tally.total - total;
  if (more > 0) follower.rate = countEvents(follower.rate, now, more);
}

/** The tally with the rate of this moment. */
export function tallyAt(follower: Follower, now: number): ResponseTally {
  return { ...follower.tally, perSecond: perSecondAt(follower.rate, now) };
}

/** @param gone those that the stream has no more */
function unreadInto(
  { tally, followed }: Follower,
  before: ResponseTally,
  unread: number,
  gone: number,
): ResponseTally {
  const counted = addUnread(tally, unread, before);
  return followed ? counted : { ...counted, missed: tally.missed + gone };
}

/** A tally that has seen nothing of its stream stays without a cursor. */
function withCursor(tally: ResponseTally, position: string, added: number | undefined): ResponseTally {
  if (position === beginning) return tally;
  return { ...tally, lastId: position, ...(added === undefined ? {} : { entriesAdded: added }) };
}

function goOn(follower: Follower, position: string, added: number | undefined): void {
  follower.position = position;
  follower.added = added;
}

function freshOf({ position }: Follower, entries: readonly StreamEntry[]): readonly StreamEntry[] {
  return entries.filter((entry) => isNew(entry, position));
}

/** Entries of one second count together; none counts as of later than now. */
function countedByTime(entries: readonly StreamEntry[], now: number): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { id } of entries) {
    const time = Math.min(idTime(id), now);
    const second = time - time % 1000;
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return counts;
}
