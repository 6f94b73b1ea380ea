/** The time between connecting to Redis and losing it: reading, committing and chores, side by side. */
import { Signal } from './signal.ts';
import { checkFence, claimOrphans, handOver, orphanIdleMs, renewLeases, writeProgress } from './chores.ts';
import { claimArgs, separateClaimed, uncountDelivery } from './claim.ts';
import { Committer } from './commit.ts';
import type { Connection } from '../redis/connection.ts';
import type { Pair } from '../redis/connection-pair.ts';
import type { InFlightTable } from './in-flight.ts';
import { decodeRead } from './entry.ts';
import type { Executor } from './executor.ts';
import type { PreviousConnections } from '../redis/previous-connections.ts';
import { ensureGroup, isGroupGone, rememberPosition } from './group.ts';
import type { Clock } from '../pod/clock.ts';
import type { Pulse } from '../pod/health.ts';
import type { Identity } from '../pod/identity.ts';
import type { Logger } from '../mod.ts';
import { findPending, listPending, type Pending, planRecovery, readPending, settleInFlight } from './pending.ts';
import type { Place } from './place.ts';
import { moveDue } from './retry.ts';
import { holdLimit, readCount } from './capacity.ts';
import { baseFeatures, probeFeatures, type ServerFeatures } from './server-features.ts';
import { trimAcknowledged } from './trim.ts';

/** What outlives a session. */
export interface SessionContext {
  readonly place: Place;
  readonly identity: Identity;
  readonly inFlight: InFlightTable;
  readonly executor: Executor;
  readonly pulse: Pulse;
  readonly log: Logger;
  readonly clock: Clock;
  /** Connections of the sessions before. */
  readonly previousConnections: PreviousConnections;
  /** Percent by ref, told by handlers and not yet written. */
  readonly progress: Map<string, number>;
}

/** One duty with its own pace. */
interface Chore {
  everyMs: number;
  dueMs: number;
  readonly run: () => Promise<void>;
}

const blockMs = 2000;
/** How often entries left behind are looked for, and how soon again while there are some. */
const orphansEveryMs = 5000;
const moreOrphansMs = 100;
/** How often a worker that keeps its requests notes how far they are acknowledged. */
const rememberEveryMs = 5000;

/** A pair of connections and the loops over them. */
export class Session {
  readonly #reader: Connection;
  readonly #writer: Connection;
  readonly #context: SessionContext;
  readonly #committer: Committer;
  readonly #choreSignal = new Signal();
  readonly #retries: Chore;
  readonly #orphans: Chore;
  #features: ServerFeatures = baseFeatures;
  #backlog: Pending[] = [];
  #orphanCursor = '0-0';
  /** Entries left behind were found the last time, so that more are to be expected. */
  #adopting = false;
  #tidiedAt = 0;
  #stopping = false;
  #readingDone = false;
  #over = false;
  #error: unknown;

  constructor({ reader, writer }: Pair, context: SessionContext) {
    this.#reader = reader;
    this.#writer = writer;
    this.#context = context;
    const { inFlight, place, identity, log } = context;
    this.#committer = new Committer(writer, inFlight, place, identity, {
      log,
      onRetry: (dueMs) => this.#retryAt(dueMs),
    });
    this.#retries = { everyMs: 1000, dueMs: 0, run: () => this.#moveRetries() };
    this.#orphans = {
      everyMs: Math.min(orphansEveryMs, orphanIdleMs(context.place.settings) / 2),
      dueMs: 0,
      run: () => this.#adoptOrphans(),
    };
  }

  /**
   * Joins the group, settles what an earlier session left in doubt, then works until stopped, until the request
   * limit is reached, or until something fails.
   * @param placeTaken `now` when that was the last thing the writer did: somebody else's fence is not older than that
   * @throws ConnectionLostError, RedisError: an outage; FatalError: fenced.
   */
  async run(placeTaken: 'now' | 'before', joined: () => void): Promise<void> {
    try {
      await this.#join(placeTaken);
      joined();
      const loops = [this.#read(), this.#commit(), this.#doChores()];
      await Promise.all(loops.map((loop) => loop.catch((error: unknown) => this.#end(error))));
      if (this.#error !== undefined) throw this.#error;
      await handOver(
        this.#writer,
        this.#context.place,
        this.#context.inFlight,
        await listPending(this.#writer, this.#context.place),
      );
    } finally {
      this.#context.pulse.reading = false;
      this.#end(undefined);
      this.#closeBoth();
    }
  }

  /** Takes no further requests; {@link Session.run} returns once what runs is finished and committed. */
  stop(): void {
    this.#stopping = true;
    this.#reader.close();
    this.#context.inFlight.room.notify();
    this.#context.inFlight.work.notify();
  }

  async #join(placeTaken: 'now' | 'before'): Promise<void> {
    const { place, identity, inFlight, pulse, previousConnections } = this.#context;
    // What is asked together is one round trip; the writer carries it out in this order. Nobody fenced makes a group.
    const allowed = Promise.all([
      previousConnections.replaceBy([this.#reader, this.#writer]),
      checkFence(this.#writer, place, identity),
    ]);
    if (placeTaken === 'before') await allowed;
    const [groupWasMissing, pending, features] = await Promise.all([
      ensureGroup(this.#writer, place),
      listPending(this.#writer, place),
      probeFeatures(this.#writer, place),
      allowed,
    ]);
    this.#use(features);
    settleInFlight(inFlight, pending, groupWasMissing);
    this.#backlog = pending.filter(({ id }) => !inFlight.has(id));
    pulse.reading = true;
  }

  /** Where reads claim by themselves, the chore is left with what they pass over: entries deleted while they were pending. */
  #use(features: ServerFeatures): void {
    const { place, clock } = this.#context;
    this.#features = features;
    if (!features.claimingReads) return;
    this.#orphans.everyMs = orphanIdleMs(place.settings);
    this.#orphans.dueMs = clock.monotonic() + this.#orphans.everyMs;
  }

  async #read(): Promise<void> {
    const { inFlight, pulse } = this.#context;
    try {
      while (!this.#readingIsOver()) {
        pulse.beat();
        const count = Math.min(this.#room(), this.#untilLimit());
        if (this.#backlog.length > 0) await this.#recover();
        else if (count > 0) await this.#readNew(count);
        else await inFlight.room.wait(1000);
      }
    } catch (error) {
      if (!this.#stopping) throw error; // the reading connection was closed on purpose
    }
    this.#readingDone = true;
    inFlight.work.notify();
  }

  async #readNew(count: number): Promise<void> {
    const { requestStream, consumerId, settings: { group } } = this.#context.place;
    try {
      const reply = await this.#reader.commandWithin(
        blockMs + 1000,
        'XREADGROUP',
        'GROUP',
        group,
        consumerId,
        'COUNT',
        count,
        'BLOCK',
        this.#adopting ? moreOrphansMs : blockMs,
        ...claimArgs(this.#context.place, this.#features),
        'STREAMS',
        requestStream,
        '>',
      );
      const { fresh, claimed } = separateClaimed(reply);
      const nowMs = this.#context.clock.monotonic();
      for (const entry of decodeRead(fresh)) this.#context.inFlight.add(entry, 1, nowMs);
      this.#context.executor.startWaiting();
      this.#committer.fill(); // an answer goes out before the next read does
      if (claimed.length > 0) await this.#adopt(claimed);
    } catch (error) {
      if (!isGroupGone(error)) throw error;
      this.#context.log.warn('the consumer group is gone; it is made anew', { stream: requestStream, group });
      await ensureGroup(this.#writer, this.#context.place);
    }
  }

  /** Queues what was taken over for recovery, but for what this process still works on itself. */
  async #adopt(claimed: readonly Pending[]): Promise<void> {
    const { place, inFlight } = this.#context;
    await uncountDelivery(this.#writer, place, claimed);
    this.#backlog.push(...claimed.filter(({ id }) => !inFlight.has(id)));
  }

  /** Takes the next entries out of the backlog, or waits until that is possible. */
  async #recover(): Promise<void> {
    const { inFlight, executor, place, clock } = this.#context;
    const room = Math.min(place.settings.concurrency - inFlight.size, this.#untilLimit());
    const step = planRecovery(this.#backlog, { room, size: inFlight.size }, place.settings.maxDeliveries);
    if (step.kind === 'wait') return await inFlight.room.wait(1000);
    this.#backlog = this.#backlog.slice(step.next.length);
    const deliveries = new Map(step.next.map((pending) => [pending.id, pending.deliveries + 1]));
    for (const entry of await readPending(this.#reader, place, step.next)) {
      const held = inFlight.add(entry, deliveries.get(entry.id) ?? 1, clock.monotonic());
      if (held !== undefined && step.manner === 'quarantine') executor.quarantine(held);
    }
    executor.startWaiting();
    while (step.manner === 'alone' && inFlight.size > 0 && !this.#stopping && !this.#over) {
      this.#context.pulse.beat();
      await inFlight.room.wait(1000);
    }
  }

  #commit(): Promise<void> {
    const { inFlight } = this.#context;
    const isDone = () => this.#over || (this.#readingDone && inFlight.quiet && (this.#stopping || inFlight.size === 0));
    return this.#committer.run(isDone).then(() => this.#end(undefined));
  }

  async #doChores(): Promise<void> {
    const { monotonic: now } = this.#context.clock;
    const chores = this.#chores();
    while (!this.#over) {
      for (const chore of chores) {
        if (this.#over || chore.dueMs > now()) continue;
        chore.dueMs = now() + chore.everyMs;
        await chore.run();
      }
      await this.#choreSignal.wait(Math.max(0, Math.min(...chores.map((chore) => chore.dueMs)) - now()));
    }
  }

  #chores(): Chore[] {
    const { place, identity, inFlight, progress, clock } = this.#context;
    const leaseMs = orphanIdleMs(place.settings);
    const chore = (everyMs: number, run: () => Promise<void>): Chore => ({
      everyMs,
      run,
      dueMs: clock.monotonic() + everyMs,
    });
    const chores = [
      chore(1000, () => checkFence(this.#writer, place, identity)),
      this.#retries,
      this.#orphans,
      chore(leaseMs / 3, () => renewLeases(this.#writer, place, inFlight, clock.monotonic() - leaseMs / 3)),
    ];
    const isTrimmed = place.settings.retention === 'Acknowledged';
    chores.push(isTrimmed ? chore(1000, () => this.#trim()) : chore(rememberEveryMs, () => this.#remember()));
    if (place.settings.traces === 'On') {
      chores.push(
        chore(200, () => progress.size > 0 ? writeProgress(this.#writer, place, progress) : Promise.resolve()),
      );
    }
    return chores;
  }

  async #moveRetries(): Promise<void> {
    const nextMs = await moveDue(this.#writer, this.#context.place, this.#context.clock.now(), this.#context.log);
    if (nextMs !== undefined) this.#retryAt(nextMs);
  }

  /** @param wallMs milliseconds since 1970: the schedule is other processes' too */
  #retryAt(wallMs: number): void {
    const { now, monotonic } = this.#context.clock;
    const dueMs = monotonic() + wallMs - now();
    if (dueMs >= this.#retries.dueMs) return;
    this.#retries.dueMs = dueMs;
    this.#choreSignal.notify();
  }

  async #adoptOrphans(): Promise<void> {
    const { place, inFlight, clock } = this.#context;
    this.#orphans.dueMs = clock.monotonic() + moreOrphansMs;
    if (this.#backlog.length > 0) return;
    const claimed = await claimOrphans(this.#writer, place, this.#orphanCursor);
    this.#orphanCursor = claimed.cursor;
    this.#adopting = claimed.ids.length > 0;
    if (!this.#adopting) this.#orphans.dueMs = clock.monotonic() + this.#orphans.everyMs;
    const pending = await findPending(this.#writer, place, claimed.ids.filter((id) => !inFlight.has(id)));
    this.#backlog.push(...pending);
  }

  async #trim(): Promise<void> {
    if (this.#hasTaken()) await trimAcknowledged(this.#writer, this.#context.place, this.#features);
  }

  async #remember(): Promise<void> {
    if (this.#hasTaken()) await rememberPosition(this.#writer, this.#context.place);
  }

  /** Whether a request was taken since this was asked last. */
  #hasTaken(): boolean {
    const { taken } = this.#context.inFlight;
    const isNews = taken !== this.#tidiedAt;
    this.#tidiedAt = taken;
    return isNews;
  }

  #room(): number {
    const { place, inFlight, executor } = this.#context;
    const { concurrency } = place.settings;
    return readCount(holdLimit(concurrency, executor.meanMs), inFlight.size, concurrency);
  }

  #untilLimit(): number {
    const { place, inFlight } = this.#context;
    return place.requestLimit > 0 ? place.requestLimit - inFlight.taken : Infinity;
  }

  #readingIsOver(): boolean {
    return this.#stopping || this.#over || this.#untilLimit() <= 0;
  }

  /** Ends every loop; the first error is the one that counts. */
  #end(error: unknown): void {
    this.#error ??= error;
    this.#over = true;
    if (error !== undefined) this.#closeBoth();
    this.#choreSignal.notify();
    this.#context.inFlight.room.notify();
    this.#context.inFlight.work.notify();
  }

  #closeBoth(): void {
    this.#reader.close();
    this.#writer.close();
  }
}
