/**
 * The work queue: keys that wait to be reconciled. A key is in it once, is never handed to two
 * workers at a time, and runs once more when it was added while it ran. A key that failed is not handed out before its
 * pause is over, whatever adds it, unless it is {@link WorkQueue.renew | renewed}.
 */
import { type BackOff, backOffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';

/** `low` is for resyncs and starts, `normal` for real changes, `high` for what somebody waits for: higher ones go first. */
export type Priority = 'low' | 'normal' | 'high';

const fromHighest = ['high', 'normal', 'low'] as const;

/** Told about what happens in a queue, for metrics. Times in seconds. */
export interface QueueMeter {
  depth(keys: number): void;
  added(): void;
  retried(): void;
  waited(seconds: number): void;
  worked(seconds: number): void;
}

/** What a queue is made of. */
export interface QueueOptions {
  readonly clock: Clock;
  readonly meter?: QueueMeter;
  /** Random number in [0, 1), for the jitter of retries. */
  readonly random?: () => number;
  /** Pauses of a key that fails again and again [from 100 ms to five minutes]. */
  readonly backOff?: BackOff;
}

interface Waiting {
  readonly priority: Priority;
  readonly since: number;
}
interface Delayed {
  readonly due: number;
  readonly priority: Priority;
  readonly cancel: () => void;
}

/** Somebody who waits for a key of this priority at least. */
interface Taker {
  readonly least: Priority;
  readonly take: (key: string | undefined) => void;
}

const unmetered: QueueMeter = {
  depth: () => undefined,
  added: () => undefined,
  retried: () => undefined,
  waited: () => undefined,
  worked: () => undefined,
};

export class WorkQueue {
  readonly #clock: Clock;
  readonly #meter: QueueMeter;
  readonly #random: () => number;
  readonly #backOff: BackOff;
  /** Keys to hand out, in order of arrival; a key that runs waits in `#again` instead. */
  readonly #waiting: Record<Priority, Map<string, Waiting>> = {
    high: new Map(),
    normal: new Map(),
    low: new Map(),
  };
  readonly #running = new Map<string, number>();
  /** A number: within how many ms. */
  readonly #again = new Map<string, Priority | 'renewed' | number>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  /** When the pause of a key that failed is over. */
  readonly #pausedUntil = new Map<string, number>();
  readonly #takers: Taker[] = [];
  readonly #drained: (() => void)[] = [];
  #closed = false;

  constructor(options: QueueOptions) {
    this.#clock = options.clock;
    this.#meter = options.meter ?? unmetered;
    this.#random = options.random ?? Math.random;
    this.#backOff = options.backOff ?? { initialMs: 100, maxMs: 300_000 };
  }

  /** Keys that wait, without those that are delayed or run. */
  get depth(): number {
    return fromHighest.reduce((sum, priority) => sum + this.#waiting[priority].size, 0);
  }

  /** Seconds the longest running key has been running; 0 when none runs. */
  get longestRunningSeconds(): number {
    const oldest = Math.min(...this.#running.values());
    return this.#running.size === 0 ? 0 : (this.#clock.now() - oldest) / 1000;
  }

  /** Adds a key. One that waits already stays where it is, but a higher priority lifts it. */
  add(key: string, priority: Priority = 'normal'): void {
    if (this.#closed) return;
    if (this.#running.has(key)) {
      if (isMore(priority, this.#again.get(key))) this.#again.set(key, priority);
      return;
    }
    const pause = (this.#pausedUntil.get(key) ?? 0) - this.#clock.now();
    if (pause > 0) this.addAfter(key, pause, priority);
    else this.#enqueue(key, priority);
  }

  /** Adds a key that asks for something else than when it failed: its pause is over, and its failures are forgotten. */
  renew(key: string): void {
    if (this.#running.has(key)) {
      this.#again.set(key, 'renewed');
      return;
    }
    this.forget(key);
    this.add(key);
  }

  #enqueue(key: string, priority: Priority): void {
    const lifted = fromHighest.map((one) => this.#waiting[one].get(key)).find((one) => one !== undefined);
    if (lifted !== undefined && !isHigher(priority, lifted.priority)) return;
    if (lifted !== undefined) this.#waiting[lifted.priority].delete(key);
    this.#waiting[priority].set(key, { priority, since: lifted?.since ?? this.#clock.now() });
    if (lifted === undefined) this.#meter.added();
    this.#meter.depth(this.depth);
    this.#handOut();
  }

  /** Adds a key after `ms`; of several delayed adds of a key the earliest counts. */
  addAfter(key: string, ms: number, priority: Priority = 'normal'): void {
    if (this.#closed) return;
    if (ms <= 0) {
      this.add(key, priority);
      return;
    }
    const due = this.#clock.now() + ms;
    const before = this.#delayed.get(key);
    if (before !== undefined && before.due <= due) return;
    before?.cancel();
    const cancel = this.#clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key, priority);
    });
    this.#delayed.set(key, { due, priority, cancel });
  }

  /** Adds a key within `ms`: whatever happens to it until then is seen by one look. One that waits is looked at anyway. */
  addWithin(key: string, ms: number): void {
    if (this.#running.has(key)) {
      if (isMore(ms, this.#again.get(key))) this.#again.set(key, ms);
    } else if (!fromHighest.some((priority) => this.#waiting[priority].has(key))) {
      this.addAfter(key, ms);
    }
  }

  /** Adds a key that failed: after its next pause, but not before `atLeastMs`. Returns the pause in ms. */
  retry(key: string, atLeastMs = 0): number {
    const failures = this.failures(key) + 1;
    this.#failures.set(key, failures);
    const pause = Math.max(atLeastMs, backOffMs(this.#backOff, failures, this.#random));
    this.#pausedUntil.set(key, this.#clock.now() + pause);
    this.#meter.retried();
    this.addAfter(key, pause);
    return pause;
  }

  /** The key is well again: its next failure pauses it shortly, and what it was to be looked at for is over. */
  forget(key: string): void {
    this.#failures.delete(key);
    this.#pausedUntil.delete(key);
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  /** Failures of the key since it was last forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /**
   * The next key of this priority at least, as soon as there is one; undefined once the queue is shut down. Tell
   * {@link done} afterwards.
   */
  get(least: Priority = 'low'): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#takers.push({ least, take: resolve });
      this.#handOut();
    });
  }

  /** The key's run is over; if it was added meanwhile it waits again. */
  done(key: string): void {
    const since = this.#running.get(key);
    if (since === undefined) return;
    this.#running.delete(key);
    this.#meter.worked((this.#clock.now() - since) / 1000);
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (again === 'renewed') this.renew(key);
    else if (typeof again === 'number') this.addAfter(key, again);
    else if (again !== undefined) this.add(key, again);
    this.#settleDrained();
  }

  /**
   * Takes nothing more, drops what waits (the next start lists everything anew) and lets everyone who
   * waits for a key go. Settles when the last running key is done.
   */
  shutDown(): Promise<void> {
    this.#closed = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    for (const waiting of [this.#delayed, this.#again, ...Object.values(this.#waiting)]) waiting.clear();
    this.#meter.depth(0);
    this.#handOut();
    return new Promise((resolve) => {
      this.#drained.push(resolve);
      this.#settleDrained();
    });
  }

  #handOut(): void {
    if (this.#closed) {
      for (const { take } of this.#takers.splice(0)) take(undefined);
      return;
    }
    for (;;) {
      const priority = fromHighest.find((one) => this.#waiting[one].size > 0);
      if (priority === undefined) return;
      const at = this.#takers.findIndex(({ least }) => !isHigher(least, priority));
      if (at < 0) return;
      const [taker] = this.#takers.splice(at, 1);
      taker?.take(this.#next(priority));
    }
  }

  #next(priority: Priority): string | undefined {
    const queue = this.#waiting[priority];
    for (const [key, { since }] of queue) {
      queue.delete(key);
      this.#running.set(key, this.#clock.now());
      this.#meter.waited((this.#clock.now() - since) / 1000);
      this.#meter.depth(this.depth);
      return key;
    }
    return undefined;
  }

  #settleDrained(): void {
    if (!this.#closed || this.#running.size > 0) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}

/** Whether to be added so is more than what a key that runs is to be afterwards. */
function isMore(added: Priority | number, again: Priority | 'renewed' | number | undefined): boolean {
  if (again === undefined) return true;
  if (typeof again === 'number') return typeof added === 'string' || added < again;
  return again !== 'renewed' && typeof added === 'string' && isHigher(added, again);
}

function isHigher(one: Priority, other: Priority): boolean {
  return fromHighest.indexOf(one) < fromHighest.indexOf(other);
}
