/** Riding out the times when Redis is away, loading, full, or does not let us in. */
import { backoffMs } from './backoff.ts';
import { ConnectionLostError } from '../redis/connection-lost.ts';
import type { Logger } from '../mod.ts';
import { RedisError } from '../redis/resp.ts';
import { pause } from './timers.ts';

const bounds = { initialMs: 100, maxMs: 5000 };

/** True for failures that pass, or that somebody mends while we wait. */
export function isOutage(error: unknown): error is Error {
  return error instanceof ConnectionLostError || error instanceof RedisError;
}

/** Repeats what fails with an outage, waits longer each time, and logs each cause once. */
export class Outages {
  readonly #log: Logger;
  readonly #random: () => number;
  #cause: string | undefined;
  #failures = 0;

  constructor(log: Logger, random: () => number) {
    this.#log = log;
    this.#random = random;
  }

  /** Logs the cause unless it is the one of the last time, and waits, less when `until` is aborted. */
  async wait(error: Error, until?: AbortSignal): Promise<void> {
    if (error.message !== this.#cause) this.#log.warn('Redis cannot be used; trying again', { reason: error.message });
    this.#cause = error.message;
    await pause(backoffMs(++this.#failures, bounds, this.#random()), until);
  }

  /** Redis works again. */
  over(): void {
    if (this.#cause !== undefined) this.#log.info('Redis can be used again');
    this.#cause = undefined;
    this.#failures = 0;
  }

  /** Runs `task` until it succeeds or fails with something that is no outage; undefined when `until` comes first. */
  ride<T>(task: () => Promise<T>): Promise<T>;
  ride<T>(task: () => Promise<T>, until: AbortSignal): Promise<T | undefined>;
  async ride<T>(task: () => Promise<T>, until?: AbortSignal): Promise<T | undefined> {
    while (!until?.aborted) {
      try {
        const value = await task();
        this.over();
        return value;
      } catch (error) {
        if (!isOutage(error)) throw error;
        await this.wait(error, until);
      }
    }
    return undefined;
  }
}
