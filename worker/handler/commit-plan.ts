/**
 * What a request leaves behind when it is not certain that all of it can be written: decided key by key from what is
 * there. Pure.
 */
import { errorCounterField } from '../../contract/config-hash.ts';
import { countField } from '../../contract/counts.ts';
import { groupRecordKey, replyListKey, retryScheduleKey, traceHashKey } from '../../contract/keys.ts';
import {
  deadLetterLimit,
  defaultReplyExpireSeconds,
  defaultResponseStreamLimit,
  traceExpireSeconds,
} from '../../contract/limits.ts';
import { runtimeFields } from '../../contract/runtime-fields.ts';
import { traceField } from '../../contract/trace.ts';
import { type Arg, type Command, encodeCommands } from '../redis/commands.ts';
import { traceText } from './answer-commands.ts';
import type { Held } from './in-flight.ts';
import type { Answer } from './answer.ts';
import type { Outcome } from './outcome.ts';
import type { Place } from './place.ts';
import { type Records, recordsOf } from './records.ts';
import type { TraceExpiry } from './trace-expiry.ts';

/** A key as it is: its type in Redis's words, `none` when there is no such key, and how long it will live. */
export interface KeyState {
  readonly type: string;
  /** Milliseconds; -1 for a key that stays, -2 for none. */
  readonly ttlMs: number;
}

/** The keys a request touches, as they are. */
export type KeyStates = (key: string) => KeyState;

/** What to do about one request. */
export type Finish =
  /** Write these, and acknowledge it. `outcome` is what becomes of it; `unwritten` says what had to be left out. */
  | {
    readonly kind: 'write';
    readonly commands: readonly Command[];
    readonly outcome: Outcome;
    readonly unwritten?: string;
  }
  /** A key that is not the request's own has another type: nothing can be written until somebody sees to it. */
  | { readonly kind: 'wait'; readonly problem: string };

/** Every key that finishing a request may write to, but for the config hash. */
export function keysOf({ ref, entry, outcome }: Held, place: Place): string[] {
  const keys: string[] = [];
  const records = outcome.answer && recordsOf(entry, outcome.answer.code, place.settings);
  if (records?.response) keys.push(place.responseStream);
  if (records?.reply) keys.push(replyListKey(ref));
  if (outcome.answer && place.settings.traces === 'On') keys.push(traceHashKey(ref));
  // An answer that cannot be given makes a dead letter.
  if (outcome.answer || outcome.dead !== undefined) keys.push(place.settings.deadLetterStream);
  if (outcome.retryAt !== undefined) keys.push(retryScheduleKey(place.keyPrefix));
  return keys;
}

/**
 * Decides what finishing a request writes.
 * @param offset what makes moments of the monotonic clock milliseconds since 1970
 */
export function planFinish(
  held: Held,
  stateOf: KeyStates,
  place: Place,
  traceExpiry: TraceExpiry,
  offset: number,
): Finish {
  const list = replyListKey(held.ref);
  const records = held.outcome.answer && recordsOf(held.entry, held.outcome.answer.code, place.settings);
  const undeliverable = records?.reply ? wrongType(list, stateOf, 'list') : undefined;
  const outcome = undeliverable === undefined
    ? held.outcome
    : { ...held.outcome, dead: held.outcome.dead ?? `its reply could not be written: WRONGTYPE ${undeliverable}` };
  const problem = obstacle(outcome, records, stateOf, place);
  if (problem !== undefined) return { kind: 'wait', problem };
  const commands = rareCommands(held, outcome, place);
  const { answer } = outcome;
  if (answer === undefined || records === undefined) return { kind: 'write', commands, outcome };
  if (records.reply && undeliverable === undefined) commands.push(...replyCommands(list, answer, stateOf(list), place));
  commands.push(records.response ? responseCommand(held, answer, place) : countCommand(answer, place));
  const untraced = place.settings.traces === 'On' ? wrongType(traceHashKey(held.ref), stateOf, 'hash') : undefined;
  if (place.settings.traces === 'On' && untraced === undefined) {
    commands.push(
      ...fieldCommands(held.ref, traceField(place.type), traceText(held, answer.told, offset), stateOf, traceExpiry),
    );
  }
  const unwritten = undeliverable ?? untraced;
  return { kind: 'write', commands, outcome, ...(unwritten === undefined ? {} : { unwritten }) };
}

/** Writes one field of a trace, which ends by itself and takes nothing of anybody else's with it. */
export function fieldCommands(
  ref: string,
  field: string,
  value: Arg,
  stateOf: KeyStates,
  expiry: TraceExpiry,
): Command[] {
  const key = traceHashKey(ref);
  if (expiry === 'HSETEX') return [['HSETEX', key, 'EX', traceExpireSeconds, 'FIELDS', 1, field, value]];
  const set: Command = ['HSET', key, field, value];
  if (expiry === 'HEXPIRE') return [set, ['HEXPIRE', key, traceExpireSeconds, 'FIELDS', 1, field]];
  return [set, ...lengthenLife(key, traceExpireSeconds, stateOf(key))];
}

/** A key that is ours to make gets a life; one that has a shorter one gets ours; one that stays is somebody else's. */
function lengthenLife(key: string, seconds: number, { type, ttlMs }: KeyState): Command[] {
  const lives = type !== 'none' && (ttlMs === -1 || ttlMs > seconds * 1000);
  return lives ? [] : [['EXPIRE', key, seconds]];
}

function replyCommands(list: string, { json }: Answer, state: KeyState, place: Place): Command[] {
  const seconds = place.replyExpireSeconds ?? defaultReplyExpireSeconds;
  return [['LPUSH', list, json], ...lengthenLife(list, seconds, state)];
}

function responseCommand({ ref, entry, startedMs, completedMs }: Held, { code, told }: Answer, place: Place): Command {
  const limit = place.responseStreamLimit ?? defaultResponseStreamLimit;
  const ms = Math.max(0, completedMs - startedMs);
  const { type, consumerId } = place;
  const fields = { ref, type, xid: entry.xid, code, res: told, consumer: consumerId, ms, attempt: entry.attempt };
  return ['XADD', place.responseStream, 'MAXLEN', '~', limit, '*', ...Object.entries(fields).flat()];
}

/** Counts an answer that leaves no response. */
function countCommand({ code }: Answer, { requestStream, consumerId, settings: { group } }: Place): Command {
  return ['HINCRBY', groupRecordKey(requestStream, group), countField(consumerId, code), 1];
}

function obstacle(
  { dead, retryAt }: Outcome,
  records: Records | undefined,
  stateOf: KeyStates,
  place: Place,
): string | undefined {
  return (records?.response ? wrongType(place.responseStream, stateOf, 'stream') : undefined) ??
    (dead === undefined ? undefined : wrongType(place.settings.deadLetterStream, stateOf, 'stream')) ??
    (retryAt === undefined ? undefined : wrongType(retryScheduleKey(place.keyPrefix), stateOf, 'zset'));
}

/** What is wrong with a key that should have a type. */
function wrongType(key: string, stateOf: KeyStates, wanted: string): string | undefined {
  const { type } = stateOf(key);
  return type === 'none' || type === wanted
    ? undefined
    : `the key ${JSON.stringify(key)} is a ${type}, not a ${wanted}`;
}

/** What one request leaves behind beside its answer and its acknowledgement. */
function rareCommands(held: Held, { refused, retryAt, dead }: Outcome, place: Place): Command[] {
  const commands: Command[] = [];
  if (refused !== undefined) commands.push(['HINCRBY', place.hashKey, errorCounterField(refused), 1]);
  if (retryAt !== undefined) {
    commands.push(['ZADD', retryScheduleKey(place.keyPrefix), retryAt, encodeRetry(held, place)]);
  }
  if (dead !== undefined) commands.push(deadLetter(held, dead, place));
  return commands;
}

/** The dead letter: the user's fields byte for byte, then ours. */
function deadLetter({ entry }: Held, reason: string, { settings, sourceDigest }: Place): Command {
  return [
    'XADD',
    settings.deadLetterStream,
    'MAXLEN',
    '~',
    deadLetterLimit,
    '*',
    ...entry.fields,
    runtimeFields.xid,
    entry.xid,
    runtimeFields.reason,
    reason,
    runtimeFields.attempts,
    entry.attempt,
    ...(sourceDigest ? [runtimeFields.source, sourceDigest] : []),
  ];
}

/** Member of the retry schedule: the next entry as one encoded command, its id in front, so that values stay bytes. */
function encodeRetry({ entry }: Held, { proof }: Place): Uint8Array {
  const attempt = entry.attempt + 1;
  const mark = proof.of({ ...entry, attempt });
  const own: Arg[] = [runtimeFields.attempt, attempt, runtimeFields.xid, entry.xid, runtimeFields.proof, mark];
  return encodeCommands([entry.id, ...entry.fields, ...own]);
}
