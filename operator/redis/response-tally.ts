/** Counting responses. Pure: entries in, the next tally out. */
import { maxConsumers } from '../../contract/limits.ts';
import { isSuccess } from '../../contract/reply.ts';
import { decodeResponse } from '../../contract/response.ts';
import { copyDurations, countDuration, type Durations, noDurations } from './durations.ts';
import { copyLatency, countLatency, type LatencySketch, noLatency } from './latency.ts';
import type { StreamEntry } from './replies.ts';
import { beginning, compareIds, idTime } from './stream-id.ts';

/** How the requests of a consumer ended, of those that were read. */
export interface ConsumerResult {
  /** Responses with a code; never falls. */
  readonly total: number;
  /** Of `total`, those that the worker counted itself; absent: none. */
  readonly counted?: number;
  /** Those of `total` with a code outside 200 to 299. */
  readonly failed: number;
  readonly lastCode: number;
  /** ISO 8601. */
  readonly lastTime: string;
  /** How long they took, where the worker told it; the recent ones weigh most. */
  readonly latency: LatencySketch;
}

/** What a response stream has shown so far. `lastId` and the totals belong together: counting goes on after it. */
export interface ResponseTally {
  /** Responses: `succeeded` and `failed`, and the sum of `codes`. Exact where the server counts what it adds. */
  readonly total: number;
  /** Codes 200 to 299. */
  readonly succeeded: number;
  readonly failed: number;
  /** Responses by code; beyond {@link maxCodes} different ones under `other`. */
  readonly codes: Readonly<Record<string, number>>;
  /** Of `codes`, those that workers counted themselves instead of writing responses: more are counted from there on. */
  readonly counted: Readonly<Record<string, number>>;
  /** Entries without a `ref` or a code, which nobody can count as a response. */
  readonly unreadable: number;
  /** Id of the last entry taken in, readable or not. */
  readonly lastId?: string;
  /** Entries the stream had ever received up to that one, deleted ones included; undefined where that is not known. */
  readonly entriesAdded?: number;
  /** Of `total`, those that were not read: more came than can be. Their codes are inferred from those that were. */
  readonly sampled: number;
  readonly lastCode?: number;
  /** ISO 8601. */
  readonly lastTime?: string;
  /** Attempts beyond the first that responses tell of, since this process reads them. */
  readonly retries: number;
  /** How long requests took, where the worker told it, since this process reads them. */
  readonly durations: Durations;
  /** Responses per second over the last 10 to 20 seconds. */
  readonly perSecond: number;
  /** Of `sampled`, those that were gone from the stream when the operator came to read on after an interruption. */
  readonly missed: number;
  /** Results by consumer id, for at most {@link maxConsumers} ids, the most recent last. */
  readonly perConsumer: ReadonlyMap<string, ConsumerResult>;
}

/** Different codes a tally names. */
export const maxCodes = 32;

/** Of a consumer id the operator gave. */
export const longestConsumerId = 253;

/** A tally that has seen nothing. */
export const emptyTally: ResponseTally = {
  total: 0,
  succeeded: 0,
  failed: 0,
  codes: {},
  counted: {},
  unreadable: 0,
  retries: 0,
  durations: noDurations,
  perSecond: 0,
  sampled: 0,
  missed: 0,
  perConsumer: new Map(),
};

/**
 * Takes entries in, in the order of their ids; `now` in ms bounds the times of entries from the future.
 * `perSecond` is left as it was: it depends on when one asks.
 */
export function addResponses(tally: ResponseTally, entries: readonly StreamEntry[], now: number): ResponseTally {
  if (entries.length === 0) return tally;
  const next = {
    ...tally,
    codes: { ...tally.codes },
    durations: copyDurations(tally.durations),
    perConsumer: new Map(tally.perConsumer),
  };
  const sketches: Sketches = new Map();
  for (const entry of entries) addEntry(next, sketches, entry, now);
  return next;
}

/**
 * Counts entries that were added and not read, as if they were like those that were.
 * @param before the tally without its last entries: these tell what the others were like, unless there are none
 */
export function addUnread(tally: ResponseTally, unread: number, before: ResponseTally): ResponseTally {
  const sample = grown(before, tally) ?? written(tally);
  const { succeeded, failed, unreadable } = sample;
  if (unread <= 0 || succeeded + failed + unreadable === 0) return tally;
  const parts = shared(unread, { succeeded, failed, unreadable });
  const responses = (parts['succeeded'] ?? 0) + (parts['failed'] ?? 0);
  const codes = { ...tally.codes };
  for (const [code, count] of Object.entries(shared(responses, sample.codes))) codes[code] = (codes[code] ?? 0) + count;
  return {
    ...tally,
    total: tally.total + responses,
    succeeded: tally.succeeded + (parts['succeeded'] ?? 0),
    failed: tally.failed + (parts['failed'] ?? 0),
    unreadable: tally.unreadable + (parts['unreadable'] ?? 0),
    codes,
    sampled: tally.sampled + responses,
  };
}

type Counts = Pick<ResponseTally, 'succeeded' | 'failed' | 'unreadable' | 'codes'>;

/** What came in between two tallies; undefined when nothing did. */
function grown(before: ResponseTally, now: ResponseTally): Counts | undefined {
  if (before.total === now.total && before.unreadable === now.unreadable) return undefined;
  return {
    succeeded: now.succeeded - before.succeeded,
    failed: now.failed - before.failed,
    unreadable: now.unreadable - before.unreadable,
    codes: Object.fromEntries(
      Object.entries(now.codes).map(([code, count]) => [code, count - (before.codes[code] ?? 0)]),
    ),
  };
}

/** What was read of the stream: what workers count themselves tells nothing of its entries. */
function written(tally: ResponseTally): Counts {
  const counted = Object.entries(tally.counted);
  const codes = { ...tally.codes };
  for (const [code, count] of counted) codes[code] = Math.max(0, (codes[code] ?? 0) - count);
  const { succeeded, failed } = sumsOf(counted);
  return {
    succeeded: Math.max(0, tally.succeeded - succeeded),
    failed: Math.max(0, tally.failed - failed),
    unreadable: tally.unreadable,
    codes,
  };
}

/** How many of those with these codes are successes, and how many are not. */
export function sumsOf(counted: readonly (readonly [code: string, count: number])[]) {
  let [succeeded, failed] = [0, 0];
  for (const [code, count] of counted) {
    if (isSuccess(Number(code))) succeeded += count;
    else failed += count;
  }
  return { succeeded, failed };
}

/** Shares whole things out as the weights are; what is left over goes to the heaviest. */
function shared(whole: number, weights: Readonly<Record<string, number>>): Record<string, number> {
  const named = Object.entries(weights);
  const sum = named.reduce((all, [, weight]) => all + weight, 0);
  const parts = Object.fromEntries(
    named.map(([name, weight]) => [name, Math.floor(whole * weight / Math.max(sum, 1))]),
  );
  const rest = whole - Object.values(parts).reduce((all, part) => all + part, 0);
  const [heaviest] = named.reduce((one, other) => (other[1] > one[1] ? other : one), ['', 0]);
  return heaviest === '' ? parts : { ...parts, [heaviest]: (parts[heaviest] ?? 0) + rest };
}

/** True when the entry lies behind the tally's cursor. */
export function isNew(entry: StreamEntry, position: string): boolean {
  return compareIds(entry.id, position) > 0;
}

/** Where the reading goes on. */
export function cursorOf(tally: ResponseTally): string {
  return tally.lastId ?? beginning;
}

/** When the entry was added, in ms, not later than `now`. */
export function timeOf(entry: StreamEntry, now: number): number {
  return Math.min(idTime(entry.id), now);
}

type Draft = { -readonly [Field in keyof ResponseTally]: ResponseTally[Field] } & {
  codes: Record<string, number>;
  durations: ReturnType<typeof copyDurations>;
  perConsumer: Map<string, ConsumerResult>;
};

/** By consumer, those that were copied for the next tally already. */
type Sketches = Map<string, Uint16Array>;

function addEntry(draft: Draft, sketches: Sketches, entry: StreamEntry, now: number): void {
  draft.lastId = entry.id;
  const response = decodeResponse(entry.fields);
  if (response?.code === undefined) {
    draft.unreadable += 1;
    return;
  }
  const lastTime = new Date(timeOf(entry, now)).toISOString();
  draft.total += 1;
  if (isSuccess(response.code)) draft.succeeded += 1;
  else draft.failed += 1;
  draft.lastCode = response.code;
  draft.lastTime = lastTime;
  countCode(draft.codes, String(response.code));
  if (response.ms !== undefined) countDuration(draft.durations, response.ms);
  draft.retries += Math.max(0, (response.attempt ?? 1) - 1);
  const { consumer = '' } = response;
  if (consumer !== '' && consumer.length <= longestConsumerId) {
    remember(draft.perConsumer, sketches, consumer, { code: response.code, ms: response.ms, lastTime });
  }
}

/** Counts a code, of which only so many are named. */
export function countCode(codes: Record<string, number>, code: string, times = 1): void {
  const named = Object.hasOwn(codes, code) || Object.keys(codes).filter((name) => name !== 'other').length < maxCodes;
  const name = named ? code : 'other';
  codes[name] = (codes[name] ?? 0) + times;
}

function remember(
  perConsumer: Map<string, ConsumerResult>,
  sketches: Sketches,
  consumer: string,
  { code, ms, lastTime }: { readonly code: number; readonly ms: number | undefined; readonly lastTime: string },
): void {
  const before = perConsumer.get(consumer);
  perConsumer.delete(consumer);
  perConsumer.set(consumer, {
    ...(before?.counted === undefined ? {} : { counted: before.counted }),
    total: (before?.total ?? 0) + 1,
    failed: (before?.failed ?? 0) + (isSuccess(code) ? 0 : 1),
    lastCode: code,
    lastTime,
    latency: ms === undefined ? before?.latency ?? noLatency : timed(sketches, consumer, before, ms),
  });
  for (const oldest of forgetOldest(perConsumer)) sketches.delete(oldest);
}

/** Forgets those who answered longest ago, where there are too many. @returns their ids */
export function forgetOldest(perConsumer: Map<string, ConsumerResult>): readonly string[] {
  const tooMany = perConsumer.size - maxConsumers;
  if (tooMany <= 0) return [];
  const forgotten = [...perConsumer.keys()].slice(0, tooMany);
  for (const id of forgotten) perConsumer.delete(id);
  return forgotten;
}

function timed(
  sketches: Sketches,
  consumer: string,
  before: ConsumerResult | undefined,
  ms: number,
): LatencySketch {
  const sketch = sketches.get(consumer) ?? copyLatency(before?.latency ?? noLatency);
  sketches.set(consumer, sketch);
  countLatency(sketch, ms);
  return sketch;
}
