/**
 * How often the status of a worker is written: at once what somebody waits for, everything else together with it. What
 * nobody waits for is written when it has been waiting for long: a worker whose pods come up late, but then soon, is Ready
 * before that.
 */
import type { Clock } from '../../clock.ts';
import type { Urgency } from '../status/urgency.ts';

/** How many times as long what nobody waits for may wait. */
const patience = { Later: 4, Progress: 20 } as const;

/** Remembers when each status was written; a process that starts takes all of them for just written. */
export class StatusPace {
  readonly #clock: Clock;
  readonly #soonMs: number;
  readonly #writtenAt = new Map<string, number>();
  /** Since when there is something to write that nobody waits for. */
  readonly #laterSince = new Map<string, number>();

  /** @param soonMs how often counters are written at most */
  constructor(clock: Clock, soonMs: number) {
    this.#clock = clock;
    this.#soonMs = soonMs;
  }

  /** Milliseconds until the status of the worker `key` is to be written; undefined when it is not to be. */
  waitMs(key: string, urgency: Urgency): number | undefined {
    const now = this.#clock.now();
    const writtenAt = valueOf(this.#writtenAt, key, now);
    if (urgency !== 'Later' && urgency !== 'Progress') this.#laterSince.delete(key);
    switch (urgency) {
      case 'Now':
        return 0;
      case 'Soon':
        return Math.max(0, writtenAt + this.#soonMs - now);
      case 'Later':
      case 'Progress':
        return Math.max(0, valueOf(this.#laterSince, key, now) + patience[urgency] * this.#soonMs - now);
      case 'None':
        return undefined;
    }
  }

  wrote(key: string): void {
    this.#writtenAt.set(key, this.#clock.now());
    this.#laterSince.delete(key);
  }

  forget(key: string): void {
    this.#writtenAt.delete(key);
    this.#laterSince.delete(key);
  }
}

/** What is there, or from now on. */
function valueOf(map: Map<string, number>, key: string, otherwise: number): number {
  const value = map.get(key) ?? otherwise;
  map.set(key, value);
  return value;
}
