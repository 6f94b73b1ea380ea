/** What becomes of a request once its handler is done. Pure. */
import type { HandlerSettings } from '../../contract/pod.ts';
import { replyCodes } from '../../contract/reply.ts';
import { backoffMs } from '../pod/backoff.ts';
import { fullMessage, isInstance, messageOf } from '../pod/foreign.ts';
import { DoNotRetry, Reply } from '../mod.ts';
import { type Answer, type Answerer, answerOf, errorAnswer, untoldAnswer } from './answer.ts';

/** How a handler ended. */
export type Ended =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'timedOut' };

/** Thrown by a runtime whose own clock has run out before the one of the handler: it counts as that. */
export class TimeIsUp extends Error {}

/** What to do with a request; every part is optional, and acknowledging it goes without saying. */
export interface Outcome {
  readonly answer?: Answer;
  /** Counter of the config hash to raise: a refused request. */
  readonly refused?: 'ref' | 'type' | 'workerUrl';
  /** Milliseconds since 1970 of the next attempt. */
  readonly retryAt?: number;
  /** Why the request goes to the dead-letter stream. */
  readonly dead?: string;
  /** What went wrong in the handler, for the log: with it goes a further attempt or a dead letter. */
  readonly failed?: string;
}

/** Rules and circumstances of one attempt. */
export interface Attempt {
  readonly attempt: number;
  readonly policy: Pick<HandlerSettings, 'maxAttempts' | 'backoff' | 'timeoutSeconds'>;
  readonly nowMs: number;
  /** 0 <= random < 1 */
  readonly random: number;
}

/** Whether nobody is told of an answer with this code but that it is one. */
export type IsUntold = (code: number) => boolean;

const allTold: IsUntold = () => false;

/**
 * Decides between a final answer, another attempt and the dead-letter stream. What a handler returned or threw is not
 * ours, so reading it may fail in any way; that makes an answer too.
 * @param isUntold what such an answer says is not looked at
 */
export function decide(ended: Ended, answerer: Answerer, attempt: Attempt, isUntold = allTold): Outcome {
  if (ended.kind === 'timedOut') {
    return failed(
      replyCodes.timedOut,
      `the handler did not finish within ${attempt.policy.timeoutSeconds} s`,
      answerer,
      attempt,
    );
  }
  const value = ended.kind === 'returned' ? ended.value : ended.error;
  if (Reply.is(value)) return answered(() => replyAnswer(value, answerer, isUntold), answerer);
  if (ended.kind === 'returned') return answered(() => told(replyCodes.ok, value, answerer, isUntold), answerer);
  if (isInstance(value, TimeIsUp)) return failed(replyCodes.timedOut, value.message, answerer, attempt);
  if (DoNotRetry.is(value)) return setAside(messageOf(value), answerer);
  return failed(replyCodes.failed, fullMessage(value), answerer, attempt);
}

function failed(
  code: number,
  message: string,
  answerer: Answerer,
  { attempt, policy, nowMs, random }: Attempt,
): Outcome {
  if (attempt < policy.maxAttempts) {
    return { failed: message, retryAt: nowMs + backoffMs(attempt, policy.backoff, random) };
  }
  return { failed: message, dead: message, answer: errorAnswer(code, message, answerer) };
}

/** No further attempt would do better. */
function setAside(message: string, answerer: Answerer): Outcome {
  return { failed: message, dead: message, answer: errorAnswer(replyCodes.failed, message, answerer) };
}

function answered(answer: () => Answer, answerer: Answerer): Outcome {
  try {
    return { answer: answer() };
  } catch (error) {
    const reason = messageOf(error);
    const advice = reason.includes('BigInt') ? '; return String(value)' : '';
    return setAside(`the handler's result cannot be written as JSON: ${reason}${advice}`, answerer);
  }
}

/** A Reply may be one of another copy of our module, or pretend to be one, so it is made again, which checks its code. */
function replyAnswer(value: Reply, answerer: Answerer, isUntold: IsUntold): Answer {
  const { code, body } = new Reply(value.code, value.body);
  return told(code, body, answerer, isUntold);
}

function told(code: number, body: unknown, answerer: Answerer, isUntold: IsUntold): Answer {
  return isUntold(code) ? untoldAnswer(code) : answerOf(code, body, answerer);
}
