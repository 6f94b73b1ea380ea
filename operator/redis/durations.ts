/** How long requests took, counted so that whoever reads at any two times can tell what was between. Pure. */

/** Upper bounds in milliseconds; a further count is for what took longer. */
export const durationBounds = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000] as const;

/** Requests by {@link durationBounds}, each under the lowest bound it keeps; only ever growing. */
export interface Durations {
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** Of no request. */
export const noDurations: Durations = { counts: durationBounds.map(() => 0).concat(0), sumMs: 0 };

/** A copy that {@link countDuration} may change. */
export function copyDurations({ counts, sumMs }: Durations): { counts: number[]; sumMs: number } {
  return { counts: [...counts], sumMs };
}

/** Counts a request into a copy. */
export function countDuration(durations: { counts: number[]; sumMs: number }, ms: number): void {
  const at = durationBounds.findIndex((bound) => ms <= bound);
  const bucket = at < 0 ? durationBounds.length : at;
  durations.counts[bucket] = (durations.counts[bucket] ?? 0) + 1;
  durations.sumMs += ms;
}

/** Both together. */
export function addDurations(one: Durations, other: Durations): Durations {
  return {
    counts: one.counts.map((count, at) => count + (other.counts[at] ?? 0)),
    sumMs: one.sumMs + other.sumMs,
  };
}
