/** Takes requests: new ones, and those that an earlier process or another consumer left behind. */
import type { Connection } from '../redis/connection.ts';
import type { Pair } from '../redis/connection-pair.ts';
import { acknowledgeAnswered, claimPages } from './answered.ts';
import { holdLimit, readCount, SizeLimit } from './capacity.ts';
import { separateClaimed, uncountDelivery } from './claim.ts';
import { decodeRead, type Entry, isEarlier, sizeOf } from './entry.ts';
import type { Fence } from './fence.ts';
import { ensureGroup, isGroupGone, newestEntry } from './group.ts';
import { claimOrphans } from './orphans.ts';
import { findPending, type Pending, planRecovery, readPending } from './pending.ts';
import { longestBlockMs, type Read, read } from './read.ts';
import type { ServerFeatures } from './server-features.ts';
import type { SessionContext } from './session-context.ts';
import { leastSuspiciousFirst, NewBeforeSuspects } from './suspects.ts';

/** How soon entries left behind are looked for again while there are some. */
export const moreOrphansMs = 100;

/** Reads over one connection of a session, and asks over the other. */
export class Reader {
  /** True once no further request will be taken. */
  done = false;
  readonly #reader: Connection;
  readonly #writer: Connection;
  readonly #context: SessionContext;
  readonly #features: ServerFeatures;
  readonly #fence: Fence;
  readonly #onTaken: () => void;
  readonly #sizes: SizeLimit;
  /** The least suspicious first. */
  #backlog: Pending[];
  readonly #newFirst: NewBeforeSuspects;
  /** The group was made anew: requests up to this one may have been answered before. */
  #againUpTo: string | undefined;
  #orphanCursor = '0-0';
  /** Entries left behind were found the last time, so that more are to be expected. */
  #adopting = false;
  #stopping = false;
  /** On its way while the requests of the one before are run. */
  #ahead: Read | undefined;

  /**
   * @param backlog entries that are ours and not in flight
   * @param onTaken called when requests have been started, before the next read
   */
  constructor(
    { reader, writer }: Pair,
    context: SessionContext,
    features: ServerFeatures,
    fence: Fence,
    backlog: Pending[],
    onTaken: () => void,
  ) {
    this.#reader = reader;
    this.#writer = writer;
    this.#context = context;
    this.#features = features;
    this.#fence = fence;
    this.#backlog = leastSuspiciousFirst(backlog);
    this.#sizes = new SizeLimit(context.place.settings.memoryMiB);
    this.#newFirst = new NewBeforeSuspects(context.clock.monotonic());
    this.#onTaken = onTaken;
  }

  /** Ids of what others have left behind and is not taken yet. */
  get leftBehind(): readonly string[] {
    return this.#backlog.map(({ id }) => id);
  }

  /** Takes no further requests. */
  stop(): void {
    this.#stopping = true;
    this.#context.inFlight.room.notify();
  }

  /** Takes requests until stopped, or until the request limit is reached. */
  async run(): Promise<void> {
    const { inFlight, pulse } = this.#context;
    try {
      while (!this.#isOver()) {
        pulse.beat();
        const count = this.#mayRead([]);
        if (this.#ahead !== undefined) await this.#take(this.#ahead);
        else if (this.#backlog.length > 0 && !this.#newGoFirst()) await this.#recover();
        else if (count > 0) await this.#take(this.#ask(count));
        else await inFlight.room.wait(1000);
      }
    } catch (error) {
      if (!this.#stopping) throw error; // the reading connection was closed on purpose
    }
    this.done = true;
    inFlight.work.notify();
  }

  /** The group was missing and is there again: what is in the stream comes once more. */
  async groupWasMade(): Promise<void> {
    this.#againUpTo = await newestEntry(this.#writer, this.#context.place);
  }

  /**
   * Takes over a few entries that were left behind, unless there are some already.
   * @returns whether more are to be expected
   */
  async adoptOrphans(): Promise<boolean> {
    const { place, inFlight } = this.#context;
    if (this.#backlog.length > 0) return true;
    const claimed = await claimOrphans(this.#writer, place, this.#orphanCursor);
    this.#orphanCursor = claimed.cursor;
    this.#adopting = claimed.ids.length > 0;
    await this.#queue(await findPending(this.#writer, place, claimed.ids.filter((id) => !inFlight.has(id))));
    return this.#adopting;
  }

  #ask(count: number): Read {
    const { place, clock } = this.#context;
    const wait = this.#adopting || this.#backlog.length > 0 ? moreOrphansMs : longestBlockMs;
    return read(this.#reader, place, this.#features, { count, blockMs: wait, nowMs: clock.now() });
  }

  async #take({ count, askedMs, reply }: Read): Promise<void> {
    const { place, clock, log } = this.#context;
    this.#ahead = undefined;
    try {
      const { fresh, claimed } = separateClaimed(await reply);
      const entries = this.#weigh(decodeRead(fresh));
      this.#newFirst.read(entries.length + claimed.length, count);
      if (entries.length > 0) await this.#mayBegin();
      const unanswered = await this.#unanswered(entries);
      if (entries.length === count) this.#askAhead(unanswered);
      const nowMs = clock.monotonic();
      for (const entry of unanswered) this.#context.inFlight.add(entry, 1, nowMs, askedMs);
      this.#context.executor.startWaiting();
      this.#onTaken();
      if (claimed.length > 0) await this.#adopt(claimed);
    } catch (error) {
      if (!isGroupGone(error)) throw error;
      const { requestStream: stream, settings: { group } } = place;
      log.warn('the consumer group is gone; it is made anew', { stream, group });
      await ensureGroup(this.#writer, place);
      await this.groupWasMade();
    }
  }

  /**
   * A read that brought all it asked for is followed by another: the server works on the next one while the requests of
   * this one run. Behind one that brought less answers go first, since there is nothing to be had.
   * @param coming requests that are still to be run
   */
  #askAhead(coming: readonly Entry[]): void {
    const count = this.#isOver() || this.#backlog.length > 0 || this.#adopting ? 0 : this.#mayRead(coming);
    if (count <= 0) return;
    this.#ahead = this.#ask(count);
    this.#ahead.reply.catch(() => {}); // whoever takes it is told
  }

  /** What comes through a group that was made anew, but for what was answered through the one before. */
  async #unanswered(entries: Entry[]): Promise<Entry[]> {
    const upTo = this.#againUpTo;
    if (upTo === undefined) return entries;
    const again = entries.filter(({ id }) => !isEarlier(upTo, id));
    if (again.length < entries.length || entries.length === 0) this.#againUpTo = undefined;
    const pending = again.map(({ id }) => ({ id, deliveries: 1 }));
    const open = await acknowledgeAnswered(this.#writer, this.#context.place, pending, claimPages);
    const ids = new Set(open.map(({ id }) => id));
    return entries.filter((entry) => ids.has(entry.id) || !again.includes(entry));
  }

  /** Queues what a read has taken over, but for what this process still works on itself. */
  async #adopt(claimed: readonly Pending[]): Promise<void> {
    const { place, inFlight } = this.#context;
    await uncountDelivery(this.#writer, place, claimed);
    await this.#queue(claimed.filter(({ id }) => !inFlight.has(id)));
  }

  async #queue(pending: readonly Pending[]): Promise<void> {
    const left = await acknowledgeAnswered(this.#writer, this.#context.place, pending, claimPages);
    this.#backlog = leastSuspiciousFirst([...this.#backlog, ...left]);
  }

  #newGoFirst(): boolean {
    return this.#newFirst.applies(this.#backlog, this.#context.clock.monotonic());
  }

  /** Takes the next entries out of the backlog, or waits until that is possible. */
  async #recover(): Promise<void> {
    const { inFlight, executor, place, clock } = this.#context;
    const room = Math.min(
      place.settings.concurrency - inFlight.size,
      this.#untilLimit(),
      this.#sizes.count(inFlight.bytes),
    );
    const step = planRecovery(this.#backlog, { room, size: inFlight.size }, place.settings.maxDeliveries);
    if (step.kind === 'wait') return await inFlight.room.wait(1000);
    await this.#mayBegin();
    this.#backlog = this.#backlog.slice(step.next.length);
    const deliveries = new Map(step.next.map((pending) => [pending.id, pending.deliveries + 1]));
    const askedMs = clock.now();
    for (const entry of this.#weigh(await readPending(this.#reader, place, step.next))) {
      const held = inFlight.add(entry, deliveries.get(entry.id) ?? 1, clock.monotonic(), askedMs);
      if (held !== undefined && step.manner === 'quarantine') executor.quarantine(held);
    }
    executor.startWaiting();
    while (step.manner === 'alone' && inFlight.size > 0 && !this.#isOver()) {
      this.#context.pulse.beat();
      await inFlight.room.wait(1000);
    }
  }

  /** Nothing is begun on an old answer of the fence. @throws FatalError when the place is somebody else's */
  async #mayBegin(): Promise<void> {
    if (!this.#fence.isFresh) await this.#fence.check();
  }

  #weigh(entries: Entry[]): Entry[] {
    this.#sizes.learn(entries.map(sizeOf));
    return entries;
  }

  /** How many a read may bring beside what is held and what is coming. */
  #mayRead(coming: readonly Entry[]): number {
    const { place, inFlight, executor } = this.#context;
    const { concurrency } = place.settings;
    const held = inFlight.size + coming.length;
    const bytes = coming.reduce((sum, entry) => sum + sizeOf(entry), inFlight.bytes);
    return Math.min(
      readCount(holdLimit(concurrency, executor.meanMs), held, concurrency),
      this.#untilLimit() - coming.length,
      this.#sizes.count(bytes),
    );
  }

  #untilLimit(): number {
    const { place, inFlight } = this.#context;
    return place.requestLimit > 0 ? place.requestLimit - inFlight.taken : Infinity;
  }

  #isOver(): boolean {
    return this.#stopping || this.#untilLimit() <= 0;
  }
}
