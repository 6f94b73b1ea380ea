/** Follows any number of response streams of one Redis: reads those that have changed, told by the server where it tells. */
import { backOffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { RedisFault, toFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { decodeState, type StreamState } from './observe-stream.ts';
import { items, type StreamEntry, streamReads } from './replies.ts';
import { doubt, type Follower, isAtEnd, settle, take, verify, wentBack } from './response-follower.ts';
import { perSecondAt } from './rate.ts';
import type { RedisTarget } from './target.ts';
import { FollowersByStream } from './followers-by-stream.ts';
import { isAbsent } from './streams.ts';

/** What a feed works with; times in milliseconds. */
export interface FeedOptions {
  readonly clock: Clock;
  readonly link: RedisLink;
  /** How often streams that are active are held against what was counted. */
  readonly checkMs: number;
  /** How often all streams are read where the server does not tell. */
  readonly pollMs: number;
  changed(id: string): void;
  /** Reading stopped with a fault, or goes on (undefined). Told once per change. */
  onFault(fault: RedisFault | undefined): void;
}

const smallestBatch = 16;
const largestBatch = 500;
/** Batches grow while they stay below, and shrink above: characters of all entries together. */
const batchTextLimit = 1_000_000;
/** Streams read in one round trip. */
const page = 200;
/** Entries that come together are read together; and the more streams are active, the more there are to each. */
const gatherMs = 20;
const gatherMsPerStream = 1;
const longestGatherMs = 2000;
const backOff = { initialMs: 100, maxMs: 5000 };

/** What one round trip brought of one stream. */
interface Read {
  /** Undefined: it was not looked at. */
  readonly info: unknown;
  /** Undefined: it was not read. */
  readonly entries: unknown;
}

export class ResponseFeed {
  readonly #options: FeedOptions;
  readonly #followers = new FollowersByStream();
  /** Streams to read. */
  readonly #due = new Set<string>();
  /** Those of them that have to be looked at as well. */
  readonly #doubtful = new Set<string>();
  readonly #untrack: () => void;
  #batch = smallestBatch;
  #failures = 0;
  #fault: RedisFault | undefined;
  #turning = false;
  #pausedUntil = 0;
  #closed = false;
  #cancelTurn: (() => void) | undefined;
  #cancelCheck: () => void = () => undefined;
  #polledAt = Number.NEGATIVE_INFINITY;
  #settled: Promise<void> = Promise.resolve();

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#untrack = options.link.track({
      changed: (keys) => this.#stir(keys.filter((key) => this.#followers.of(key).length > 0)),
      doubted: () => this.#doubtAll(),
    });
    this.#checkLater();
  }

  /** The Redis it reads from. */
  get target(): RedisTarget {
    return this.#options.link.target;
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

  add(follower: Follower): void {
    this.#followers.add(follower);
    this.#stir([follower.stream]);
  }

  remove(id: string): void {
    this.#followers.remove(id);
  }

  /** Settles when no read is under way. */
  close(): Promise<void> {
    this.#closed = true;
    this.#untrack();
    this.#cancelTurn?.();
    this.#cancelCheck();
    return this.#settled;
  }

  #stir(streams: readonly string[]): void {
    for (const stream of streams) this.#due.add(stream);
    this.#turnAfterPause();
  }

  #doubtAll(): void {
    for (const follower of this.#followers.all()) doubt(follower);
    this.#stir(this.#followers.streams());
  }

  /** The first entry after a quiet while is read at once. */
  #turnAfterPause(): void {
    if (this.#closed || this.#turning || this.#cancelTurn !== undefined || this.#due.size === 0) return;
    const ms = Math.max(0, this.#pausedUntil - this.#options.clock.now());
    this.#cancelTurn = this.#options.clock.after(ms, () => {
      this.#cancelTurn = undefined;
      this.#settled = this.#turn();
    });
  }

  async #turn(): Promise<void> {
    this.#turning = true;
    const streams = [...this.#due];
    this.#due.clear();
    let pause = Math.min(Math.max(gatherMs, streams.length * gatherMsPerStream), longestGatherMs);
    try {
      for (let at = 0; at < streams.length && !this.#closed; at += page) await this.#read(streams.slice(at, at + page));
      this.#healthy();
    } catch (error) {
      pause = this.#recover(toFault(error, this.#options.link.target));
    }
    this.#turning = false;
    this.#pausedUntil = this.#options.clock.now() + pause;
    this.#turnAfterPause();
  }

  /** Those in doubt are looked at first, and read with the next turn. */
  async #read(streams: readonly string[]): Promise<void> {
    const count = this.#batch;
    const followed = streams.filter((stream) => this.#followers.of(stream).length > 0);
    const plans = followed.map((stream) => {
      const verified = this.#followers.of(stream).every((follower) => follower.verified);
      return {
        stream,
        looks: !verified || this.#doubtful.delete(stream),
        position: verified ? this.#followers.positionOf(stream) : undefined,
      };
    });
    const replies = await this.#options.link.pipeline(plans.flatMap(({ stream, looks, position }) => [
      ...(looks ? [['XINFO', 'STREAM', stream] as const] : []),
      ...(position === undefined ? [] : [['XREAD', 'COUNT', count, 'STREAMS', stream, position] as const]),
    ]));
    let next = 0;
    const all: StreamEntry[] = [];
    for (const { stream, looks, position } of plans) {
      const read = {
        info: looks ? replies[next++] : undefined,
        entries: position === undefined ? undefined : replies[next++],
      };
      all.push(...await this.#takeIn(stream, read, count));
    }
    this.#batch = nextBatch(count, all);
  }

  async #takeIn(stream: string, { info, entries: reply }: Read, count: number): Promise<readonly StreamEntry[]> {
    const followers = this.#followers.of(stream);
    const refusal = refusalIn(info) ?? refusalIn(reply);
    if (refusal !== undefined) {
      for (const follower of followers) this.#refused(follower, refusal);
      return [];
    }
    const state = info === undefined || info instanceof RedisFault ? undefined : decodeState(info);
    if (reply === undefined || followers.some((follower) => state !== undefined && wentBack(follower, state))) {
      await this.#verifyAll(stream, state);
      return [];
    }
    const entries = streamReads(reply)[0]?.[1] ?? [];
    const isAll = entries.length < count;
    const isGone = info instanceof RedisFault && entries.length === 0;
    if (isGone) { for (const follower of followers) verify(follower, undefined, false); }
    else this.#count(followers, state, entries, isAll);
    // One that was told to have changed and has nothing new was trimmed, deleted or begun anew.
    const isStrange = info === undefined && entries.length === 0;
    if (!isAll || isStrange) this.#again(stream);
    return entries;
  }

  async #verifyAll(stream: string, state: StreamState | undefined): Promise<void> {
    const followers = this.#followers.of(stream);
    for (const follower of followers) await this.#verify(follower, state);
    if (state !== undefined && !followers.every((follower) => isAtEnd(follower, state))) this.#again(stream);
  }

  #count(
    followers: readonly Follower[],
    state: StreamState | undefined,
    entries: readonly StreamEntry[],
    isAll: boolean,
  ): void {
    const now = this.#options.clock.now();
    for (const follower of followers) {
      const took = state === undefined ? take(follower, entries, now) : settle(follower, state, entries, isAll, now);
      if (took) this.#options.changed(follower.id);
    }
  }

  #again(stream: string): void {
    this.#doubtful.add(stream);
    this.#due.add(stream);
  }

  #refused(follower: Follower, fault: RedisFault): void {
    const isNew = follower.fault?.message !== fault.message;
    doubt(follower);
    follower.fault = fault;
    if (isNew) this.#options.changed(follower.id);
  }

  async #verify(follower: Follower, state: StreamState | undefined): Promise<void> {
    const wasRefused = follower.fault !== undefined;
    const sameStream = state !== undefined && wentBack(follower, state) && (await this.#hasAnchor(follower));
    verify(follower, state, sameStream);
    if (wasRefused) this.#options.changed(follower.id);
  }

  async #hasAnchor({ stream, anchor }: Follower): Promise<boolean> {
    if (anchor === undefined) return false;
    return items(await this.#options.link.command('XRANGE', stream, anchor, anchor)).length > 0;
  }

  #checkLater(): void {
    const { clock, checkMs, pollMs, link } = this.#options;
    this.#cancelCheck = clock.after(link.isTold ? checkMs : Math.min(checkMs, pollMs), () => {
      this.#check();
      if (!this.#closed) this.#checkLater();
    });
  }

  /** Only what is active costs anything; where nothing is told, everything counts as active. */
  #check(): void {
    const now = this.#options.clock.now();
    const isPolled = !this.#options.link.isTold && now - this.#polledAt >= this.#options.pollMs;
    if (isPolled) this.#polledAt = now;
    const due = new Set<string>();
    for (const follower of this.#followers.all()) {
      if (isPolled) follower.verified = false;
      if (follower.unsettled) this.#doubtful.add(follower.stream);
      if (follower.unsettled || follower.fault !== undefined || isPolled) due.add(follower.stream);
      this.#tellRate(follower, now);
    }
    this.#stir([...due]);
  }

  /** A rate falls when nothing happens, which no entry tells. */
  #tellRate(follower: Follower, now: number): void {
    const perSecond = perSecondAt(follower.rate, now);
    if (perSecond === follower.toldPerSecond) return;
    follower.toldPerSecond = perSecond;
    this.#options.changed(follower.id);
  }

  #healthy(): void {
    this.#failures = 0;
    if (this.#fault === undefined) return;
    this.#fault = undefined;
    this.#options.onFault(undefined);
  }

  /** @returns the pause before everything is looked at again */
  #recover(fault: RedisFault): number {
    if (this.#closed) return 0;
    if (this.#fault?.message !== fault.message) this.#options.onFault(fault);
    this.#fault = fault;
    for (const follower of this.#followers.all()) doubt(follower);
    for (const stream of this.#followers.streams()) this.#due.add(stream);
    return backOffMs(backOff, ++this.#failures);
  }
}

/** That a stream is not there is no refusal. */
function refusalIn(reply: unknown): RedisFault | undefined {
  return reply instanceof RedisFault && !isAbsent(reply) ? reply : undefined;
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
