/** How fast a total grows, from looks at it. Pure. */

/** A total as it was seen. */
export interface Look {
  /** Milliseconds of a clock that only goes forward. */
  readonly at: number;
  readonly total: number;
}

/** Rates tell of the last moments alone. */
const windowMs = 60_000;

/** The looks with one more; a total that fell was counted anew, so what was before is no measure. */
export function withLook(looks: readonly Look[], look: Look): readonly Look[] {
  const last = looks.at(-1);
  if (last === undefined || look.total < last.total) return [look];
  return [...looks.filter(({ at }) => look.at - at <= windowMs), look];
}

/**
 * Per second; undefined as long as nothing was measured. A total that is written every `freshMs` at most is measured from
 * one change that was seen to another: when it was written before the first look, nobody knows. It stands still once it
 * has not changed for two such times.
 */
export function rateOf(looks: readonly Look[], freshMs: number): number | undefined {
  const [first, last] = [looks[0], looks.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const changes = looks.filter(({ total }, at) => at > 0 && total !== looks[at - 1]?.total);
  const still = last.at - (changes.at(-1) ?? first).at;
  if (still > 0 && still >= 2 * freshMs) return 0;
  return perSecond(changes[0], changes.at(-1));
}

function perSecond(from: Look | undefined, to: Look | undefined): number | undefined {
  if (from === undefined || to === undefined || to.at === from.at) return undefined;
  return ((to.total - from.total) * 1000) / (to.at - from.at);
}
