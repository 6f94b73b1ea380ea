/** The reply to a caller, as JSON. Pure, but that writing a result may run code of whoever made it: what that throws is passed on. */
import { maxRepeatedReplyLength } from '../../contract/limits.ts';
import { isSuccess } from '../../contract/reply.ts';
import { fullMessage, isInstance } from '../pod/foreign.ts';
import { refuseLost } from './lost-values.ts';

/** The reply to the caller, ready to be written. */
export interface Answer {
  readonly code: number;
  /** The reply's JSON. */
  readonly json: string;
  /** What the response stream and the trace repeat of it: all, or of a long one all but its data. */
  readonly told: string;
}

/** Who answers, and when. */
export interface Answerer {
  readonly ref: string;
  /** The worker type. */
  readonly source: string;
  /** ISO 8601. */
  readonly time: string;
}

const untold = new Map<number, Answer>();

/** An answer that leaves no record: what it would say is not even made. */
export function untoldAnswer(code: number): Answer {
  const known = untold.get(code) ?? { code, json: '', told: '' };
  untold.set(code, known);
  return known;
}

/** The answer to a request no user code has seen, or shall see again. */
export function errorAnswer(code: number, message: string, { ref, source, time }: Answerer): Answer {
  const json = JSON.stringify({ ref, code, source, time, err: { message } });
  return { code, json, told: json };
}

/**
 * The answer with what a handler returned, or with the body of its Reply.
 * @throws TypeError when JSON cannot carry it, and whatever reading it throws
 */
export function answerOf(code: number, body: unknown, { ref, source, time }: Answerer): Answer {
  if (isSuccess(code)) {
    const json = JSON.stringify({ ref, code, source, time, data: body });
    refuseLost(body, json);
    return toldIfShort(code, json, { ref, code, source, time });
  }
  const { message, data } = errorParts(code, body);
  const bare = { ref, code, source, time, err: { message } };
  const json = JSON.stringify({ ...bare, data });
  refuseLost(data, json);
  return toldIfShort(code, json, bare);
}

/** @param bare what is told of a long answer */
function toldIfShort(code: number, json: string, bare: object): Answer {
  return { code, json, told: json.length <= maxRepeatedReplyLength ? json : JSON.stringify(bare) };
}

function errorParts(code: number, body: unknown): { message: string; data?: unknown } {
  if (typeof body === 'string') return { message: body };
  if (isInstance(body, Error)) return { message: fullMessage(body) };
  return { message: messageInside(body) ?? `code ${code}`, data: body };
}

function messageInside(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('message' in body)) return undefined;
  const { message } = body;
  return typeof message === 'string' ? message : undefined;
}
