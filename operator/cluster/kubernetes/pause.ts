/** Waiting that a signal can cut short. */
import type { Clock } from '../../clock.ts';

/** Settles after `ms`, or at once when `signal` is aborted. Never rejects. */
export function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener('abort', end);
  });
}

/** Growing waits: `initialMs` doubled with each failure up to `maxMs`, of which a random half is taken off. */
export interface BackOff {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** The wait after the given number of failures in a row (from 1), in ms. `random` gives 0 to 1. */
export function backOffMs({ initialMs, maxMs }: BackOff, failures: number, random: () => number): number {
  const full = Math.min(maxMs, initialMs * 2 ** Math.min(failures - 1, 30));
  return full * (0.5 + random() / 2);
}
