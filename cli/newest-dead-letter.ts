/** How many requests nobody could finish, and the newest of them. */
import { eachLetter, ownField } from '../operator/redis/requests/dead-letters.ts';
import { printable } from '../operator/redis/requests/printable.ts';
import { connectRedis } from './redis.ts';
import type { Target } from './redis-target.ts';
import { millisecondsOf } from '../operator/redis/requests/trace-search.ts';
import type { DeadLetters } from './worker-page.ts';

/** @throws Failure when the Redis cannot be used, Error when it refuses the question */
export async function newestDeadLetter(target: Target): Promise<DeadLetters> {
  const redis = await connectRedis(target.redisUrl, target);
  const stream = target.deadLetterStream;
  try {
    let newest: DeadLetters['newest'];
    await eachLetter(redis, stream, 1, (letter) => {
      newest = {
        id: letter.id,
        ...(letter.ref === undefined ? {} : { ref: printable(letter.ref) }),
        reason: printable(ownField(letter, 'reason')),
        time: millisecondsOf(letter.id),
      };
    });
    return { stream, count: await redis.xlen(stream), ...(newest === undefined ? {} : { newest }) };
  } finally {
    redis.disconnect();
  }
}
