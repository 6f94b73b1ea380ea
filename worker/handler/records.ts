/** Which records an answer leaves: what nobody reads is not written. Pure. */
import type { HandlerSettings } from '../../contract/pod.ts';
import { isSuccess } from '../../contract/reply.ts';
import { requestFields } from '../../contract/request.ts';
import { textOf } from '../redis/replies.ts';
import { type Entry, valueOf } from './entry.ts';

/** The records of one answer. */
export interface Records {
  /** The list the caller pops. */
  readonly reply: boolean;
  /** The entry of the response stream; an answer without one is counted in the record of the group. */
  readonly response: boolean;
}

/** One object for each kind of answer, for there are many of them. */
const both: Records = { reply: true, response: true };
const replyAlone: Records = { reply: true, response: false };
const responseAlone: Records = { reply: false, response: true };
const neither: Records = { reply: false, response: false };

/** What decides on the records. */
type Kept = Pick<HandlerSettings, 'replies' | 'responses'>;

/** The records of an answer with this code to a request. */
export function recordsOf(entry: Entry, code: number, kept: Kept): Records {
  const response = kept.responses === 'All' || !isSuccess(code);
  if (isReplied(entry, kept)) return response ? both : replyAlone;
  return response ? responseAlone : neither;
}

/** Whether there may be answers that leave nothing, so that nobody sees what they say. */
export function mayBeUntold({ replies, responses, traces }: Kept & Pick<HandlerSettings, 'traces'>): boolean {
  return replies !== 'Enabled' && responses !== 'All' && traces === 'Off';
}

/** Whether an answer with this code is one of them, of a worker that {@link mayBeUntold} holds for. */
export function isUntold(entry: Entry, code: number, kept: Kept): boolean {
  return recordsOf(entry, code, kept) === neither;
}

function isReplied(entry: Entry, { replies }: Kept): boolean {
  return replies === 'Enabled' || (replies === 'OnRequest' && textOf(valueOf(entry, requestFields.reply)) === '1');
}
