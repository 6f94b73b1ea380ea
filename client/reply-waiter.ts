/** One connection that blocks until a reply is there, for any number of requests at once. */
import { setTimeout as delay } from 'node:timers/promises';
import { slotOf } from '../contract/redis-slot.ts';
import type { RedisClient } from '../operator/redis/requests/client.ts';

/** Seconds one read blocks at most: a connection that has died unseen is found within that. */
const longestRead = 5;
/** Seconds a read blocks where it cannot be woken: what is asked meanwhile waits that long for its turn. */
const shortRead = 0.05;
/** Milliseconds beyond the end of a read, after which its connection counts as dead. */
const graceMs = 2000;
const redialMs = { first: 50, most: 1000 } as const;

/** What a waiter needs from outside. */
export interface WaiterLinks {
  /** Opens the connection. */
  dial(): Promise<RedisClient>;
  /** Ends the read of a client from another connection: false when it was not reading, undefined when it may not. */
  unblock(clientId: number): Promise<boolean | undefined>;
  /** A lost connection is opened again; else all who wait are told. */
  readonly redials: boolean;
}

interface Waiting {
  readonly settle: (reply: string) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Reads by BRPOP from all lists it waits for. What is added while it reads takes part once the read is broken off,
 * which CLIENT UNBLOCK does; who may not, or cannot since the server is a Cluster, reads in short slices.
 */
export class ReplyWaiter {
  readonly #links: WaiterLinks;
  readonly #waiting = new Map<string, Waiting>();
  #redis: RedisClient | undefined;
  #clientId: number | undefined;
  #isRunning = false;
  #isReading = false;
  #isWaking = false;
  /** A list was added since the read began. */
  #isStale = false;
  #isClosed = false;
  #fault: unknown;
  #turn = 0;

  constructor(links: WaiterLinks) {
    this.#links = links;
  }

  /** Replies it waits for. */
  get load(): number {
    return this.#waiting.size;
  }

  /** Why it cannot read just now, if so. */
  get fault(): unknown {
    return this.#fault;
  }

  /** The one element of a list, once it is there. Whoever waits no longer calls {@link forget}. */
  wait(key: string): Promise<string> {
    return new Promise((settle, fail) => {
      this.#waiting.set(key, { settle, fail });
      this.#isStale = true;
      if (!this.#isRunning) void this.#run();
      else if (this.#isReading) void this.#wake();
    });
  }

  forget(key: string): void {
    this.#waiting.delete(key);
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    let pauseMs = 0;
    await Promise.resolve(); // what is asked in one go takes part in one read
    while (this.#waiting.size > 0 && !this.#isClosed) {
      try {
        await this.#read(this.#redis ??= await this.#open());
        pauseMs = 0;
        this.#fault = undefined;
      } catch (error) {
        this.#drop();
        this.#fault = error;
        if (!this.#links.redials) this.#fail(error);
        await delay(pauseMs, undefined, { ref: false }); // those who wait have timers of their own
        pauseMs = pauseMs === 0 ? redialMs.first : Math.min(pauseMs * 2, redialMs.most);
      }
    }
    this.#isRunning = false;
  }

  async #open(): Promise<RedisClient> {
    const redis = await this.#links.dial();
    this.#clientId = redis.isCluster ? undefined : await redis.client('ID').catch(() => undefined);
    return redis;
  }

  #drop(): void {
    this.#redis?.disconnect();
    this.#redis = undefined;
  }

  async #read(redis: RedisClient): Promise<void> {
    const { keys, isAll } = this.#nextKeys(redis.isCluster);
    const seconds = isAll && this.#clientId !== undefined ? longestRead : shortRead;
    const watchdog = setTimeout(() => redis.disconnect(), seconds * 1000 + graceMs);
    this.#isStale = false;
    this.#isReading = true;
    try {
      const popped = await redis.brpop(keys, seconds);
      if (popped !== null) this.#settle(...popped);
    } catch (error) {
      if (!isAboutKey(error)) throw error;
      await this.#readEach(redis, keys);
    } finally {
      this.#isReading = false;
      clearTimeout(watchdog);
    }
  }

  /** A list that is none spoils the read of all: it is found, and told to whoever waits for it. */
  async #readEach(redis: RedisClient, keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      try {
        const popped = await redis.brpop(key, 0.001);
        if (popped !== null) this.#settle(...popped);
      } catch (error) {
        if (!isAboutKey(error)) throw error;
        this.#waiting.get(key)?.fail(error);
        this.#waiting.delete(key);
      }
    }
  }

  /** In a Cluster one read takes the lists of one slot. */
  #nextKeys(isCluster: boolean): { readonly keys: string[]; readonly isAll: boolean } {
    const keys = [...this.#waiting.keys()];
    if (!isCluster) return { keys, isAll: true };
    const slots = [...Map.groupBy(keys, slotOf).values()];
    const chosen = slots[this.#turn++ % slots.length] ?? [];
    return { keys: chosen, isAll: slots.length === 1 };
  }

  #fail(error: unknown): void {
    for (const { fail } of this.#waiting.values()) fail(error);
    this.#waiting.clear();
  }

  #settle(key: string, reply: string): void {
    this.#waiting.get(key)?.settle(reply); // nobody waits any more for one that comes late
    this.#waiting.delete(key);
  }

  /** A read that is on its way to the server cannot be broken off yet: it is tried until the next read has begun. */
  async #wake(): Promise<void> {
    if (this.#isWaking) return;
    this.#isWaking = true;
    for (let pauseMs = 1; this.#isReading && this.#isStale && this.#clientId !== undefined; pauseMs *= 2) {
      const done = await this.#links.unblock(this.#clientId).catch(() => false);
      if (done === undefined) this.#clientId = undefined;
      else await delay(done ? 0 : Math.min(pauseMs, 50));
    }
    this.#isWaking = false;
  }
}

/** The server has answered, and will answer the same way again. */
function isAboutKey(error: unknown): boolean {
  return error instanceof Error && /^(WRONGTYPE|NOPERM)/.test(error.message);
}
