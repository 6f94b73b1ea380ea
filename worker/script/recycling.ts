/** Planned recycling: after how long the next process starts, when the last one ended with exit code 0. Pure. */
import { backoffMs } from '../pod/backoff.ts';

/** A run shorter than this may be one of a loop that does nothing. In ms. */
const shortRunMs = 1000;
/** So many short runs in a row are still taken for a small `requestLimit` under load. */
const toleratedRuns = 5;
const bounds = { initialMs: 200, maxMs: 10_000 };
/** Nobody else is recycled with it, so there is nothing to keep apart. */
const noJitter = 1;

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
  return { shortRuns, pauseMs: excess <= 0 ? 0 : backoffMs(excess, bounds, noJitter) };
}
