/**
 * Requests a group has pending that no response tells to be finished: programs that answer need not acknowledge. Only the
 * latest responses are compared, for what is older than they are is not being worked on any more.
 */
import { decodeResponse } from '../../contract/response.ts';
import { RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { entries, items, text } from './replies.ts';
import { compareIds } from './stream-id.ts';
import { isAbsent } from './streams.ts';

/** Latest responses that are compared, and pending requests that are compared with them. */
const responsesCompared = 100;
const pendingCompared = 1000;

/**
 * Counts them; one that was answered by several consumers is finished with the first answer.
 * @returns undefined when the responses do not tell which request each of them is of
 * @throws RedisFault
 */
export async function countUnanswered(
  redis: RedisLink,
  { request, group, responses }: { readonly request: string; readonly group: string; readonly responses: string },
  pending: number,
): Promise<number | undefined> {
  if (pending === 0) return 0;
  const latest = entries(await redis.command('XREVRANGE', responses, '+', '-', 'COUNT', responsesCompared));
  if (latest.length === 0) return pending;
  const answered = latest.flatMap(({ fields }) => decodeResponse(fields)?.xid ?? []);
  const earliest = answered.filter(isId).reduce<string | undefined>(
    (first, id) => (first !== undefined && compareIds(first, id) <= 0 ? first : id),
    undefined,
  );
  if (earliest === undefined) return undefined;
  return unansweredIn(await pendingFrom(redis, request, group, earliest), new Set(answered));
}

function unansweredIn(pending: readonly string[], answered: ReadonlySet<string>): number {
  return pending.filter((id) => !answered.has(id)).length;
}

/** Ids from this one on; none when there is no such stream or group. */
async function pendingFrom(redis: RedisLink, stream: string, group: string, from: string): Promise<readonly string[]> {
  try {
    return items(await redis.command('XPENDING', stream, group, from, '+', pendingCompared)).map((one) =>
      text(items(one)[0])
    );
  } catch (error) {
    if (error instanceof RedisFault && isAbsent(error)) return [];
    throw error;
  }
}

/** A response is anybody's: what it says need not be the id of an entry. */
function isId(word: string): boolean {
  return /^\d{1,20}-\d{1,20}$/.test(word);
}
