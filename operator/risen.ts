/** How far a counter has come since it was read before; all of it, where it was begun anew meanwhile. */
export function risen(before = 0, now: number): number {
  return now < before ? now : now - before;
}
