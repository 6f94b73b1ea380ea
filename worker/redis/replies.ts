/** Reads the replies of Redis as what they should be; anything else is empty. */
import type { Reply } from './resp.ts';
import { decodeText } from './text.ts';

/** Text of a bulk string or status; numbers as decimal text, anything else as ''. */
export function textOf(reply: Reply | undefined): string {
  if (typeof reply === 'string') return reply;
  if (reply instanceof Uint8Array) return decodeText(reply);
  return typeof reply === 'number' ? String(reply) : '';
}

/** Items of an array; none when the reply is no array. */
export function itemsOf(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? reply : [];
}
