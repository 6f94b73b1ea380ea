/** When Redis takes nothing of a commit: whose fault that is, and what a request whose reply cannot be written gets. Pure. */
import { replyCodes } from '../../contract/reply.ts';
import { isoTime } from '../pod/iso-time.ts';
import { RedisError, type Reply } from '../redis/resp.ts';
import type { Held } from './in-flight.ts';
import { errorAnswer } from './answer.ts';
import type { Outcome } from './outcome.ts';

/** Refusals that only another connection, or waiting for the server, can end. */
const serverCodes = new Set(['READONLY', 'LOADING', 'MASTERDOWN', 'NOAUTH', 'CLUSTERDOWN', 'MOVED', 'ASK', 'TRYAGAIN']);

/** A reply from this length on may be refused where a short one is not, in characters. */
export const longReply = 64 * 1024;

/** True for a request with a long reply. */
export function isLong({ outcome: { answer } }: Held): boolean {
  return (answer?.json.length ?? 0) >= longReply;
}

/** Refusals of a request by itself, after which its long reply counts as their cause though nothing else has been written. */
const patience = 3;

/** Losses of the connection under one long reply, after which the reply counts as their cause. */
export const maxLosses = 5;

/** True when the refusal is the server's, whatever it is asked to write. */
export function isOfServer({ code }: RedisError): boolean {
  return serverCodes.has(code);
}

/** True for a request whose long reply a Redis that is full refused so often by itself that it is not tried again. */
export function isTooLong(held: Held): boolean {
  return held.refusedFor?.code === 'OOM' && held.refusals >= patience && isLong(held);
}

/** Why a transaction was refused: the first queued command's error says more than EXECABORT. */
export function refusalOf(replies: readonly Reply[]): RedisError {
  const first = replies.find((reply) => reply instanceof RedisError);
  return first instanceof RedisError ? first : new RedisError('EXECABORT the transaction was refused');
}

/**
 * What may be written instead of what was refused, best first.
 * @param othersPass whether something else has been written meanwhile, so that the fault is this request's
 */
export function alternativesTo(
  held: Held,
  error: RedisError,
  type: string,
  nowMs: number,
  othersPass: boolean,
): Outcome[] {
  const { answer } = held.outcome;
  if (answer === undefined) return [];
  const alternatives: Outcome[] = [];
  if (isTooLong(held) || (othersPass && isLong(held))) {
    alternatives.push(unwritable(held, `${tooLong(answer.json)}: ${error.message}`, type, nowMs));
  }
  // Full is full: a short reply waits for room, and loses nothing by it.
  if (othersPass && error.code !== 'OOM') alternatives.push({ dead: `its reply cannot be written: ${error.message}` });
  return alternatives;
}

/** What becomes of a request whose long reply ended the connection. */
export function afterLosses(held: Held, reason: string, type: string, nowMs: number): Outcome {
  return unwritable(held, `${tooLong(held.outcome.answer?.json ?? '')}: ${reason}`, type, nowMs);
}

function tooLong(json: string): string {
  return `its reply of ${json.length} characters cannot be written`;
}

function unwritable({ ref }: Held, reason: string, source: string, nowMs: number): Outcome {
  const answer = errorAnswer(replyCodes.failed, reason, { ref, source, time: isoTime(nowMs) });
  return { dead: reason, answer };
}
