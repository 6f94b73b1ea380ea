/** How many requests to hold, by number and by what they take. Pure. */

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

/**
 * What requests in flight may take with their replies, in bytes: a pod of 128 MiB has room for it and for what a
 * handler makes of it.
 */
const maxHeldBytes = 16 * 1024 * 1024;
const firstRead = 16;
const largestRead = 256;

/** Learns from what was read how many requests the next read may bring, as Redis counts them and not their bytes. */
export class SizeLimit {
  #largest = 0;
  #mayRead = firstRead;

  /** Requests to read while those in flight take `heldBytes`; one always, when nothing is in flight. */
  count(heldBytes: number): number {
    const room = maxHeldBytes - heldBytes;
    const fitting = Math.floor(room / Math.max(1, this.#largest));
    return Math.min(this.#mayRead, heldBytes === 0 ? Math.max(1, fitting) : Math.max(0, fitting));
  }

  /** Many small ones allow for more of them, a large one for few, until it is some reads ago. */
  learn(sizes: readonly number[]): void {
    if (sizes.length === 0) return;
    this.#largest = Math.max(this.#largest * 0.75, ...sizes);
    if (sizes.length >= this.#mayRead) this.#mayRead = Math.min(largestRead, this.#mayRead * 4);
  }
}
