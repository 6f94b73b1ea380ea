/** Waiting times that grow, with jitter so that many who failed together do not come back together. */

/** Bounds in milliseconds. */
export interface BackoffBounds {
  readonly initialMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds to wait after failure number `failures` (from 1): doubling from `initialMs` to `maxMs`,
 * of which between a half and the whole is waited.
 * @param random 0 <= random < 1; 1 for the whole of it
 */
export function backoffMs(failures: number, { initialMs, maxMs }: BackoffBounds, random: number): number {
  const whole = Math.min(maxMs, initialMs * 2 ** Math.min(failures - 1, 40));
  return Math.round(whole / 2 + (whole / 2) * random);
}
