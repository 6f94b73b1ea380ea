/**
 * The group commit: whatever is finished goes to Redis in one transaction, at most two of them on the wire. What is out
 * of the ordinary goes by itself, with care, see careful-commit.ts.
 */
import { backoffMs } from '../pod/backoff.ts';
import { fenced } from '../pod/fenced.ts';
import { isOurs } from '../pod/identity.ts';
import type { Connection } from '../redis/connection.ts';
import { ConnectionLostError } from '../redis/connection-lost.ts';
import { RedisError, type Reply } from '../redis/resp.ts';
import { CarefulCommits } from './careful-commit.ts';
import { ClusterCommits } from './cluster-commit.ts';
import { CommitEncoder, type Replies } from './commit-commands.ts';
import { type CommitContext, tellOf } from './commit-context.ts';
import type { Held } from './in-flight.ts';
import { isInDoubt } from './lease.ts';
import { OwnKeys } from './own-keys.ts';
import { afterLosses, longReply, maxLosses } from './refusal.ts';
import { RefusedCommits } from './refused-commits.ts';
import type { ServerFeatures } from './server-features.ts';

const maxOnWire = 2;
const maxBatch = 256;
/** Redis closes a connection whose unread commands exceed its limit; this is far below any, and bounds our own memory. */
const maxBatchBytes = 512 * 1024;
/** How soon requests are tried again that wait for somebody to see to a key. */
const waitingRetryMs = 1000;
const blockedBackoff = { initialMs: 100, maxMs: 5000 };

/** Commits what is finished, over one connection. */
export class Committer {
  readonly #connection: Connection;
  readonly #context: CommitContext;
  readonly #encoder: CommitEncoder;
  readonly #refused: RefusedCommits;
  /**
   * Whether ordinary requests may be committed without looking first: all keys are at one server, which knows how, and
   * the last look saw no reason.
   */
  readonly #guarded: boolean;
  #ordinary: boolean;
  #onWire = 0;
  #failed: unknown;
  /** Taken for a careful commit. */
  #withCare: Held[] = [];
  /** Those that wait for somebody to see to a key, and what has been said of such keys. */
  #waiting: Held[] = [];
  #waitingUntilMs = 0;
  readonly #problems = new Set<string>();
  #blocked: { readonly error: RedisError; readonly failures: number; readonly untilMs: number } | undefined;

  constructor(connection: Connection, context: CommitContext, features: ServerFeatures) {
    const { place, identity, clock, elsewhere } = context;
    this.#connection = connection;
    this.#context = context;
    this.#encoder = new CommitEncoder(place, identity, features.traceExpiry, clock);
    const own = new OwnKeys(connection, place, identity, clock);
    const way = elsewhere
      ? new ClusterCommits(own, elsewhere, place, features.traceExpiry, clock)
      : new CarefulCommits(own, place, features.traceExpiry, clock);
    this.#refused = new RefusedCommits(way, context);
    this.#guarded = this.#ordinary = features.guardedCommits && !elsewhere;
  }

  /**
   * Commits until `done` says so and nothing is left.
   * @throws RedisError of a server that has to be waited for, ConnectionLostError, FatalError when we are fenced.
   */
  async run(done: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failed !== undefined) throw this.#failed;
      this.#giveUp();
      this.fill();
      if (this.#onWire === 0 && done()) return;
      await this.#context.inFlight.work.wait(Math.min(1000, this.#untilTried()));
    }
  }

  /** Sends what is finished, unless enough is on the wire. For those who finish requests and would send something else next. */
  fill(): void {
    const nowMs = this.#context.clock.monotonic();
    if (this.#blocked && nowMs < this.#blocked.untilMs) return;
    if (this.#waiting.length > 0 && nowMs >= this.#waitingUntilMs) this.#withCare.push(...this.#waiting.splice(0));
    while (this.#failed === undefined && this.#onWire < maxOnWire) {
      if (this.#withCare.length > 0) {
        if (this.#onWire === 0) this.#send(this.#withCare.splice(0, maxBatch), (batch) => this.#commitWithCare(batch));
        return;
      }
      const batch = this.#takeOrdinary();
      if (batch === undefined) return;
      if (batch.length > 0) this.#send(batch, (ordinary) => this.#commit(ordinary));
    }
  }

  /** The next ordinary requests; those that are not are set aside for care. Undefined when nothing is finished. */
  #takeOrdinary(): Held[] | undefined {
    const { inFlight, clock, place } = this.#context;
    const finished = inFlight.takeFinished(maxBatch, maxBatchBytes);
    if (finished.length === 0) return undefined;
    const nowMs = clock.now();
    const isOrdinary = (held: Held) => this.#ordinary && isPlain(held) && !isInDoubt(held, nowMs, place.settings);
    if (finished.every(isOrdinary)) return finished;
    this.#withCare.push(...finished.filter((held) => !isOrdinary(held)));
    return finished.filter(isOrdinary);
  }

  #send(batch: Held[], commit: (batch: Held[]) => Promise<void>): void {
    this.#onWire++;
    commit(batch).catch((error: unknown) => {
      if (error instanceof ConnectionLostError) this.#countLosses(batch, error);
      this.#failed ??= error;
    }).finally(() => {
      this.#onWire--;
      this.#context.inFlight.work.notify();
    });
  }

  async #commit(batch: Held[]): Promise<void> {
    const { identity, place, inFlight } = this.#context;
    const commit = this.#encoder.encode(batch);
    const replies = await this.#connection.transaction(commit.bytes, commit.replyCount);
    this.#encoder.release(commit);
    const executed = replies.at(-2) as Reply;
    if (!Array.isArray(executed)) { // nothing of it has happened; why, is seen with care
      if (executed === null) this.#ordinary = false;
      this.#withCare.unshift(...batch);
      return;
    }
    this.#refused.answered();
    this.#unblock();
    if (executed.some((reply) => reply instanceof RedisError)) this.#concludeFailed(batch, executed);
    else for (const held of batch) inFlight.drop(held);
    if (!isOurs(replies.at(-1) as Reply, identity)) throw fenced(place.hashKey);
  }

  #concludeFailed(batch: readonly Held[], executed: readonly Reply[]): void {
    const replies = this.#encoder.repliesOf(batch);
    batch.forEach((held, at) => this.#concludeOne(held, executed, replies[at] as Replies));
    const uncounted = executed.slice(replies.at(-1)?.end).find((reply) => reply instanceof RedisError);
    if (uncounted === undefined) return;
    const { message: reason } = uncounted;
    this.#context.log.error('answers without a response could not be counted', { answers: batch.length, reason });
  }

  /**
   * A command of the transaction failed by itself. A trace that cannot be written is told and left at that. The rest can
   * only fail when its key changed between the guard's look and the transaction: the acknowledgement went through, and a
   * dead letter follows.
   */
  #concludeOne(held: Held, executed: readonly Reply[], { from, essentialsEnd, end }: Replies): void {
    const first = executed.findIndex((reply, at) => at >= from && at < end && reply instanceof RedisError);
    if (first < 0) return this.#context.inFlight.drop(held);
    const { message } = executed[first] as RedisError;
    this.#context.log.error('part of an answer could not be written', tellOf(held, message));
    if (first >= essentialsEnd) return this.#context.inFlight.drop(held);
    held.acknowledged = true;
    held.outcome = { dead: `its reply could not be written: ${message}` };
    this.#withCare.push(held);
  }

  async #commitWithCare(batch: Held[]): Promise<void> {
    const { written, gone, waiting, ordinary, refusal } = await this.#refused.commit(batch);
    const { inFlight, onRetry, log } = this.#context;
    for (const held of gone) inFlight.drop(held);
    for (const { held, finish, error } of written) {
      if (finish.outcome.retryAt !== undefined) onRetry(finish.outcome.retryAt);
      const reason = error?.message ?? finish.unwritten;
      if (reason !== undefined) log.error('part of an answer could not be written', tellOf(held, reason));
      inFlight.drop(held);
    }
    if (written.length > 0) this.#unblock();
    if (this.#guarded) this.#ordinary = ordinary && refusal === undefined;
    for (const { held, problem } of waiting) this.#wait(held, problem, written.length > 0);
    if (refusal && written.length > 0) {
      for (const held of refusal.requests) this.#wait(held, refusal.error.message, true);
    } else if (refusal) this.#block(refusal.error, refusal.requests);
  }

  #wait(held: Held, problem: string, othersPass: boolean): void {
    const { log, pulse, clock } = this.#context;
    if (!this.#problems.has(problem)) {
      log.error('results wait until somebody sees to this; requests that need it are kept', tellOf(held, problem));
    }
    this.#problems.add(problem);
    this.#waiting.push(held);
    this.#waitingUntilMs = clock.monotonic() + waitingRetryMs;
    if (!othersPass) pulse.committing = false;
  }

  /** Nothing can be committed: results are kept, nothing more is read once enough are, and the pod is not ready. */
  #block(error: RedisError, requests: readonly Held[]): void {
    const { inFlight, pulse, log, clock } = this.#context;
    for (const held of requests) inFlight.putBack(held);
    if (error.message !== this.#blocked?.error.message) {
      log.warn('nothing can be committed to Redis; results are kept and tried again', { reason: error.message });
    }
    const failures = (this.#blocked?.failures ?? 0) + 1;
    const pauseMs = backoffMs(failures, blockedBackoff, clock.random());
    this.#blocked = { error, failures, untilMs: clock.monotonic() + pauseMs };
    pulse.committing = false;
  }

  #unblock(): void {
    this.#context.pulse.committing = true;
    if (this.#waiting.length === 0) this.#problems.clear();
    if (!this.#blocked) return;
    this.#blocked = undefined;
    this.#context.log.info('results can be committed again');
  }

  /** The process has to end, and what is left cannot be committed. */
  #giveUp(): void {
    if (!this.#context.inFlight.abandoned) return;
    if (this.#blocked) throw this.#blocked.error;
    if (this.#waiting.length > 0) throw new RedisError([...this.#problems].join('; '));
  }

  #untilTried(): number {
    const nowMs = this.#context.clock.monotonic();
    const dueMs = Math.max(this.#blocked?.untilMs ?? 0, this.#waiting.length > 0 ? this.#waitingUntilMs : 0);
    return dueMs > nowMs ? dueMs - nowMs : 1000;
  }

  /** A reply longer than the server takes ends the connection, with a word or without one; so the longest is the suspect. */
  #countLosses(batch: readonly Held[], error: ConnectionLostError): void {
    const { place, clock, log } = this.#context;
    if (error.kind === 'closed') return;
    const longest = batch.reduce((one, other) => lengthOf(other) > lengthOf(one) ? other : one);
    if (lengthOf(longest) < longReply || (error.kind !== 'refused' && ++longest.losses < maxLosses)) return;
    log.error('a reply cannot be written; its request is set aside', tellOf(longest, error.message));
    longest.outcome = afterLosses(longest, error.message, place.type, clock.now());
  }
}

/** True for an answer and nothing else. */
function isPlain({ outcome: { answer, refused, retryAt, dead } }: Held): boolean {
  return answer !== undefined && refused === undefined && retryAt === undefined && dead === undefined;
}

function lengthOf({ outcome: { answer } }: Held): number {
  return answer?.json.length ?? 0;
}
