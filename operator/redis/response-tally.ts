/** Counting responses. Pure: entries in, the next tally out. */
import { maxConsumers } from '../../contract/limits.ts';
import { isSuccess } from '../../contract/reply.ts';
import { decodeResponse } from '../../contract/response.ts';
import type { StreamEntry } from './replies.ts';
import { beginning, compareIds, idTime } from './stream-id.ts';

/** How the last request of a consumer ended. */
export interface ConsumerResult {
  readonly lastCode: number;
  /** ISO 8601. */
  readonly lastTime: string;
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
  /** Responses per second over the last 10 to 20 seconds. */
  readonly perSecond: number;
  /** Entries may have been trimmed before they were counted: the totals are a lower bound. */
  readonly missed: boolean;
  /** Last result by consumer id, for at most {@link maxConsumers} ids, the most recent last. */
  readonly perConsumer: ReadonlyMap<string, ConsumerResult>;
}

/** Different codes a tally names. */
export const maxCodes = 32;

/** A consumer id that is longer was not given by the operator. */
const longestConsumerId = 253;

/** A tally that has seen nothing. */
export const emptyTally: ResponseTally = {
  total: 0,
  succeeded: 0,
  failed: 0,
  codes: {},
  unreadable: 0,
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
  const next = { ...tally, codes: { ...tally.codes }, perConsumer: new Map(tally.perConsumer) };
  for (const entry of entries) addEntry(next, entry, now);
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
  perConsumer: Map<string, ConsumerResult>;
};

function addEntry(draft: Draft, entry: StreamEntry, now: number): void {
  draft.lastId = entry.id;
  const response = decodeResponse(entry.fields);
  if (response?.code === undefined) {
    draft.unreadable += 1;
    return;
  }
  const result = { lastCode: response.code, lastTime: new Date(timeOf(entry, now)).toISOString() };
  draft.total += 1;
  if (isSuccess(response.code)) draft.succeeded += 1;
  else draft.failed += 1;
  draft.lastCode = result.lastCode;
  draft.lastTime = result.lastTime;
  countCode(draft.codes, String(response.code));
  if (response.consumer !== undefined) remember(draft.perConsumer, response.consumer, result);
}

function countCode(codes: Record<string, number>, code: string): void {
  const named = Object.hasOwn(codes, code) || Object.keys(codes).filter((name) => name !== 'other').length < maxCodes;
  const name = named ? code : 'other';
  codes[name] = (codes[name] ?? 0) + 1;
}

function remember(results: Map<string, ConsumerResult>, consumer: string, result: ConsumerResult): void {
  if (consumer.length > longestConsumerId) return;
  results.delete(consumer);
  results.set(consumer, result);
  if (results.size <= maxConsumers) return;
  for (const oldest of results.keys()) {
    results.delete(oldest);
    return;
  }
}
