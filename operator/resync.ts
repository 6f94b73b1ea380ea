/** Looks at every worker now and then although nothing was heard of it: what nobody told is repaired. */
import type { Clock } from './clock.ts';

/** What it works with; times in milliseconds. */
export interface ResyncOptions {
  readonly clock: Clock;
  /** Every worker is looked at once in this time, give or take a tenth. */
  readonly everyMs: number;
  /** 0 to 1. */
  readonly random?: () => number;
  /** The workers there are. */
  readonly keys: () => readonly string[];
  readonly look: (key: string) => void;
  /** A round begins. */
  readonly begins: () => void;
}

/** Between two portions of a round, in milliseconds. */
const portionMs = 1000;

/**
 * Begins with a look at all. Every round after that takes its whole time, a few workers a second: a thousand looks at once
 * would hold up whoever is woken meanwhile, and everybody else.
 * @returns what ends it
 */
export function startResync(options: ResyncOptions): () => void {
  const { clock, everyMs, random = Math.random, keys, look, begins } = options;
  let cancel = (): void => undefined;
  const round = (): void => {
    begins();
    const roundMs = everyMs * (0.9 + random() * 0.2);
    const waiting = [...keys()];
    const portion = Math.ceil((waiting.length * portionMs) / roundMs);
    const endsAt = clock.now() + roundMs;
    const goOn = (): void => {
      for (const key of waiting.splice(0, portion)) look(key);
      const leftMs = endsAt - clock.now();
      if (waiting.length === 0 || leftMs <= portionMs) cancel = clock.after(leftMs, round);
      else cancel = clock.after(portionMs, goOn);
    };
    cancel = clock.after(portionMs, goOn);
  };
  for (const key of keys()) look(key);
  round();
  return () => cancel();
}
