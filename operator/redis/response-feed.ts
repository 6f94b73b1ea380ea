/** Follows any number of response streams of one Redis over a single blocking read. */
import { backOffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { type BlockingLink, interrupted } from './blocking-link.ts';
import { RedisFault, toFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { decodeState } from './observe-stream.ts';
import { items, type StreamEntry, streamReads } from './replies.ts';
import { doubt, type Follower, take, verify, wentBack } from './response-follower.ts';
import { perSecondAt } from './rate.ts';
import { compareIds } from './stream-id.ts';
import type { RedisTarget } from './target.ts';
import { isAbsent } from './streams.ts';

/** What a feed works with; times in milliseconds. */
export interface FeedOptions {
  readonly clock: Clock;
  readonly control: RedisLink;
  readonly blocking: BlockingLink;
  /** How often positions are held against the streams, and so how long one read may block. */
  readonly checkMs: number;
  changed(id: string): void;
  /** Reading stopped with a fault, or goes on (undefined). Told once per change. */
  onFault(fault: RedisFault | undefined): void;
}

const smallestBatch = 16;
const largestBatch = 500;
/** Batches grow while they stay below, and shrink above: characters of all entries together. */
const batchTextLimit = 1_000_000;
/** Streams that come together are taken up together, and so are entries. */
const gatherMs = 20;
/** A server may be so late with the end of a blocked read. */
const graceMs = 1000;
const backOff = { initialMs: 100, maxMs: 5000 };
const checkPage = 200;

export class ResponseFeed {
  readonly #options: FeedOptions;
  readonly #followers = new Map<string, Follower>();
  #batch = smallestBatch;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #fault: RedisFault | undefined;
  #closed = false;
  #wakeSleep: (() => void) | undefined;
  #cancelGather: (() => void) | undefined;
  readonly #ended: Promise<void>;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  /** The Redis it reads from. */
  get target(): RedisTarget {
    return this.#options.control.target;
  }

  get size(): number {
    return this.#followers.size;
  }

  get(id: string): Follower | undefined {
    return this.#followers.get(id);
  }

  /** Why nothing is read at the moment. */
  get fault(): RedisFault | undefined {
    return this.#fault;
  }

  /** Takes effect at once, also while a read blocks. */
  add(follower: Follower): void {
    this.#followers.set(follower.id, follower);
    this.#cancelGather ??= this.#options.clock.after(gatherMs, () => {
      this.#cancelGather = undefined;
      this.#wakeSleep?.();
      this.#options.blocking.interrupt();
    });
  }

  remove(id: string): void {
    this.#followers.delete(id);
  }

  /** Settles when the loop has ended. */
  close(): Promise<void> {
    this.#closed = true;
    this.#cancelGather?.();
    this.#wakeSleep?.();
    this.#options.blocking.close();
    return this.#ended;
  }

  async #run(): Promise<void> {
    await this.#sleep(0); // the maker of the feed has not added its first follower yet
    while (!this.#closed) {
      try {
        await this.#turn();
      } catch (error) {
        await this.#recover(toFault(error, this.#options.control.target));
      }
    }
  }

  async #turn(): Promise<void> {
    await this.#check();
    const positions = this.#positions();
    if (this.#closed) return;
    if (positions.size === 0) return this.#sleep(this.#options.checkMs);
    const { blocking, checkMs } = this.#options;
    const count = this.#batch;
    const reply = await blocking.command(
      checkMs + graceMs,
      'XREAD',
      'COUNT',
      count,
      'BLOCK',
      checkMs,
      'STREAMS',
      ...positions.keys(),
      ...positions.values(),
    );
    if (reply === interrupted) return;
    this.#healthy();
    const reads = streamReads(reply);
    this.#batch = nextBatch(count, reads.flatMap(([, entries]) => entries));
    for (const [stream, entries] of reads) this.#take(stream, entries, entries.length >= count);
    if (reads.length > 0 && reads.every(([, entries]) => entries.length < count)) await this.#sleep(gatherMs);
  }

  /** The earliest position per readable stream. */
  #positions(): Map<string, string> {
    const positions = new Map<string, string>();
    for (const { stream, position, verified, fault } of this.#followers.values()) {
      if (!verified || fault !== undefined) continue;
      const earliest = positions.get(stream);
      if (earliest === undefined || compareIds(position, earliest) < 0) positions.set(stream, position);
    }
    return positions;
  }

  #take(stream: string, entries: readonly StreamEntry[], full: boolean): void {
    const now = this.#options.clock.now();
    for (const follower of this.#followersOf(stream)) {
      if (take(follower, entries, full, now)) this.#options.changed(follower.id);
    }
  }

  /** Holds those in doubt against their streams, and everyone when it is time. */
  async #check(): Promise<void> {
    const now = this.#options.clock.now();
    const all = now - this.#checkedAt >= this.#options.checkMs;
    const due = [...this.#followers.values()].filter((one) =>
      all || (one.fault === undefined && (!one.verified || one.gapFrom !== undefined))
    );
    const streams = [...new Set(due.map((follower) => follower.stream))];
    for (let at = 0; at < streams.length; at += checkPage) await this.#checkStreams(streams.slice(at, at + checkPage));
    if (!all) return;
    this.#checkedAt = now;
    this.#tellRates(now);
  }

  async #checkStreams(streams: readonly string[]): Promise<void> {
    const replies = await this.#options.control.pipeline(streams.map((stream) => ['XINFO', 'STREAM', stream]));
    for (const [index, stream] of streams.entries()) {
      const reply = replies[index];
      for (const follower of this.#followersOf(stream)) await this.#checkOne(follower, reply);
    }
  }

  async #checkOne(follower: Follower, reply: unknown): Promise<void> {
    const missedBefore = follower.tally.missed;
    if (reply instanceof RedisFault && !isAbsent(reply)) {
      doubt(follower);
      follower.fault = reply;
      return;
    }
    const state = reply instanceof RedisFault ? undefined : decodeState(reply);
    const sameStream = state !== undefined && wentBack(follower, state) && (await this.#hasAnchor(follower));
    verify(follower, state, sameStream);
    if (follower.tally.missed !== missedBefore) this.#options.changed(follower.id);
  }

  async #hasAnchor({ stream, anchor }: Follower): Promise<boolean> {
    if (anchor === undefined) return false;
    return items(await this.#options.control.command('XRANGE', stream, anchor, anchor)).length > 0;
  }

  /** A rate falls when nothing happens, which no entry tells. */
  #tellRates(now: number): void {
    for (const follower of this.#followers.values()) {
      const perSecond = perSecondAt(follower.rate, now);
      if (perSecond === follower.toldPerSecond) continue;
      follower.toldPerSecond = perSecond;
      this.#options.changed(follower.id);
    }
  }

  #followersOf(stream: string): Follower[] {
    return [...this.#followers.values()].filter((follower) => follower.stream === stream);
  }

  #healthy(): void {
    this.#failures = 0;
    if (this.#fault === undefined) return;
    this.#fault = undefined;
    this.#options.onFault(undefined);
  }

  /** One stream that cannot be read fails the read of all: everything is checked again, which finds it. */
  async #recover(fault: RedisFault): Promise<void> {
    if (this.#closed) return;
    if (this.#fault?.message !== fault.message) this.#options.onFault(fault);
    this.#fault = fault;
    for (const follower of this.#followers.values()) doubt(follower);
    this.#checkedAt = Number.NEGATIVE_INFINITY;
    await this.#sleep(backOffMs(backOff, ++this.#failures));
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#wakeSleep = undefined;
        resolve();
      };
      const cancel = this.#options.clock.after(ms, wake);
      this.#wakeSleep = wake;
      if (this.#closed) wake();
    });
  }
}

/** Large entries make for small batches, so that a batch stays within memory whatever people write. */
function nextBatch(batch: number, entries: readonly StreamEntry[]): number {
  const size = entries.reduce(
    (sum, { fields }) => Object.values(fields).reduce((length, value) => length + value.length, sum),
    0,
  );
  if (size > batchTextLimit) return Math.max(1, Math.floor(batch / 4));
  return entries.length >= batch ? Math.min(largestBatch, batch * 2) : Math.max(batch, smallestBatch);
}
