/** How many requests to hold. Pure. */

const maxHeld = 512;
/** Milliseconds of work to keep ready, so that no handler waits for a round trip to Redis. */
const readAheadMs = 20;
const worthwhile = 64;

/**
 * Requests to hold at once: as many as run, and beyond that only what is finished in no time. A slow handler
 * must not keep requests to itself that another consumer could run.
 */
export function holdLimit(concurrency: number, meanMs: number): number {
  const ahead = Math.round((concurrency * readAheadMs) / Math.max(meanMs, 0.01));
  return Math.min(Math.max(concurrency, maxHeld), Math.max(concurrency, ahead));
}

/**
 * Requests one read may bring. While every handler is busy a small read waits until it is worth its round trip;
 * it never waits while a handler is idle.
 */
export function readCount(limit: number, held: number, concurrency: number): number {
  const room = limit - held;
  if (room <= 0 || (room < worthwhile && held >= concurrency)) return 0;
  return Math.min(256, room);
}
