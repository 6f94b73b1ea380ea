/** Watches the users of workers on the server: one that somebody changes, or a restart forgets, is looked at at once. */
import type { Clock } from '../../clock.ts';
import { listUsers } from '../../redis/acl.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import { RedisFault } from '../../redis/fault.ts';
import { type RedisTarget, targetKey } from '../../redis/target.ts';
import type { Enqueue } from './changes.ts';

/** Milliseconds between two looks: what somebody has changed is put right within five seconds. */
const everyMs = 3000;

/** The users of one server, with the keys of the workers they are of. */
interface Watched {
  readonly target: RedisTarget;
  readonly workers: Map<string, string>;
  /** By name, as they were listed last. */
  lines: ReadonlyMap<string, string>;
}

/** Lists all users of a server in one command, as long as a worker has one there. */
export class RedisUsers {
  readonly #servers = new Map<string, Watched>();
  readonly #redis: RedisConnections;
  readonly #clock: Clock;
  readonly #enqueue: Enqueue;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(options: { redis: RedisConnections; clock: Clock; enqueue: Enqueue }) {
    this.#redis = options.redis;
    this.#clock = options.clock;
    this.#enqueue = options.enqueue;
  }

  /** The worker `key` has this user there, and no other. */
  keep(key: string, target: RedisTarget, user: string): void {
    const server = targetKey(target);
    if (this.#servers.get(server)?.workers.get(user) === key) return;
    this.forget(key);
    const watched = this.#servers.get(server) ?? { target, workers: new Map<string, string>(), lines: new Map() };
    watched.workers.set(user, key);
    this.#servers.set(server, watched);
    this.#cancel ??= this.#clock.after(everyMs, () => void this.#look());
  }

  /** The worker `key` has no user any more. */
  forget(key: string): void {
    for (const [server, { workers }] of this.#servers) {
      for (const [user, owner] of workers) if (owner === key) workers.delete(user);
      if (workers.size === 0) this.#servers.delete(server);
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#servers.clear();
  }

  async #look(): Promise<void> {
    this.#cancel = undefined;
    await Promise.all([...this.#servers.values()].map((watched) => this.#compare(watched)));
    if (!this.#closed && this.#servers.size > 0) this.#cancel = this.#clock.after(everyMs, () => void this.#look());
  }

  /** A server that does not answer is told by the looks at its workers. */
  async #compare(watched: Watched): Promise<void> {
    try {
      const lines = await listUsers(this.#redis.control(watched.target));
      for (const [user, key] of watched.workers) {
        const [before, now] = [watched.lines.get(user), lines.get(user)];
        if (now === undefined || (before !== undefined && before !== now)) this.#enqueue(key);
      }
      watched.lines = lines;
    } catch (error) {
      if (!(error instanceof RedisFault)) throw error;
    }
  }
}
