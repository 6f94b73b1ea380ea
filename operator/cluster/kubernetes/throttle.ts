/** How fast and how many at once: a token bucket and a number of slots, first come, first served. */
import type { Clock } from '../../clock.ts';

/** Limits of a throttle. */
export interface ThrottleLimits {
  readonly perSecond: number;
  readonly burst: number;
  /** Tasks under way at once. */
  readonly slots: number;
}

/** Lets callers in one by one; starts with a full bucket. */
export class Throttle {
  readonly #limits: ThrottleLimits;
  readonly #clock: Clock;
  readonly #waiting: ((leave: () => void) => void)[] = [];
  #tokens: number;
  #filledAt: number;
  #free: number;
  #wakes = false;

  constructor(limits: ThrottleLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tokens = limits.burst;
    this.#filledAt = clock.now();
    this.#free = limits.slots;
  }

  /** Settles when the caller may begin; the function it gives must be called once at the end. */
  enter(): Promise<() => void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#admit();
    });
  }

  #admit(): void {
    this.#refill();
    while (this.#free > 0 && this.#tokens >= 1) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#free -= 1;
      this.#tokens -= 1;
      next(() => this.#leave());
    }
    if (this.#waiting.length > 0 && this.#free > 0) this.#wakeAtNextToken();
  }

  #leave(): void {
    this.#free += 1;
    this.#admit();
  }

  #refill(): void {
    const now = this.#clock.now();
    const { burst, perSecond } = this.#limits;
    this.#tokens = Math.min(burst, this.#tokens + Math.max(0, now - this.#filledAt) * perSecond / 1000);
    this.#filledAt = now;
  }

  #wakeAtNextToken(): void {
    if (this.#wakes) return;
    this.#wakes = true;
    this.#clock.after(Math.ceil((1 - this.#tokens) * 1000 / this.#limits.perSecond), () => {
      this.#wakes = false;
      this.#admit();
    });
  }
}
