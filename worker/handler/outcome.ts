/** What becomes of a request once its handler is done. Pure. */
import { maxRepeatedReplyLength } from '../../contract/limits.ts';
import type { HandlerSettings } from '../../contract/pod.ts';
import { isSuccess, replyCodes } from '../../contract/reply.ts';
import { backoffMs } from '../pod/backoff.ts';
import { messageOf } from '../pod/fatal.ts';
import { DoNotRetry, Reply } from '../mod.ts';

/** How a handler ended. */
export type Ended =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'timedOut' };

/** The reply to the caller, ready to be written. */
export interface Answer {
  readonly code: number;
  /** The reply's JSON. */
  readonly json: string;
  /** What the response stream and the trace repeat of it: all, or of a long one all but its data. */
  readonly told: string;
}

/** What to do with a request; every part is optional, and acknowledging it goes without saying. */
export interface Outcome {
  readonly answer?: Answer;
  /** Counter of the config hash to raise: a refused request. */
  readonly refused?: 'ref' | 'type' | 'workerUrl';
  /** Milliseconds since 1970 of the next attempt. */
  readonly retryAt?: number;
  /** Why the request goes to the dead-letter stream. */
  readonly dead?: string;
}

/** Who answers, and when. */
export interface Answerer {
  readonly ref: string;
  /** The worker type. */
  readonly source: string;
  /** ISO 8601. */
  readonly time: string;
}

/** Rules and circumstances of one attempt. */
export interface Attempt {
  readonly attempt: number;
  readonly policy: Pick<HandlerSettings, 'maxAttempts' | 'backoff' | 'timeoutSeconds'>;
  readonly nowMs: number;
  /** 0 <= random < 1 */
  readonly random: number;
}

/** Decides between a final answer, another attempt and the dead-letter stream. */
export function decide(ended: Ended, answerer: Answerer, attempt: Attempt): Outcome {
  if (ended.kind === 'timedOut') {
    return failed(
      replyCodes.timedOut,
      `the handler did not finish within ${attempt.policy.timeoutSeconds} s`,
      answerer,
      attempt,
    );
  }
  const value = ended.kind === 'returned' ? ended.value : ended.error;
  if (Reply.is(value)) return orUnserialisable(() => answerOf(value.code, value.body, answerer), answerer);
  if (ended.kind === 'returned') return orUnserialisable(() => answerOf(replyCodes.ok, value, answerer), answerer);
  if (DoNotRetry.is(value)) {
    return { dead: messageOf(value), answer: errorAnswer(replyCodes.failed, messageOf(value), answerer) };
  }
  return failed(replyCodes.failed, fullMessage(value), answerer, attempt);
}

/** The answer to a request no user code has seen, or shall see again. */
export function errorAnswer(code: number, message: string, { ref, source, time }: Answerer): Answer {
  const json = JSON.stringify({ ref, code, source, time, err: { message } });
  return { code, json, told: json };
}

function failed(
  code: number,
  message: string,
  answerer: Answerer,
  { attempt, policy, nowMs, random }: Attempt,
): Outcome {
  if (attempt < policy.maxAttempts) return { retryAt: nowMs + backoffMs(attempt, policy.backoff, random) };
  return { dead: message, answer: errorAnswer(code, message, answerer) };
}

function orUnserialisable(answer: () => Answer, answerer: Answerer): Outcome {
  try {
    return { answer: answer() };
  } catch (error) {
    const message = `the handler's result cannot be written as JSON: ${messageOf(error)}`;
    return { dead: message, answer: errorAnswer(replyCodes.failed, message, answerer) };
  }
}

/** @throws TypeError when the body cannot be written as JSON. */
function answerOf(code: number, body: unknown, { ref, source, time }: Answerer): Answer {
  if (typeof body === 'function' || typeof body === 'symbol') throw new TypeError(`it is a ${typeof body}`);
  if (code < 400 || isSuccess(code)) {
    return toldIfShort(code, JSON.stringify({ ref, code, source, time, data: body }), { ref, code, source, time });
  }
  const { message, data } = typeof body === 'string'
    ? { message: body, data: undefined }
    : { message: messageInside(body) ?? `code ${code}`, data: body };
  const bare = { ref, code, source, time, err: { message } };
  return toldIfShort(code, JSON.stringify({ ...bare, data }), bare);
}

/** @param bare what is told of a long answer */
function toldIfShort(code: number, json: string, bare: object): Answer {
  return { code, json, told: json.length <= maxRepeatedReplyLength ? json : JSON.stringify(bare) };
}

function messageInside(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('message' in body)) return undefined;
  return typeof body.message === 'string' ? body.message : undefined;
}

/** Whole message, but bounded: it goes to the caller, two streams and a hash. */
function fullMessage(error: unknown): string {
  const message = error instanceof Error
    ? error.message || error.name
    : typeof error === 'string'
    ? error
    : Deno.inspect(error);
  return message.slice(0, 4096);
}
