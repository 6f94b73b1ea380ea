/** The consumer ids a spec names. Pure. */
import type { RedisWorkerSpec } from '../../api/redisworker.ts';

/** `ids`, or "1" to the count. */
export function declaredIds({ ids, count }: RedisWorkerSpec['consumers']): readonly string[] {
  return ids ?? Array.from({ length: count ?? 0 }, (_, at) => String(at + 1));
}
