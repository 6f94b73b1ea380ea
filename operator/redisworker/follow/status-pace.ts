/** How often the status of a worker is written: at once what somebody waits for, everything else together with it. */
import type { Clock } from '../../clock.ts';
import type { Urgency } from '../status/urgency.ts';

/** How many times as long what nobody waits for may wait. */
const laterFactor = 4;

/** Remembers when each status was written; a process that starts takes all of them for just written. */
export class StatusPace {
  readonly #clock: Clock;
  /** Least time since the last write, in ms. */
  readonly #leastMs: Readonly<Record<Urgency, number>>;
  readonly #writtenAt = new Map<string, number>();

  /** @param soonMs how often counters are written at most */
  constructor(clock: Clock, soonMs: number) {
    this.#clock = clock;
    this.#leastMs = { Now: 0, Soon: soonMs, Later: laterFactor * soonMs, None: Infinity };
  }

  /** Milliseconds until the status of the worker `key` is to be written; undefined when it is not to be. */
  waitMs(key: string, urgency: Urgency): number | undefined {
    if (urgency === 'None') return undefined;
    const now = this.#clock.now();
    const since = this.#writtenAt.get(key) ?? now;
    this.#writtenAt.set(key, since);
    return Math.max(0, since + this.#leastMs[urgency] - now);
  }

  wrote(key: string): void {
    this.#writtenAt.set(key, this.#clock.now());
  }

  forget(key: string): void {
    this.#writtenAt.delete(key);
  }
}
