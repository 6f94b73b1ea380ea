/** What is done beside the requests, each at its own pace, over the committing connection. */
import type { Connection } from '../redis/connection.ts';
import { RedisError } from '../redis/resp.ts';
import type { Fence } from './fence.ts';
import { rememberPosition } from './group.ts';
import { orphanIdleMs, renewLeases } from './lease.ts';
import { writeProgress } from './progress.ts';
import { moreOrphansMs, type Reader } from './reader.ts';
import { isOfServer } from './refusal.ts';
import { moveDue, nextDue } from './retry.ts';
import type { ServerFeatures } from './server-features.ts';
import type { SessionContext } from './session-context.ts';
import { Signal } from '../pod/signal.ts';
import { trimAcknowledged } from './trim.ts';

/** One duty with its own pace. */
interface Chore {
  readonly everyMs: number;
  /** On the clock that never jumps. */
  dueMs: number;
  readonly run: () => Promise<void>;
  /** The refusal that was told last. */
  told?: string;
}

/**
 * How often a consumer without anything to do asks whether it still has its place, and for retries of others that are
 * gone: with its reads, it costs the server about one command a second.
 */
const idleEveryMs = 6000;

/** How often entries left behind are looked for. */
const orphansEveryMs = 10_000;

/** How often a worker that keeps its requests notes how far they are acknowledged. */
const rememberEveryMs = 5000;

/** The chores of one session. */
export class Chores {
  readonly #connection: Connection;
  readonly #context: SessionContext;
  readonly #features: ServerFeatures;
  readonly #fence: Fence;
  readonly #reader: Reader;
  readonly #signal = new Signal();
  readonly #retries: Chore;
  readonly #orphans: Chore;
  readonly #all: readonly Chore[];
  /** How many requests had been taken when the fence was asked last. */
  #fencedAt = 0;
  #over = false;

  constructor(
    connection: Connection,
    context: SessionContext,
    features: ServerFeatures,
    fence: Fence,
    reader: Reader,
  ) {
    this.#connection = connection;
    this.#context = context;
    this.#features = features;
    this.#fence = fence;
    this.#reader = reader;
    this.#retries = this.#chore(idleEveryMs, () => this.#moveRetries(), 'at once');
    // Where reads claim by themselves, this is left with what they pass over: entries deleted while they were pending.
    const leaseMs = orphanIdleMs(context.place.settings);
    this.#orphans = features.claimingReads
      ? this.#chore(leaseMs, () => this.#adoptOrphans())
      : this.#chore(Math.min(orphansEveryMs, leaseMs / 2), () => this.#adoptOrphans(), 'at once');
    this.#all = this.#list();
  }

  /** Does them until ended. @throws what one of them fails with, unless it was only refused */
  async run(): Promise<void> {
    const { monotonic } = this.#context.clock;
    while (!this.#over) {
      for (const chore of this.#all) {
        if (this.#over || chore.dueMs > monotonic()) continue;
        chore.dueMs = monotonic() + chore.everyMs;
        await this.#do(chore);
      }
      await this.#signal.wait(Math.max(0, Math.min(...this.#all.map((chore) => chore.dueMs)) - monotonic()));
    }
  }

  end(): void {
    this.#over = true;
    this.#signal.notify();
  }

  /** A retry is due at `dueMs`, milliseconds since 1970. */
  retryAt(dueMs: number): void {
    const { now, monotonic } = this.#context.clock;
    const due = monotonic() + Math.max(0, dueMs - now());
    if (due >= this.#retries.dueMs) return;
    this.#retries.dueMs = due;
    this.#signal.notify();
  }

  #list(): Chore[] {
    const { place, inFlight, progress, clock, elsewhere, beside } = this.#context;
    const connection = this.#connection;
    const chores = [
      this.#chore(1000, () => this.#checkFence()),
      this.#retries,
      this.#orphans,
      this.#chore(orphanIdleMs(place.settings) / 3, () => renewLeases(connection, place, inFlight, clock.now())),
    ];
    const { retention, responses } = place.settings;
    const isTrimmed = retention === 'Acknowledged';
    // Where the responses do not tell what was answered, the position alone does.
    const remember = this.#afterTaken(() => rememberPosition(connection, place));
    if (responses !== 'All') chores.push(this.#chore(1000, remember));
    else if (!isTrimmed) chores.push(this.#chore(rememberEveryMs, remember));
    const trim = this.#afterTaken(() => trimAcknowledged(connection, place, this.#features));
    if (isTrimmed) chores.push(this.#chore(1000, trim));
    if (beside !== undefined) chores.push(this.#chore(1000, () => beside(connection), 'at once'));
    if (place.settings.traces === 'On') {
      const traces = elsewhere ?? connection;
      chores.push(this.#chore(200, () => writeProgress(traces, place, progress, this.#features.traceExpiry)));
    }
    return chores;
  }

  #chore(everyMs: number, run: () => Promise<void>, first?: 'at once'): Chore {
    return { everyMs, run, dueMs: first === 'at once' ? 0 : this.#context.clock.monotonic() + everyMs };
  }

  /** One that is refused, as over a right that is missing or a Redis that is full, is told of once and does not stop the others. */
  async #do(chore: Chore): Promise<void> {
    try {
      await chore.run();
      delete chore.told;
    } catch (error) {
      if (!(error instanceof RedisError) || isOfServer(error)) throw error;
      if (error.message !== chore.told) {
        this.#context.log.warn('Redis refuses a command beside the requests', { reason: error.message });
      }
      chore.told = error.message;
    }
  }

  /** Each second while there is work; else now and then, for the reader asks before it begins any. */
  async #checkFence(): Promise<void> {
    const { inFlight: { taken, size } } = this.#context;
    const isBusy = size > 0 || taken !== this.#fencedAt;
    this.#fencedAt = taken;
    if (isBusy || this.#fence.ageMs >= idleEveryMs) await this.#fence.check();
  }

  /** Those of this process are brought back when they are due. */
  async #moveRetries(): Promise<void> {
    const { place, clock, log } = this.#context;
    let nextMs = await nextDue(this.#connection, place);
    if (nextMs !== undefined && nextMs <= clock.now()) {
      nextMs = await moveDue(this.#connection, place, clock.now(), log);
    }
    if (nextMs !== undefined) this.retryAt(nextMs);
  }

  async #adoptOrphans(): Promise<void> {
    this.#orphans.dueMs = this.#context.clock.monotonic() + moreOrphansMs;
    if (await this.#reader.adoptOrphans()) return;
    this.#orphans.dueMs = this.#context.clock.monotonic() + this.#orphans.everyMs;
  }

  /** Only where a request was taken since it was done last. */
  #afterTaken(run: () => Promise<void>): () => Promise<void> {
    let doneAt = 0;
    return async () => {
      const { taken } = this.#context.inFlight;
      if (taken === doneAt) return;
      doneAt = taken;
      await run();
    };
  }
}
