/** How many requests to hold, by number and by what they take. Pure. */

const maxHeld = 1024;
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
 * The part of a pod's memory that requests in flight may take with their replies. What a handler makes of each, and
 * what is not collected yet, takes several times as much.
 */
const heldShare = 1 / 32;
const firstRead = 4;
const largestRead = 256;

/** Learns from what was read how many requests the next read may bring, as Redis counts them and not their bytes. */
export class SizeLimit {
  #largest = 0;
  #mayRead = firstRead;
  readonly #maxHeldBytes: number;

  constructor(memoryMiB: number) {
    this.#maxHeldBytes = memoryMiB * heldShare * 1024 * 1024;
  }

  /** Requests to read while those in flight take `heldBytes`; one always, when nothing is in flight. */
  count(heldBytes: number): number {
    const room = this.#maxHeldBytes - heldBytes;
    const fitting = Math.floor(room / Math.max(1, this.#largest));
    return Math.min(this.#mayRead, heldBytes === 0 ? Math.max(1, fitting) : Math.max(0, fitting));
  }

  /**
   * A large one allows for few, until it is some reads ago. Many at once allow for more of them; a read that brings few
   * or none does away with that, as what comes after a pause may be of any size.
   */
  learn(sizes: readonly number[]): void {
    this.#largest = Math.max(this.#largest * 0.75, ...sizes);
    this.#mayRead = Math.min(largestRead, Math.max(firstRead, sizes.length * 4));
  }
}
