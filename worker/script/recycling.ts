/** Planned recycling: after how long the next process starts, when the last one ended with exit code 0. Pure. */

/** A run shorter than this may be one of a loop that does nothing. In ms. */
const shortRunMs = 1000;
/** So many short runs in a row are still taken for a small `requestLimit` under load. */
const toleratedRuns = 5;
const firstPauseMs = 200;
const longestPauseMs = 10_000;

/** Short runs in a row so far, and the pause to make now. */
export interface Recycling {
  readonly shortRuns: number;
  /** Milliseconds; 0 = start at once. */
  readonly pauseMs: number;
}

/** Before the first run. */
export const neverRecycled: Recycling = { shortRuns: 0, pauseMs: 0 };

/** What follows a run of `ranMs` that ended with exit code 0. */
export function recycle(before: Recycling, ranMs: number): Recycling {
  if (ranMs >= shortRunMs) return neverRecycled;
  const shortRuns = before.shortRuns + 1;
  const excess = shortRuns - toleratedRuns;
  const pauseMs = excess <= 0 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(excess - 1, 20));
  return { shortRuns, pauseMs };
}
