/** How long a crashed container waits for its next start. Pure. */

/** First and longest wait, in milliseconds. */
export interface BackOff {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** The waits of a laptop: short, because somebody is watching. */
export const defaultBackOff: BackOff = { initialMs: 1000, maxMs: 300_000 };

/** A container that ran this long starts over with the first wait. */
const resetAfterMs = 10 * 60_000;

/** The wait before the next start, given the wait before this one (0 = none) and how long it ran. */
export function nextWaitMs({ initialMs, maxMs }: BackOff, lastWaitMs: number, ranMs: number): number {
  if (lastWaitMs === 0 || ranMs >= resetAfterMs) return initialMs;
  return Math.min(maxMs, lastWaitMs * 2);
}
