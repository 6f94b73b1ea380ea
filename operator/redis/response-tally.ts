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
  /** Those of them with a code outside 200 to 299. */
  readonly failed: number;
  readonly lastCode: number;
  /** ISO 8601. */
  readonly lastTime: string;
  /** How long they took, where the worker told it; the recent ones weigh most. */
  readonly latency: LatencySketch;
}

/** What a response stream has shown so far. `lastId` and the totals belong together: counting goes on after it. */
export interface ResponseTally {
  /** Responses with a code: `succeeded` and `failed`, and the sum of `codes`. */
  readonly total: number;
  /** Codes 200 to 299. */
  readonly succeeded: number;
  readonly failed: number;
  /** Responses by code; beyond {@link maxCodes} different ones under `other`. */
  readonly codes: Readonly<Record<string, number>>;
  /** Entries without a `ref` or a code, which nobody can count as a response. */
  readonly unreadable: number;
  /** Id of the last entry taken in, readable or not. */
  readonly lastId?: string;
  readonly lastCode?: number;
  /** ISO 8601. */
  readonly lastTime?: string;
  /** Attempts beyond the first that responses tell of, since this process reads them. */
  readonly retries: number;
  /** How long requests took, where the worker told it, since this process reads them. */
  readonly durations: Durations;
  /** Responses per second over the last 10 to 20 seconds. */
  readonly perSecond: number;
  /** Entries may have been trimmed before they were counted: the totals are a lower bound. */
  readonly missed: boolean;
  /** Results by consumer id, for at most {@link maxConsumers} ids, the most recent last. */
  readonly perConsumer: ReadonlyMap<string, ConsumerResult>;
}

/** Different codes a tally names. */
export const maxCodes = 32;

/** Of a consumer id the operator gave. */
const longestConsumerId = 253;

/** A tally that has seen nothing. */
export const emptyTally: ResponseTally = {
  total: 0,
  succeeded: 0,
  failed: 0,
  codes: {},
  unreadable: 0,
  retries: 0,
  durations: noDurations,
  perSecond: 0,
  missed: false,
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

function countCode(codes: Record<string, number>, code: string): void {
  const named = Object.hasOwn(codes, code) || Object.keys(codes).filter((name) => name !== 'other').length < maxCodes;
  const name = named ? code : 'other';
  codes[name] = (codes[name] ?? 0) + 1;
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
    total: (before?.total ?? 0) + 1,
    failed: (before?.failed ?? 0) + (isSuccess(code) ? 0 : 1),
    lastCode: code,
    lastTime,
    latency: ms === undefined ? before?.latency ?? noLatency : timed(sketches, consumer, before, ms),
  });
  if (perConsumer.size <= maxConsumers) return;
  for (const oldest of perConsumer.keys()) {
    perConsumer.delete(oldest);
    sketches.delete(oldest);
    return;
  }
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
