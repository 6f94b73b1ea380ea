/** How often the status of a worker is written: at once what somebody waits for, everything else together with it. */
import type { Clock } from '../../clock.ts';
import type { Urgency } from '../status/urgency.ts';

/** Least time since the last write, in ms. */
const leastMs: Readonly<Record<Urgency, number>> = { Now: 0, Soon: 15_000, Later: 60_000, None: Infinity };

/** Remembers when each status was written; a process that starts takes all of them for just written. */
export class StatusPace {
  readonly #clock: Clock;
  readonly #writtenAt = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the status of the worker `key` is to be written; undefined when it is not to be. */
  waitMs(key: string, urgency: Urgency): number | undefined {
    if (urgency === 'None') return undefined;
    const now = this.#clock.now();
    const since = this.#writtenAt.get(key) ?? now;
    this.#writtenAt.set(key, since);
    return Math.max(0, since + leastMs[urgency] - now);
  }

  wrote(key: string): void {
    this.#writtenAt.set(key, this.#clock.now());
  }

  forget(key: string): void {
    this.#writtenAt.delete(key);
  }
}
