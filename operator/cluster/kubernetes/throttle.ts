/** How fast and how many at once: a token bucket and a number of slots. Objects go before events, first come first. */
import type { Clock } from '../../clock.ts';

/** Who waits: objects are what the operator is for, events only tell of it. */
export type ThrottledLane = 'Objects' | 'Events';

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
  readonly #waiting: Record<ThrottledLane, ((leave: () => void) => void)[]> = { Objects: [], Events: [] };
  /** Tokens there must be: half of a burst is kept for objects. */
  readonly #needed: Record<ThrottledLane, number>;
  #tokens: number;
  #filledAt: number;
  #free: number;
  #cancelWake: () => void = () => undefined;

  constructor(limits: ThrottleLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#needed = { Objects: 1, Events: Math.min(limits.burst, limits.burst / 2 + 1) };
    this.#tokens = limits.burst;
    this.#filledAt = clock.now();
    this.#free = limits.slots;
  }

  /** Settles when the caller may begin; the function it gives must be called once at the end. */
  enter(lane: ThrottledLane): Promise<() => void> {
    return new Promise((resolve) => {
      this.#waiting[lane].push(resolve);
      this.#admit();
    });
  }

  #admit(): void {
    this.#cancelWake();
    this.#refill();
    while (this.#free > 0) {
      const lane = this.#waiting.Objects.length > 0 ? 'Objects' : 'Events';
      if (this.#waiting[lane].length > 0 && this.#tokens < this.#needed[lane]) {
        this.#wakeWith(this.#needed[lane]);
        return;
      }
      const next = this.#waiting[lane].shift();
      if (next === undefined) return;
      this.#free -= 1;
      this.#tokens -= 1;
      next(() => this.#leave());
    }
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

  #wakeWith(tokens: number): void {
    const ms = Math.ceil((tokens - this.#tokens) * 1000 / this.#limits.perSecond);
    this.#cancelWake = this.#clock.after(ms, () => this.#admit());
  }
}
