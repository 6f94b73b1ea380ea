/** A clock that stands still until a test moves it. */
import type { Clock } from '../../operator/clock.ts';

interface Timer {
  readonly due: number;
  readonly task: () => void;
}

/** Timers run in the order they are due, when {@link ManualClock.advance} passes them. */
export class ManualClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(start = 1_800_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, task: () => void): () => void {
    const timer = { due: this.#now + ms, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that have not run. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer; undefined when there is none. */
  get untilNext(): number | undefined {
    const due = Math.min(...[...this.#timers].map((timer) => timer.due));
    return this.#timers.size === 0 ? undefined : due - this.#now;
  }

  /** Moves the time on by `ms`, runs what is due and lets promises settle. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const [next] = [...this.#timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.task();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** Lets everything run that waits for promises alone. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
