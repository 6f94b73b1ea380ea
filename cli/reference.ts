/** A reference that somebody chose, perhaps a second time: the reply to the first request would be taken for the second's. */
import { replyListKey } from '../contract/keys.ts';
import { requestFields } from '../contract/request.ts';
import { exitCodes, Failure } from './failure.ts';
import { observeGroups } from '../operator/redis/requests/groups.ts';
import type { RedisClient } from '../operator/redis/requests/client.ts';

/** Entries at the end of the stream among which an earlier request is looked for. */
const latest = 1000;

/** @throws Failure when the reply to an earlier request with this reference is there, or may yet come */
export async function mustBeFree(redis: RedisClient, stream: string, ref: string): Promise<void> {
  for (const id of await entriesOf(redis, stream, ref)) { // first: a reply that comes meanwhile is seen below
    const groups = await observeGroups(redis, stream, id);
    if (groups.every(({ delivered, heldBy }) => delivered && heldBy === undefined)) continue;
    throw new Failure(
      `an earlier request with this reference is not finished, and its reply would be taken for this one's: use another --ref, or wait for entry ${id} of ${stream}`,
      exitCodes.usage,
    );
  }
  await mustBeUnanswered(redis, replyListKey(ref));
}

async function entriesOf(redis: RedisClient, stream: string, ref: string): Promise<readonly string[]> {
  const entries = await redis.xrevrange(stream, '+', '-', 'COUNT', latest);
  return entries.filter(([, fields]) => refOf(fields) === ref).map(([id]) => id);
}

function refOf(fields: readonly string[]): string | undefined {
  return fields.find((_, at) => at % 2 === 1 && fields[at - 1] === requestFields.ref);
}

async function mustBeUnanswered(redis: RedisClient, key: string): Promise<void> {
  if (await redis.exists(key) === 0) return;
  const seconds = await redis.ttl(key);
  const until = seconds < 0 ? '' : `, for another ${seconds} s`;
  throw new Failure(
    `the reply to an earlier request with this reference is still in ${key}${until}: use another --ref`,
    exitCodes.usage,
  );
}
