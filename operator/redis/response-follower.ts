/** One follower of a response stream: what it has counted, and where it reads on. Decisions only, no I/O. */
import type { StreamState } from './observe-stream.ts';
import type { RedisFault } from './fault.ts';
import { countEvent, noRate, perSecondAt, type Rate } from './rate.ts';
import type { StreamEntry } from './replies.ts';
import { addResponses, cursorOf, isNew, type ResponseTally, timeOf } from './response-tally.ts';
import { beginning, compareIds } from './stream-id.ts';

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
  /** Where reading stood when entries may last have been trimmed unseen; undefined when there is no doubt. */
  gapFrom: string | undefined;
  /** The first entry seen at the last look, by which a stream that lost its newest entries is known again. */
  anchor: string | undefined;
  /** Whether the position has been held against the stream since the last connection. */
  verified: boolean;
  /** Why the stream cannot be read; it is looked at again with the next check. */
  fault: RedisFault | undefined;
}

export function newFollower(id: string, stream: string, from: ResponseTally): Follower {
  const position = cursorOf(from);
  return {
    id,
    stream,
    tally: from,
    rate: noRate,
    toldPerSecond: from.perSecond,
    position,
    gapFrom: position,
    anchor: undefined,
    verified: false,
    fault: undefined,
  };
}

/** After a lost connection everything may have happened to the stream. */
export function doubt(follower: Follower): void {
  follower.verified = false;
  follower.gapFrom ??= follower.position;
}

/** Counts the entries that are new to the follower. Returns whether there were any. */
export function take(follower: Follower, entries: readonly StreamEntry[], full: boolean, now: number): boolean {
  const fresh = entries.filter((entry) => isNew(entry, follower.position));
  const last = fresh.at(-1);
  if (last === undefined) return false;
  // A full batch means that reading lags behind, and trimming may have overtaken it.
  if (full) follower.gapFrom ??= follower.position;
  follower.tally = addResponses(follower.tally, fresh, now);
  follower.rate = fresh.reduce((rate, entry) => countEvent(rate, timeOf(entry, now)), follower.rate);
  follower.position = last.id;
  return true;
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
  const { gapFrom } = follower;
  follower.verified = true;
  follower.fault = undefined;
  follower.gapFrom = undefined;
  follower.anchor = state?.firstId;
  if (state === undefined) {
    follower.position = beginning;
  } else if (wentBack(follower, state)) {
    follower.position = sameStream ? state.lastGeneratedId : beginning;
  } else if (gapFrom !== undefined && gapFrom !== beginning && overtaken(gapFrom, state)) {
    follower.tally = { ...follower.tally, missed: true };
  }
}

/** The tally with the rate of this moment. */
export function tallyAt(follower: Follower, now: number): ResponseTally {
  return { ...follower.tally, perSecond: perSecondAt(follower.rate, now) };
}

/** Entries after `position` existed, and the stream does not reach back to it any more. */
function overtaken(position: string, state: StreamState): boolean {
  return state.firstId === undefined
    ? compareIds(state.lastGeneratedId, position) > 0
    : compareIds(state.firstId, position) > 0;
}
