/** Patterns of keys with `*` and `?`, as `spec.redis.keys` takes them: whether two of them can match one key. Pure. */

/** Parts of a pattern, one after the other: a character, or `one` of any, or `any` number of any. */
export type Pattern = readonly string[];

/** The pattern that `text` is. */
export function patternOf(text: string): Pattern {
  return Array.from(text, (char) => (char === '*' ? 'any' : char === '?' ? 'one' : char));
}

/** The pattern of one key, whatever signs are in it. */
export function literal(key: string): Pattern {
  return Array.from(key);
}

/** Whether there is a key that both match; in time of the product of their lengths. */
export function globsMeet(one: Pattern, other: Pattern): boolean {
  /** `row[at]`: whether what is behind `from` in one, and behind `at` in the other, can match one text. */
  let row = Array.from({ length: other.length + 1 }, () => false);
  for (let from = one.length; from >= 0; from--) {
    const below = row;
    row = Array.from({ length: other.length + 1 }, () => false);
    for (let at = other.length; at >= 0; at--) {
      row[at] = meetAt(one[from], other[at], { row, below, at, ends: from === one.length });
    }
  }
  return row[0] ?? false;
}

interface Table {
  readonly row: readonly boolean[];
  readonly below: readonly boolean[];
  readonly at: number;
  /** Nothing is left of the first pattern. */
  readonly ends: boolean;
}

function meetAt(mine: string | undefined, theirs: string | undefined, { row, below, at, ends }: Table): boolean {
  if (mine === undefined && theirs === undefined) return true;
  if (theirs === 'any') return row[at + 1] === true || (!ends && below[at] === true);
  if (mine === 'any') return below[at] === true || (theirs !== undefined && row[at + 1] === true);
  if (mine === undefined || theirs === undefined) return false;
  return (mine === 'one' || theirs === 'one' || mine === theirs) && below[at + 1] === true;
}
