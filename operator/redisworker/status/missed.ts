/** What is told of responses that were gone before anybody had read them. Pure. */
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import type { EventReason } from '../model/reasons.ts';

/** The event of a gap that has been found; undefined when there is none. */
export function missedEvent(
  before: RedisWorkerStatus | undefined,
  { responses }: RedisWorkerStatus,
): { readonly reason: EventReason; readonly message: string } | undefined {
  const more = (responses?.missed ?? 0) - (before?.responses?.missed ?? 0);
  if (more <= 0) return undefined;
  const [were, they, their] = more === 1
    ? ['1 response was', 'it is', 'its code is taken to be']
    : [`${more} responses were`, 'they are', 'their codes are taken to be'];
  return {
    reason: 'ResponsesMissed',
    message:
      `${were} trimmed from the response stream before the operator had read ${
        more === 1 ? 'it' : 'them'
      }: ${they} counted, but ` +
      `${their} like those of the others; spec.stream.responseLimit says how many the stream keeps`,
  };
}
