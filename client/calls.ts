/** Requests out, replies in: text on both sides, over a few connections for any number of requests. */
import { randomBytes, randomUUID } from 'node:crypto';
import { replyListKey } from '../contract/keys.ts';
import { requestFields } from '../contract/request.ts';
import type { RedisClient } from '../operator/redis/requests/client.ts';
import { ReplyWaiter } from './reply-waiter.ts';

/** Milliseconds a timer can count, some 24 days. */
const longestTimer = 2 ** 31 - 1;

/** What calls are made over. */
export interface CallsOptions {
  /** Opens a connection that nobody else uses. */
  readonly dial: () => Promise<RedisClient>;
  /** Connections that wait for replies, at most. */
  readonly connections: number;
  /** A lost connection is made again for those who wait; else they are told. */
  readonly redials: boolean;
}

/** Calls to workers over one Redis. */
export class Calls {
  readonly #dial: () => Promise<RedisClient>;
  readonly #most: number;
  readonly #redials: boolean;
  readonly #waiters: ReplyWaiter[] = [];
  readonly #closed = new AbortController();
  /** In a Cluster the replies to one caller lie in one slot, so that one read can wait for many. */
  readonly #tag = randomBytes(6).toString('hex');
  #control: Promise<RedisClient> | undefined;
  #dialling: Promise<RedisClient> | undefined;
  #isCluster = false;

  constructor({ dial, connections, redials }: CallsOptions) {
    this.#dial = dial;
    this.#most = connections;
    this.#redials = redials;
  }

  /** Dials, unless it is connected. @throws what the dialling throws */
  async connect(): Promise<void> {
    await this.#sender();
  }

  /** A reference that nobody else has. */
  newRef(): string {
    return this.#isCluster ? `{${this.#tag}}${randomUUID()}` : randomUUID();
  }

  /**
   * Adds a request to a stream, once: what may have been added is not added again.
   * @returns the id of the entry
   */
  async add(stream: string, ref: string, fields: Readonly<Record<string, string>>): Promise<string> {
    const words = [requestFields.ref, ref, ...Object.entries(fields).flat()];
    const add = async (redis: RedisClient): Promise<string> => {
      const id = await redis.xadd(stream, '*', ...words);
      if (id === null) throw new Error('the entry was not added');
      return id;
    };
    const redis = await this.#sender();
    try {
      return await add(redis);
    } catch (error) {
      if (!isElsewhere(error)) throw error;
      redis.disconnect();
      return await add(await this.#sender());
    }
  }

  /**
   * Waits for the reply to a request.
   * @returns its text; undefined when the time is up
   * @throws the reason of `signal`, and what Redis says of the list
   */
  async reply(ref: string, timeoutMs: number, signal?: AbortSignal): Promise<string | undefined> {
    const ends = AbortSignal.any([this.#closed.signal, ...(signal ? [signal] : [])]);
    ends.throwIfAborted();
    const key = replyListKey(ref);
    const waiter = this.#waiter();
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    const timer = setTimeout(resolve, Math.min(timeoutMs, longestTimer), undefined);
    const abort = (): void => reject(ends.reason as Error);
    ends.addEventListener('abort', abort);
    waiter.wait(key).then(resolve, reject);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      ends.removeEventListener('abort', abort);
      waiter.forget(key);
    }
  }

  /** Why replies cannot be read just now, if so. */
  get fault(): unknown {
    return this.#waiters.map(({ fault }) => fault).find((fault) => fault !== undefined);
  }

  /** Whoever waits is told by `reason`. */
  async close(reason: Error): Promise<void> {
    this.#closed.abort(reason);
    for (const waiter of this.#waiters) waiter.close();
    (await this.#control?.catch(() => undefined))?.disconnect();
  }

  /** One that has nothing to do, else a new one, else the one with the least. */
  #waiter(): ReplyWaiter {
    const least = this.#waiters.toSorted((one, other) => one.load - other.load)[0];
    if (least !== undefined && (least.load === 0 || this.#waiters.length >= this.#most)) return least;
    const added = new ReplyWaiter({
      dial: this.#dial,
      unblock: (id) => this.#unblock(id),
      redials: this.#redials,
    });
    this.#waiters.push(added);
    return added;
  }

  async #unblock(clientId: number): Promise<boolean | undefined> {
    try {
      return await (await this.#sender()).client('UNBLOCK', clientId) === 1;
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('NOPERM')) return undefined;
      throw error;
    }
  }

  async #sender(): Promise<RedisClient> {
    this.#closed.signal.throwIfAborted();
    const had = await this.#control?.catch(() => undefined);
    if (had !== undefined && had.status !== 'end' && had.status !== 'close') return had;
    this.#dialling ??= this.#redial(); // those who find the connection lost at one time share the next one
    return await this.#dialling;
  }

  async #redial(): Promise<RedisClient> {
    try {
      this.#control = this.#dial();
      const redis = await this.#control;
      this.#isCluster = redis.isCluster;
      return redis;
    } finally {
      this.#dialling = undefined;
    }
  }
}

/** The server has not done it, and another one will: it was the master until now, or it has not read its data yet. */
function isElsewhere(error: unknown): boolean {
  return error instanceof Error && /^(READONLY|LOADING|MASTERDOWN)/.test(error.message);
}
