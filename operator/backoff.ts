/** How long to wait before something that failed is tried again: one rule for the whole operator. Pure. */

/** Growing waits: `initialMs` after the first failure, doubled with each further one up to `maxMs`. */
export interface BackOff {
  readonly initialMs: number;
  readonly maxMs: number;
}

/**
 * The wait in ms after the given number of failures in a row (from 1).
 * @param random 0 to 1: takes off up to half, so that what failed together does not come back together. Without it
 *   the wait is the whole one, for waits that are told to people.
 */
export function backOffMs({ initialMs, maxMs }: BackOff, failures: number, random: () => number = () => 1): number {
  const whole = Math.min(maxMs, initialMs * 2 ** Math.min(Math.max(failures, 1) - 1, 30));
  return whole * (0.5 + random() / 2);
}
