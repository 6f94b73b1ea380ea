/**
 * Scripts share one thread with the connections, the probes and each other: none has it for longer than a turn. Whatever
 * waits for the thread runs between two turns.
 */

/** How long a turn lasts. */
const turnMs = 25;
/** What comes between two of them: Deno looks at connections once it has slept, and not before. */
const betweenMs = 0.5;
const neverNotified = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/**
 * Whoever asks many times within a millisecond is told without a look at the clock, which costs more than what a script
 * does in the meantime. Each of them may take longer than those before, so that it is not many.
 */
const mostUnseen = 7;

/** Whose turn it is. */
export class Turns {
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  #endMs = 0;
  #lookedMs = 0;
  #unseen = 0;

  /** @param now whole milliseconds of a clock that never jumps */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether it is somebody else's turn by now. */
  isOver(): boolean {
    if (this.#unseen > 0) {
      this.#unseen -= 1;
      return false;
    }
    const nowMs = this.#now();
    if (nowMs === this.#lookedMs) this.#unseen = mostUnseen;
    this.#lookedMs = nowMs;
    return nowMs > this.#endMs;
  }

  /** Begins a turn of whoever has the thread anyway: nothing else has waited for it. */
  begin(): void {
    this.#endMs = this.#now() + turnMs;
  }

  /** Settles with the next turn of whoever asks; those that ask have theirs in that order. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) this.#passOn();
    });
  }

  /** Not by a timer, which Deno takes so long to have that others do without while they start. */
  #passOn(): void {
    void Promise.resolve(Atomics.waitAsync(neverNotified, 0, 0, betweenMs).value).then(() => {
      this.begin();
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#passOn();
    });
  }
}
