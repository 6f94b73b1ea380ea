/** What many rounds come down to. */

/** The middle one and both ends. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws Error when there is nothing to look at. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const [min, median, max] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  if (min === undefined || median === undefined || max === undefined) {
    throw new Error('there is no round to take a median of');
  }
  return { median, min, max };
}

/** Rounds to so many significant digits. */
export function significant(value: number, digits = 3): number {
  return Number(value.toPrecision(digits));
}
