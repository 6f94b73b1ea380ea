/**
 * How many calls at once, and how fast where an admin says so: a number of slots and a token bucket. Who is more urgent
 * goes first, and within a lane first come first.
 */
import type { Clock } from '../../clock.ts';

/**
 * Who waits, the most urgent first: what is closed goes before what runs, then what is told of it; looks at what has
 * probably not changed come last.
 */
export const throttledLanes = ['Policies', 'Objects', 'Status', 'Events', 'Looks'] as const;

/** One of {@link throttledLanes}. */
export type ThrottledLane = (typeof throttledLanes)[number];

/** Tokens that come in, and how many are kept. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Limits of a throttle. */
export interface ThrottleLimits {
  /** Tasks under way at once. */
  readonly slots: number;
  /** None when absent: the server says when it has enough. */
  readonly rate?: Rate | undefined;
}

/** Lets callers in one by one; starts with a full bucket. */
export class Throttle {
  readonly #clock: Clock;
  readonly #rate: Rate | undefined;
  readonly #waiting: Record<ThrottledLane, ((leave: () => void) => void)[]> = {
    Policies: [],
    Objects: [],
    Status: [],
    Events: [],
    Looks: [],
  };
  #tokens: number;
  #filledAt: number;
  #free: number;
  #cancelWake: () => void = () => undefined;

  constructor({ slots, rate }: ThrottleLimits, clock: Clock) {
    this.#clock = clock;
    this.#rate = rate;
    this.#tokens = rate?.burst ?? 0;
    this.#filledAt = clock.now();
    this.#free = slots;
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
      const lane = throttledLanes.find((one) => this.#waiting[one].length > 0);
      if (lane === undefined || !this.#spend(lane)) return;
      this.#free -= 1;
      this.#waiting[lane].shift()?.(() => this.#leave());
    }
  }

  #leave(): void {
    this.#free += 1;
    this.#admit();
  }

  /** Whether there is a token; when there is none, a wake is set for when there will be. */
  #spend(lane: ThrottledLane): boolean {
    if (this.#rate === undefined) return true;
    const { burst, perSecond } = this.#rate;
    // They leave half of a burst to what is more urgent.
    const needed = lane === 'Events' || lane === 'Looks' ? Math.min(burst, burst / 2 + 1) : 1;
    if (this.#tokens >= needed) {
      this.#tokens -= 1;
      return true;
    }
    const ms = Math.ceil((needed - this.#tokens) * 1000 / perSecond);
    this.#cancelWake = this.#clock.after(ms, () => this.#admit());
    return false;
  }

  #refill(): void {
    if (this.#rate === undefined) return;
    const now = this.#clock.now();
    const { burst, perSecond } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + Math.max(0, now - this.#filledAt) * perSecond / 1000);
    this.#filledAt = now;
  }
}
