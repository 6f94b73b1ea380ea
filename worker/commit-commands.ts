/** The commands that finish requests in Redis. Pure: one list per request, and how they make up one transaction. */
import { errorCounterField, ownerField, pidField } from '../contract/config-hash.ts';
import { replyListKey, retryScheduleKey, traceHashKey } from '../contract/keys.ts';
import { deadLetterLimit, defaultReplyExpireSeconds, defaultResponseStreamLimit, maxRepeatedReplyBytes, traceExpireSeconds } from '../contract/limits.ts';
import { runtimeFields } from '../contract/runtime-fields.ts';
import { traceField } from '../contract/trace.ts';
import type { Held } from './desk.ts';
import { isoTime } from './iso-time.ts';
import type { Answer } from './outcome.ts';
import type { Place } from './place.ts';
import { type Arg, type Command, CommandBuffer, encodeCommands } from './resp.ts';

/** A transaction, encoded, and where each request's replies are inside it. */
export interface EncodedCommit {
  readonly bytes: Uint8Array;
  /** Replies to read: MULTI, every queued command, EXEC, HMGET. */
  readonly replyCount: number;
  /** Index, inside the reply of EXEC, of the first command of each request. */
  readonly firstReply: readonly number[];
}

/** Everything a batch leaves behind, its acknowledgements and the question whether we still may, in one write. */
export function encodeCommit(batch: readonly Held[], place: Place): EncodedCommit {
  const buffer = new CommandBuffer().add(['MULTI']);
  const firstReply: number[] = [];
  for (const held of batch) {
    firstReply.push(buffer.count - 1);
    for (const command of commandsFor(held, place)) buffer.add(command);
  }
  buffer.add(['XACK', place.requestStream, place.settings.group, ...batch.map((held) => held.entry.id)]);
  buffer.add(['EXEC']).add(['HMGET', place.hashKey, pidField, ownerField]);
  const replyCount = buffer.count;
  return { bytes: buffer.take(), replyCount, firstReply };
}

/** What one request leaves behind, without its acknowledgement. */
export function commandsFor(held: Held, place: Place): Command[] {
  const { answer, refused, retryAt, dead } = held.outcome;
  const commands: Command[] = [];
  if (refused !== undefined) commands.push(['HINCRBY', place.hashKey, errorCounterField(refused), 1]);
  if (retryAt !== undefined) commands.push(['ZADD', retryScheduleKey(place.type), retryAt, encodeRetry(held)]);
  if (dead !== undefined) commands.push(deadLetter(held, dead, place));
  if (answer !== undefined) commands.push(...answerCommands(held, answer, place));
  return commands;
}

/** The dead letter: the user's fields byte for byte, then ours. */
export function deadLetter(held: Held, reason: string, place: Place): Command {
  return [
    'XADD', place.settings.deadLetterStream, 'MAXLEN', '~', deadLetterLimit, '*', ...held.entry.fields,
    runtimeFields.xid, held.entry.xid, runtimeFields.reason, reason, runtimeFields.attempts, held.entry.attempt,
    ...(place.sourceDigest ? [runtimeFields.source, place.sourceDigest] : []),
  ];
}

function answerCommands(held: Held, answer: Answer, place: Place): Command[] {
  const list = replyListKey(held.ref);
  const told = answer.json.length <= maxRepeatedReplyBytes ? answer.json : answer.jsonWithoutData;
  const commands: Command[] = [
    ['LPUSH', list, answer.json],
    ['EXPIRE', list, place.replyExpireSeconds ?? defaultReplyExpireSeconds],
    [
      'XADD', place.responseStream, 'MAXLEN', '~', place.responseStreamLimit ?? defaultResponseStreamLimit, '*',
      'ref', held.ref, 'type', place.type, 'xid', held.entry.xid, 'code', answer.code, 'res', told,
      'consumer', place.consumerId, 'ms', held.completedMs - held.startedMs, 'attempt', held.entry.attempt,
    ],
  ];
  if (place.settings.traces === 'Off') return commands;
  const trace = `{"received":"${isoTime(held.receivedMs)}","completed":"${isoTime(held.completedMs)}","res":${told}}`;
  const hash = traceHashKey(held.ref);
  commands.push(['HSET', hash, traceField(place.type), trace], ['EXPIRE', hash, traceExpireSeconds]);
  return commands;
}

/** Member of the retry schedule: the next entry as one encoded command, its id in front, so that values stay bytes. */
function encodeRetry(held: Held): Uint8Array {
  const own: Arg[] = [runtimeFields.attempt, held.entry.attempt + 1, runtimeFields.xid, held.entry.xid];
  return encodeCommands([held.entry.id, ...held.entry.fields, ...own]);
}
