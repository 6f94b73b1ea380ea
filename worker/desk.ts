/** The requests this process has taken and not yet finished in Redis. */
import { Bell } from './bell.ts';
import type { Entry } from './entry.ts';
import type { Outcome } from './outcome.ts';

/** One request on its way: waiting -> running -> finished -> committing -> gone. */
export interface Held {
  readonly entry: Entry;
  /** Times it has been delivered, this one included. */
  readonly deliveries: number;
  /** Milliseconds since 1970. */
  readonly receivedMs: number;
  state: 'waiting' | 'running' | 'finished' | 'committing';
  /** '' until the request has been read, and when it has none. */
  ref: string;
  /** 0 until its handler has been started. */
  startedMs: number;
  completedMs: number;
  outcome: Outcome;
  /** Tells a handler that runs to give up. */
  context?: { abort(reason: string): void };
}

/** Holds requests by entry id; rings when there is room for more, and when there is something to commit. */
export class Desk {
  readonly room = new Bell();
  readonly work = new Bell();
  readonly #held = new Map<string, Held>();
  #waiting: Held[] = [];
  readonly #running = new Set<Held>();
  #finished: Held[] = [];
  /** Requests taken since the process started. */
  taken = 0;

  get size(): number {
    return this.#held.size;
  }

  get running(): ReadonlySet<Held> {
    return this.#running;
  }

  /** True when nothing runs, and nothing is left to commit. */
  get quiet(): boolean {
    return this.#held.size === this.#waiting.length;
  }

  all(): IterableIterator<Held> {
    return this.#held.values();
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  /** Takes an entry; undefined when it is here already, delivered again after its group was made anew. */
  add(entry: Entry, deliveries: number, nowMs: number): Held | undefined {
    if (this.#held.has(entry.id)) return undefined;
    const held: Held = { entry, deliveries, receivedMs: nowMs, state: 'waiting', ref: '', startedMs: 0, completedMs: 0, outcome: {} };
    this.#held.set(entry.id, held);
    this.#waiting.push(held);
    this.taken++;
    return held;
  }

  /** The next request to run, which counts as running from now on. */
  start(): Held | undefined {
    const held = this.#waiting.shift();
    if (held === undefined) return undefined;
    held.state = 'running';
    this.#running.add(held);
    return held;
  }

  /** Keeps what became of a request that runs, or that shall not run at all. */
  finish(held: Held, outcome: Outcome, nowMs: number): void {
    if (held.state === 'waiting') this.#waiting = this.#waiting.filter((one) => one !== held);
    this.#running.delete(held);
    held.outcome = outcome;
    held.completedMs = nowMs;
    this.#queue(held);
  }

  /** Finished requests whose commit begins, oldest first: up to `max`, and no more once their replies exceed `maxBytes`. */
  takeFinished(max: number, maxBytes: number): Held[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(max, this.#finished.length) && bytes < maxBytes; count++) {
      bytes += this.#finished[count]?.outcome.answer?.json.length ?? 0;
    }
    const batch = this.#finished.splice(0, count);
    for (const held of batch) held.state = 'committing';
    return batch;
  }

  /** A commit that is known not to have happened: its requests are to be committed again. */
  putBack(held: Held): void {
    this.#queue(held);
  }

  /** Forgets a request: it is committed, or another consumer has it. */
  drop(held: Held): void {
    if (!this.#held.delete(held.entry.id)) return;
    if (held.state === 'waiting') this.#waiting = this.#waiting.filter((one) => one !== held);
    if (held.state === 'finished') this.#finished = this.#finished.filter((one) => one !== held);
    if (this.#running.delete(held)) held.context?.abort('another consumer has taken this request over');
    this.room.ring();
  }

  /** Gives up on what still runs; the results will be dropped, the entries stay pending. */
  abandonRunning(reason: string): void {
    for (const held of this.#running) {
      held.state = 'waiting';
      this.#waiting.push(held);
      held.context?.abort(reason);
    }
    this.#running.clear();
    this.work.ring();
  }

  #queue(held: Held): void {
    held.state = 'finished';
    this.#finished.push(held);
    this.work.ring();
  }
}
