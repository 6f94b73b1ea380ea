/** How fast and how many at once: a token bucket and a number of slots, first come, first served. */
import type { Clock } from '../../clock.ts';

/** Limits of a throttle. */
export interface ThrottleLimits {
  readonly perSecond: number;
  readonly burst: number;
  /** Tasks under way at once. */
  readonly slots: number;
}

/** Lets callers in one by one. */
export interface Throttle {
  /** Settles when the caller may begin; the function it gives must be called once at the end. */
  enter(): Promise<() => void>;
}

/** Starts with a full bucket. */
export function openThrottle({ perSecond, burst, slots }: ThrottleLimits, clock: Clock): Throttle {
  const waiting: ((leave: () => void) => void)[] = [];
  let tokens = burst;
  let filledAt = clock.now();
  let free = slots;
  let timer: (() => void) | undefined;

  const leave = (): void => {
    free += 1;
    admit();
  };

  const refill = (): void => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + Math.max(0, now - filledAt) * perSecond / 1000);
    filledAt = now;
  };

  const admit = (): void => {
    refill();
    while (free > 0 && tokens >= 1) {
      const next = waiting.shift();
      if (next === undefined) return;
      free -= 1;
      tokens -= 1;
      next(leave);
    }
    if (waiting.length > 0 && free > 0) wakeAtNextToken();
  };

  const wakeAtNextToken = (): void => {
    timer ??= clock.after(Math.ceil((1 - tokens) * 1000 / perSecond), () => {
      timer = undefined;
      admit();
    });
  };

  return {
    enter: () => new Promise((resolve) => {
      waiting.push(resolve);
      admit();
    }),
  };
}
