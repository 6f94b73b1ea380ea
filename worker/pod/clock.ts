/** Time and chance. What lasts is measured with a clock nobody sets; what is told is of the one people read. */

/** Handed in, so that tests have one of their own. */
export interface Clock {
  /** Milliseconds since 1970, for what is told, and for what other processes read. It jumps when somebody sets it. */
  readonly now: () => number;
  /** Whole milliseconds that only ever go up, for everything that lasts. */
  readonly monotonic: () => number;
  /** 0 <= random < 1 */
  readonly random: () => number;
}

/** The machine's own. */
export const clock: Clock = {
  now: Date.now,
  monotonic: () => Math.floor(performance.now()),
  random: Math.random,
};

/** What to add to a moment of the monotonic clock to tell it as milliseconds since 1970. */
export function wallOffset({ now, monotonic }: Pick<Clock, 'now' | 'monotonic'>): number {
  return now() - monotonic();
}
