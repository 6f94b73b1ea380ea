/** How many consumers a worker needed at recent looks, from which follows when fewer will do. Pure. */

/** What one look found. */
export interface Need {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Consumers the backlog called for. */
  readonly count: number;
}

/** The looks of the last moments. */
export interface Needs {
  /** When the first of them was. */
  readonly since: number;
  /** Later ones need less: a look that a later one equals or surpasses tells nothing more. */
  readonly peaks: readonly Need[];
}

/** Adds a look, and forgets those more than `windowMs` before it. */
export function noted(before: Needs | undefined, need: Need, windowMs: number): Needs {
  const stillTell = ({ time, count }: Need) => time > need.time - windowMs && count > need.count;
  return { since: before?.since ?? need.time, peaks: [...(before?.peaks ?? []).filter(stillTell), need] };
}
