/** Resource versions, which count up over all objects of a kind. */

/** True when `one` is surely the newer version: both are numbers, as those of every API server are. */
export function isNewer(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined || !isNumber(one) || !isNumber(other)) return false;
  return one.length === other.length ? one > other : one.length > other.length;
}

function isNumber(version: string): boolean {
  return /^[1-9]\d*$/.test(version);
}
