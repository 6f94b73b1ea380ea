/**
 * Requests that are pending though they are answered. A Script acknowledges nothing, so that one that becomes a Handler
 * finds everything it has ever done still pending; the response stream tells which of it was answered.
 */
import type { Connection } from '../redis/connection.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import { idBefore, isEarlier } from './entry.ts';
import type { Pending } from './pending.ts';
import type { Place } from './place.ts';

/** Responses read at once, and in all: at a start, as many as a long history has; later, a few around each claim. */
const pageSize = 250;
export const historyPages = 400;
export const claimPages = 20;
/** Acknowledged at once. */
const maxIds = 500;

/**
 * Acknowledges those of `pending` that the response stream has an answer to. A stream that cannot be read tells nothing.
 * @returns the others
 */
export async function acknowledgeAnswered(
  connection: Connection,
  place: Place,
  pending: readonly Pending[],
  maxPages: number,
): Promise<Pending[]> {
  if (pending.length === 0) return [];
  const answered = await answersTo(connection, place, pending, maxPages);
  const ids = [...answered];
  for (let at = 0; at < ids.length; at += maxIds) {
    await connection.command('XACK', place.requestStream, place.settings.group, ...ids.slice(at, at + maxIds));
  }
  return pending.filter(({ id }) => !answered.has(id));
}

/** An answer has a later id than its request: the server gives both, by one clock. */
async function answersTo(
  connection: Connection,
  place: Place,
  pending: readonly Pending[],
  maxPages: number,
): Promise<Set<string>> {
  const asked = new Set(pending.map(({ id }) => id));
  const answered = new Set<string>();
  let after = pending.map(({ id }) => idBefore(id)).reduce((one, other) => isEarlier(other, one) ? other : one);
  for (let page = 0; page < maxPages && answered.size < asked.size; page++) {
    const [reply] = await connection.pipeline([['XRANGE', place.responseStream, `(${after}`, '+', 'COUNT', pageSize]]);
    const entries = itemsOf(reply);
    for (const entry of entries) {
      const xid = fieldOf(itemsOf(itemsOf(entry)[1]).map(textOf), 'xid');
      if (xid !== undefined && asked.has(xid)) answered.add(xid);
    }
    if (entries.length < pageSize) break;
    after = textOf(itemsOf(entries.at(-1))[0]);
  }
  return answered;
}

function fieldOf(flat: readonly string[], name: string): string | undefined {
  for (let at = 0; at + 1 < flat.length; at += 2) if (flat[at] === name) return flat[at + 1];
  return undefined;
}
