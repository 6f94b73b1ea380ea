/** Ids of stream entries: `<milliseconds>-<sequence>`, two 64-bit numbers. */

/** Before every entry. */
export const beginning = '0-0';

/** Negative, zero or positive, as the id `a` is before, at or after `b`. Exact beyond 2^53. */
export function compareIds(a: string, b: string): number {
  const [aTime = '0', aSequence = '0'] = a.split('-');
  const [bTime = '0', bSequence = '0'] = b.split('-');
  return compareDigits(aTime, bTime) || compareDigits(aSequence, bSequence);
}

/** Milliseconds since 1970 the id was made at, if the server's clock made it. */
export function idTime(id: string): number {
  return Number(id.split('-')[0] ?? 0);
}

/** Whole numbers without leading zeros: the longer one is greater. */
function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}
