/** Events per second over the last moments, from two counting buckets. Pure. */

/** Two neighbouring buckets of {@link bucketMs}; the current one starts at `start` (ms since 1970). */
export interface Rate {
  readonly start: number;
  readonly current: number;
  readonly previous: number;
}

/** Width of a bucket in milliseconds; a rate reaches 0 two buckets after the last event. */
export const bucketMs = 10_000;

export const noRate: Rate = { start: 0, current: 0, previous: 0 };

/** Counts events of one moment; those before the last two buckets count no more. */
export function countEvents(rate: Rate, timeMs: number, count: number): Rate {
  const start = timeMs - (timeMs % bucketMs);
  if (start === rate.start) return { ...rate, current: rate.current + count };
  if (start < rate.start) {
    return start === rate.start - bucketMs ? { ...rate, previous: rate.previous + count } : rate;
  }
  return { start, current: count, previous: start === rate.start + bucketMs ? rate.current : 0 };
}

/** Events per second at `now`, two decimals. */
export function perSecondAt(rate: Rate, now: number): number {
  const age = now - rate.start;
  if (age < 0 || age >= 2 * bucketMs) return 0;
  const [current, previous] = age < bucketMs ? [rate.current, rate.previous] : [0, rate.current];
  const share = (age % bucketMs) / bucketMs;
  return Math.round(((current + previous * (1 - share)) / (bucketMs / 1000)) * 100) / 100;
}
