/** Looks at every worker now and then although nothing was heard of it: what nobody told is repaired. */
import type { Clock } from './clock.ts';

/** What it works with; times in milliseconds. */
export interface ResyncOptions {
  readonly clock: Clock;
  /** From the beginning of a round to that of the next, give or take a tenth. */
  readonly everyMs: number;
  /** What a round takes; the rest is silence. */
  readonly roundMs: number;
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
 * Begins with a look at all. The rounds after that take their time: a thousand looks at once would hold up whoever is woken
 * meanwhile, and everybody else.
 * @returns what ends it
 */
export function startResync(options: ResyncOptions): () => void {
  const { clock, everyMs, roundMs, random = Math.random, keys, look, begins } = options;
  let cancel = (): void => undefined;
  const later = (ms: number, task: () => void): void => {
    cancel = clock.after(ms, task);
  };
  const rest = (spentMs: number): void => later(everyMs * (0.9 + random() * 0.2) - spentMs, round);
  const round = (): void => {
    const begun = clock.now();
    const waiting = [...keys()];
    const portion = Math.ceil((waiting.length * portionMs) / roundMs);
    const goOn = (): void => {
      for (const key of waiting.splice(0, portion)) look(key);
      if (waiting.length === 0) rest(clock.now() - begun);
      else later(portionMs, goOn);
    };
    begins();
    goOn();
  };
  begins();
  for (const key of keys()) look(key);
  rest(0);
  return () => cancel();
}
