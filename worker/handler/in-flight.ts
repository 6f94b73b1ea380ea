/** The requests this process has taken and not yet finished in Redis. */
import type { RedisError } from '../redis/resp.ts';
import { Signal } from '../pod/signal.ts';
import { type Entry, sizeOf } from './entry.ts';
import { HeldIds } from './held-ids.ts';
import type { Outcome } from './outcome.ts';
import type { Proof } from './proof.ts';
import { Queue } from './queue.ts';

/** One request on its way: waiting -> running -> finished -> committing -> gone. */
export interface Held {
  readonly entry: Entry;
  /** Times it has been delivered, this one included. */
  readonly deliveries: number;
  /** When it was received, on the monotonic clock, as all times here. */
  readonly receivedMs: number;
  /** When the entry was last known to be ours, milliseconds since 1970: no later than Redis made or kept it so. */
  provenMs: number;
  /** What it takes: its fields, and its reply once there is one. */
  bytes: number;
  /** Times Redis took nothing of it though it was sent alone. */
  refusals: number;
  /** Why it was the last time. */
  refusedFor: RedisError | undefined;
  /** Times the connection was lost while its long reply was on the way. */
  losses: number;
  /** Its acknowledgement went through though its reply did not. */
  acknowledged: boolean;
  /** Where it stands. */
  place: number;
  state: 'waiting' | 'running' | 'finished' | 'committing' | 'gone';
  /** '' until the request has been read, and when it has none. */
  ref: string;
  /** 0 until its handler has been started. */
  startedMs: number;
  completedMs: number;
  outcome: Outcome;
  /** Tells a handler that it has an outcome, or to give up. */
  context: { end(): void; abort(reason: string): void } | undefined;
}

/**
 * Holds requests in the order they came; notifies when there is room for more, and when there is something to commit.
 * Requests come and go by the thousand, so they are kept in lists rather than under their ids.
 */
export class InFlightTable {
  readonly room = new Signal();
  readonly work = new Signal();
  /** Requests taken since the process started. */
  taken = 0;
  /** With gaps where requests have gone, until there are more gaps than requests. */
  #held: (Held | undefined)[] = [];
  #size = 0;
  #bytes = 0;
  #abandoned = false;
  #running = 0;
  readonly #waiting = new Queue<Held>();
  #finished: Held[] = [];
  readonly #ids = new HeldIds();
  readonly #proof: Proof;

  constructor(proof: Proof) {
    this.#proof = proof;
  }

  get size(): number {
    return this.#size;
  }

  /** What all of them take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True once what runs was given up: nothing is waited for any longer. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** How many run. */
  get running(): number {
    return this.#running;
  }

  /** True when nothing runs, and nothing is left to commit. */
  get quiet(): boolean {
    return this.#size === this.#waiting.length;
  }

  /** Everything held, oldest first. */
  all(): Held[] {
    return this.#held.filter((held) => held !== undefined);
  }

  has(id: string): boolean {
    return this.#ids.has(id, () => this.all().map(({ entry }) => entry.id));
  }

  /** Takes an entry; undefined when it is here already, delivered again after its group was made anew. */
  add(entry: Entry, deliveries: number, nowMs: number, provenMs = nowMs): Held | undefined {
    if (!this.#ids.isNewest(entry.id) && this.has(entry.id)) return undefined;
    const held: Held = {
      entry: this.#proof.checked(entry),
      deliveries,
      receivedMs: nowMs,
      provenMs,
      bytes: sizeOf(entry),
      refusals: 0,
      refusedFor: undefined,
      losses: 0,
      acknowledged: false,
      place: this.#held.length,
      state: 'waiting',
      ref: '',
      startedMs: 0,
      completedMs: 0,
      outcome: undecided,
      context: undefined,
    };
    this.#held.push(held);
    this.#waiting.push(held);
    this.#ids.add(entry.id);
    this.#size++;
    this.#bytes += held.bytes;
    this.taken++;
    return held;
  }

  /** The next request to run, which counts as running from now on. */
  start(): Held | undefined {
    const held = this.#waiting.shift();
    if (held === undefined) return undefined;
    held.state = 'running';
    this.#running++;
    return held;
  }

  /** Keeps what became of a request that runs, or that shall not run at all. */
  finish(held: Held, outcome: Outcome, nowMs: number): void {
    this.#takeOut(held);
    held.outcome = outcome;
    held.completedMs = nowMs;
    const replyBytes = outcome.answer?.json.length ?? 0;
    held.bytes += replyBytes;
    this.#bytes += replyBytes;
    this.#queue(held);
  }

  /** Finished requests whose commit begins, oldest first: up to `max`, and no more once their replies exceed `maxBytes`. */
  takeFinished(max: number, maxBytes: number): Held[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(max, this.#finished.length) && bytes < maxBytes; count++) {
      bytes += this.#finished[count]?.outcome.answer?.json.length ?? 0;
    }
    const batch = this.#finished.slice(0, count);
    this.#finished = this.#finished.slice(count);
    for (const held of batch) held.state = 'committing';
    return batch;
  }

  /** A commit that is known not to have happened: its requests are to be committed again. */
  putBack(held: Held): void {
    this.#queue(held);
  }

  /** Forgets a request: it is committed, or another consumer has it. */
  drop(held: Held): void {
    if (held.state === 'gone') return;
    if (held.state === 'running') held.context?.abort('another consumer has taken this request over');
    this.#takeOut(held);
    held.state = 'gone';
    this.#size--;
    this.#bytes -= held.bytes;
    this.#ids.drop(held.entry.id);
    this.#held[held.place] = undefined;
    if (this.#held.length > 2 * this.#size + worthClosing) this.#closeGaps();
    this.room.notify();
  }

  /** Gives up on what still runs; the results will be dropped, the entries stay pending. */
  abandonRunning(reason: string): void {
    for (const held of this.runningNow()) {
      held.state = 'waiting';
      this.#waiting.push(held);
      held.context?.abort(reason);
    }
    this.#running = 0;
    this.#abandoned = true;
    this.work.notify();
  }

  /** The requests that run. */
  runningNow(): Held[] {
    return this.#running === 0 ? [] : this.all().filter(({ state }) => state === 'running');
  }

  /** Removes a request from where its state has it. */
  #takeOut(held: Held): void {
    if (held.state === 'running') this.#running--;
    else if (held.state === 'waiting') this.#waiting.remove(held);
    else if (held.state === 'finished') this.#finished = this.#finished.filter((one) => one !== held);
  }

  /** Closes the gaps. */
  #closeGaps(): void {
    const all = this.all();
    all.forEach((held, place) => (held.place = place));
    this.#held = all;
  }

  #queue(held: Held): void {
    held.state = 'finished';
    this.#finished.push(held);
    this.work.notify();
  }
}

const undecided: Outcome = {};
const worthClosing = 512;
