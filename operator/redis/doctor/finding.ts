/** What an examination of a Redis comes to. */

/** What is looked at: also the reasons of the operator's events, so they keep their meaning; docs/redis.md has them. */
export const checks = [
  'RedisReachable',
  'RedisVersion',
  'RedisFeatures',
  'RedisTopology',
  'RedisSentinels',
  'RedisTLS',
  'RedisPersistence',
  'RedisMemory',
  'RedisReplicas',
  'RedisDefaultUser',
  'RedisRights',
  'RedisUsers',
  'RedisTracking',
  'RedisIdleTimeout',
  'RedisSizeLimits',
  'RedisClock',
  'RedisLatency',
  'RedisVisibility',
  'WorkerKeys',
  'WorkerGroup',
  'WorkerTasks',
  'WorkerScripts',
  'WorkerBacklog',
  'WorkerHashes',
] as const;

/** One of {@link checks}. */
export type Check = (typeof checks)[number];

/** A problem loses requests or keeps workers from running; a warning may one day. */
export type Verdict = 'ok' | 'warning' | 'problem';

/** One thing that was found. */
export interface Finding {
  readonly check: Check;
  readonly verdict: Verdict;
  /** The rest of a sentence that begins with the Redis: what it is or does, what that means, and the fix. */
  readonly message: string;
}

/** Nothing to mend. */
export function ok(check: Check, message: string): Finding {
  return { check, verdict: 'ok', message };
}

/** Something that may do harm one day. */
export function warning(check: Check, message: string): Finding {
  return { check, verdict: 'warning', message };
}

/** Something that loses requests, or keeps workers from running. */
export function problem(check: Check, message: string): Finding {
  return { check, verdict: 'problem', message };
}
