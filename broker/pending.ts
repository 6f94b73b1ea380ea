/** Calls to the other side of a channel that have not settled. */
import { BrokerError } from './broker-error.ts';
import type { OutcomeMessage } from './messages.ts';
import type { CallOptions } from './types.ts';

/** Who waits for a call. Exactly one of the two is called, once. */
export interface Waiting {
  /** The other side has answered. */
  settle(outcome: OutcomeMessage): void;
  /** It will not. */
  fail(reason: unknown): void;
}

interface Entry extends Waiting {
  readonly timer: ReturnType<typeof setTimeout> | undefined;
  readonly unlisten: (() => void) | undefined;
}

/** One map for all of them, by their numbers. */
export class PendingCalls {
  readonly #entries = new Map<number, Entry>();
  readonly #giveUp: (id: number, reason: unknown) => void;
  #next = 0;
  /** Calls that have ended, and those of them that did not succeed. */
  ended = 0;
  failed = 0;

  /** @param giveUp tells the other side that nobody waits for the call any more */
  constructor(giveUp: (id: number, reason: unknown) => void) {
    this.#giveUp = giveUp;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @param what the call, for the sentence of a timeout @returns the call's number; undefined when it has failed already */
  add(waiting: Waiting, { signal, timeoutMs }: CallOptions, what: () => string): number | undefined {
    if (signal?.aborted) return void waiting.fail(signal.reason);
    const id = this.#next++;
    const abort = signal && (() => this.#abandon(id, signal.reason));
    if (abort) signal.addEventListener('abort', abort, { once: true });
    this.#entries.set(id, {
      settle: waiting.settle,
      fail: waiting.fail,
      timer: timeoutMs === undefined ? undefined : setTimeout(
        () => this.#abandon(id, new BrokerError('Timeout', `${what()} took longer than ${timeoutMs} ms`)),
        Math.min(timeoutMs, longestTimer),
      ),
      unlisten: abort && (() => signal.removeEventListener('abort', abort)),
    });
    return id;
  }

  has(id: number): boolean {
    return this.#entries.has(id);
  }

  /** @returns false when nobody waits for it */
  settle(outcome: OutcomeMessage): boolean {
    const entry = this.#take(outcome.id);
    if (entry === undefined) return false;
    if (outcome.kind === 'error') this.failed++;
    entry.settle(outcome);
    return true;
  }

  fail(id: number, reason: unknown): void {
    const entry = this.#take(id);
    if (entry === undefined) return;
    this.failed++;
    entry.fail(reason);
  }

  failAll(reason: unknown): void {
    for (const id of [...this.#entries.keys()]) this.fail(id, reason);
  }

  #abandon(id: number, reason: unknown): void {
    const entry = this.#take(id);
    if (entry === undefined) return;
    this.failed++;
    entry.fail(reason);
    this.#giveUp(id, reason);
  }

  #take(id: number): Entry | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    this.#entries.delete(id);
    this.ended++;
    if (entry.timer !== undefined) clearTimeout(entry.timer);
    entry.unlisten?.();
    return entry;
  }
}

/** Milliseconds a timer can count. */
const longestTimer = 2 ** 31 - 1;
