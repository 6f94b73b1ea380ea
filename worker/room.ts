/** How many requests to hold. Pure. */

const maxHeld = 512;
/** Milliseconds of work to keep ready, so that no handler waits for a round trip to Redis. */
const readAheadMs = 20;

/**
 * Requests to hold at once: as many as run, and beyond that only what is finished in no time. A slow handler
 * must not keep requests to itself that another consumer could run.
 */
export function holdLimit(concurrency: number, meanMs: number): number {
  const ahead = Math.round((concurrency * readAheadMs) / Math.max(meanMs, 0.01));
  return Math.min(Math.max(concurrency, maxHeld), Math.max(concurrency, ahead));
}

/** Requests one read may bring: none until a decent part of the hold is free, as many small reads cost more than one. */
export function readCount(limit: number, held: number): number {
  const room = limit - held;
  const worthwhile = limit > 128 ? 64 : 1;
  return room < worthwhile ? 0 : Math.min(256, room);
}
