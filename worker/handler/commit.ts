/** The group commit: whatever is finished goes to Redis in one transaction, at most two of them on the wire. */
import type { Connection } from '../redis/connection.ts';
import { CommitEncoder, type EncodedCommit } from './commit-commands.ts';
import type { Held, InFlightTable } from './in-flight.ts';
import { itemsOf } from '../redis/replies.ts';
import { FatalError } from '../pod/fatal.ts';
import { type Identity, isOurs } from '../pod/identity.ts';
import type { Logger } from '../mod.ts';
import type { Place } from './place.ts';
import { RedisError, type Reply } from '../redis/resp.ts';

const maxOnWire = 2;
const maxBatch = 256;
/** Redis closes a connection whose unread commands exceed its limit; this is far below any. */
const maxBatchBytes = 8 * 1024 * 1024;

/** Commits what is finished, over one connection. */
export class Committer {
  readonly #connection: Connection;
  readonly #inFlight: InFlightTable;
  readonly #hashKey: string;
  readonly #encoder: CommitEncoder;
  readonly #identity: Identity;
  readonly #log: Logger;
  readonly #onRetry: (dueMs: number) => void;
  #onWire = 0;
  #failed: unknown;

  constructor(
    connection: Connection,
    inFlight: InFlightTable,
    place: Place,
    identity: Identity,
    hooks: { readonly log: Logger; readonly onRetry: (dueMs: number) => void },
  ) {
    this.#connection = connection;
    this.#inFlight = inFlight;
    this.#hashKey = place.hashKey;
    this.#encoder = new CommitEncoder(place);
    this.#identity = identity;
    this.#log = hooks.log;
    this.#onRetry = hooks.onRetry;
  }

  /**
   * Commits until `done` says so and nothing is left.
   * @throws RedisError when Redis refuses a commit, ConnectionLostError, FatalError when we are fenced.
   */
  async run(done: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failed !== undefined) throw this.#failed;
      this.fill();
      if (this.#onWire === 0 && done()) return;
      await this.#inFlight.work.wait(1000);
    }
  }

  /** Sends what is finished, unless enough is on the wire. For those who finish requests and would send something else next. */
  fill(): void {
    while (this.#failed === undefined && this.#onWire < maxOnWire) {
      const batch = this.#inFlight.takeFinished(maxBatch, maxBatchBytes);
      if (batch.length === 0) return;
      this.#onWire++;
      this.#commit(batch).catch((error: unknown) => (this.#failed ??= error)).finally(() => {
        this.#onWire--;
        this.#inFlight.work.notify();
      });
    }
  }

  async #commit(batch: readonly Held[]): Promise<void> {
    const commit = this.#encoder.encode(batch);
    const replies = await this.#connection.transaction(commit.bytes, commit.replyCount);
    this.#encoder.release(commit);
    const executed = replies.at(-2) as Reply;
    if (!Array.isArray(executed)) {
      for (const held of batch) this.#inFlight.putBack(held); // refused as a whole: nothing of it has happened
      throw refusal(replies);
    }
    const anyFailed = executed.some((reply) => reply instanceof RedisError);
    batch.forEach((held, at) => this.#conclude(held, anyFailed ? errorOf(executed, commit, at) : undefined));
    if (!isOurs(replies.at(-1) as Reply, this.#identity)) throw fenced(this.#hashKey);
  }

  /** One command of the transaction failed by itself, as when `res:<ref>` is no list; the acknowledgement went through. */
  #conclude(held: Held, error: RedisError | undefined): void {
    if (held.outcome.retryAt !== undefined) this.#onRetry(held.outcome.retryAt);
    if (error === undefined) return this.#inFlight.drop(held);
    this.#log.error('a reply could not be written', { ref: held.ref, xid: held.entry.xid, reason: error.message });
    if (held.outcome.dead !== undefined) return this.#inFlight.drop(held); // the dead letter was part of what was tried
    held.outcome = { dead: `its reply could not be written: ${error.message}` };
    this.#inFlight.putBack(held);
  }
}

/** The fence: somebody changed or removed the pid, or the hash is gone. */
export function fenced(hashKey: string): FatalError {
  return new FatalError(
    'fenced',
    `the field "pid" of ${hashKey} was changed or removed, so this process stops; a new one starts by itself`,
  );
}

function errorOf(executed: readonly Reply[], commit: EncodedCommit, at: number): RedisError | undefined {
  const from = commit.firstReply[at] as number;
  const to = commit.firstReply[at + 1] ?? executed.length - 1;
  for (let index = from; index < to; index++) {
    const reply = executed[index];
    if (reply instanceof RedisError) return reply;
  }
  return undefined;
}

/** Why a transaction was refused: the first queued command's error says more than EXECABORT. */
function refusal(replies: readonly Reply[]): RedisError {
  const first = itemsOf(replies as Reply[]).find((reply) => reply instanceof RedisError);
  return new RedisError(first instanceof RedisError ? first.message : 'EXECABORT the transaction was refused');
}
