/** The time between connecting to Redis and losing it: reading, committing and chores, side by side. */
import { fenced } from '../pod/fenced.ts';
import { type Identity, renewSession } from '../pod/identity.ts';
import type { Pair } from '../redis/connection-pair.ts';
import { acknowledgeAnswered, historyPages } from './answered.ts';
import { Chores } from './chores.ts';
import { Committer } from './commit.ts';
import { Fence } from './fence.ts';
import { ensureGroup } from './group.ts';
import { handOver } from './lease.ts';
import { listPending, settleInFlight } from './pending.ts';
import { Reader } from './reader.ts';
import { probeFeatures } from './server-features.ts';
import type { SessionContext } from './session-context.ts';

/** The loops of a session that has joined its group. */
interface Loops {
  readonly reader: Reader;
  readonly committer: Committer;
  readonly chores: Chores;
}

/** A pair of connections and the loops over them. */
export class Session {
  readonly #pair: Pair;
  readonly #context: SessionContext;
  #loops: Loops | undefined;
  #stopping = false;
  #over = false;
  #error: unknown;

  constructor(pair: Pair, context: SessionContext) {
    this.#pair = pair;
    this.#context = context;
  }

  /**
   * Joins the group, settles what an earlier session left in doubt, then works until stopped, until the request
   * limit is reached, or until something fails.
   * @param placeTaken `now` when that was the last thing the writer did: somebody else's fence is not older than that
   * @throws ConnectionLostError, RedisError: an outage; FatalError: fenced.
   */
  async run(placeTaken: 'now' | 'before', joined: () => void): Promise<void> {
    const { writer } = this.#pair;
    const { place, inFlight, pulse } = this.#context;
    try {
      const loops = this.#loops = await this.#join(placeTaken);
      if (this.#stopping) loops.reader.stop();
      joined();
      const running = [loops.reader.run(), this.#commit(loops), loops.chores.run()];
      await Promise.all(running.map((loop) => loop.catch((error: unknown) => this.#end(error))));
      if (this.#error !== undefined) throw this.#error;
      const startedHere = inFlight.all().filter(({ startedMs }) => startedMs > 0).map(({ entry }) => entry.id);
      const started = new Set([...startedHere, ...loops.reader.leftBehind]);
      await handOver(writer, place, await listPending(writer, place), started);
    } finally {
      pulse.reading = false;
      this.#end(undefined);
      this.#closeBoth();
    }
  }

  /** Takes no further requests; {@link Session.run} returns once what runs is finished and committed. */
  stop(): void {
    this.#stopping = true;
    this.#loops?.reader.stop();
    this.#pair.reader.close();
    this.#context.inFlight.work.notify();
  }

  /** Ends at once, as when the connections were lost. */
  leave(reason: Error): void {
    this.#end(reason);
  }

  async #join(placeTaken: 'now' | 'before'): Promise<Loops> {
    const { writer } = this.#pair;
    const { place, inFlight, pulse } = this.#context;
    const identity = placeTaken === 'now' ? this.#context.identity : await this.#renewed();
    const context = { ...this.#context, identity };
    // What is asked together is one round trip; the writer carries it out in this order. Nobody fenced makes a group.
    const fence = new Fence(writer, place, identity, context.clock);
    const allowed = fence.check();
    const [groupWasMissing, pending, features] = await Promise.all([
      ensureGroup(writer, place),
      listPending(writer, place),
      probeFeatures(writer, place, identity),
      allowed,
    ]);
    settleInFlight(inFlight, pending, groupWasMissing);
    const notInFlight = pending.filter(({ id }) => !inFlight.has(id));
    const backlog = await acknowledgeAnswered(writer, place, notInFlight, historyPages);
    pulse.reading = true;
    const committer: Committer = new Committer(
      writer,
      { ...context, onRetry: (dueMs) => chores.retryAt(dueMs) },
      features,
    );
    // An answer goes out before the next read does.
    const requests = new Reader(this.#pair, context, features, fence, backlog, () => committer.fill());
    if (groupWasMissing) await requests.groupWasMade();
    const chores = new Chores(writer, context, features, fence, requests);
    return { reader: requests, committer, chores };
  }

  /** A commit over the connections before may still be on its way: it would answer its requests a second time. */
  async #renewed(): Promise<Identity> {
    const { place: { hashKey }, identity } = this.#context;
    const renewed = { ...identity, session: crypto.randomUUID() };
    if (!await renewSession(this.#pair.writer, hashKey, renewed)) throw fenced(hashKey);
    return renewed;
  }

  async #commit({ committer, reader }: Loops): Promise<void> {
    const { inFlight } = this.#context;
    const isDone = () => this.#over || (reader.done && inFlight.quiet && (this.#stopping || inFlight.size === 0));
    await committer.run(isDone);
    this.#end(undefined);
  }

  /** Ends every loop; the first error is the one that counts. */
  #end(error: unknown): void {
    this.#error ??= error;
    this.#over = true;
    if (error !== undefined) this.#closeBoth();
    this.#loops?.chores.end();
    this.#loops?.reader.stop();
    this.#context.inFlight.work.notify();
  }

  #closeBoth(): void {
    this.#pair.reader.close();
    this.#pair.writer.close();
  }
}
