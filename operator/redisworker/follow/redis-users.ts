/** Watches the users of workers on the server: one that somebody changes, or a restart forgets, is looked at at once. */
import type { Clock } from '../../clock.ts';
import { RedisFault } from '../../redis/fault.ts';
import { targetKey } from '../../redis/target.ts';
import type { UserPlace, WorkerUsers } from '../../redis/worker-users.ts';
import type { Enqueue } from './changes.ts';

/** Milliseconds between two looks: what somebody has changed is put right within five seconds. */
const everyMs = 4000;

/** The users of one Redis, with the keys of the workers they are of. */
interface Watched {
  place: UserPlace;
  readonly workers: Map<string, string>;
  /** What each server said last, and of each of these users. */
  digests: readonly string[];
  users: readonly ReadonlyMap<string, string | undefined>[];
  /** There are users that were not compared yet, or that a server did not have. */
  isOpen: boolean;
}

/** Lists all users of a server in one command, as long as a worker has one there. */
export class RedisUsers {
  readonly #watched = new Map<string, Watched>();
  /** The Redis and the user of each worker. */
  readonly #userOf = new Map<string, { readonly redis: string; readonly user: string }>();
  readonly #users: Pick<WorkerUsers, 'lists'>;
  readonly #clock: Clock;
  readonly #enqueue: Enqueue;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(options: { users: Pick<WorkerUsers, 'lists'>; clock: Clock; enqueue: Enqueue }) {
    this.#users = options.users;
    this.#clock = options.clock;
    this.#enqueue = options.enqueue;
  }

  /** The worker `key` has this user there, and no other. */
  keep(key: string, place: UserPlace, user: string): void {
    const redis = targetKey(place.target);
    const known = this.#watched.get(redis);
    if (known) known.place = place;
    if (known?.workers.get(user) === key) return;
    this.forget(key);
    const watched = this.#watched.get(redis) ??
      { place, workers: new Map<string, string>(), digests: [], users: [], isOpen: true };
    watched.workers.set(user, key);
    this.#userOf.set(key, { redis, user });
    watched.isOpen = true;
    this.#watched.set(redis, watched);
    this.#cancel ??= this.#clock.after(everyMs, () => void this.#look());
  }

  /** The worker `key` has no user any more. */
  forget(key: string): void {
    const { redis = '', user = '' } = this.#userOf.get(key) ?? {};
    this.#userOf.delete(key);
    const workers = this.#watched.get(redis)?.workers;
    if (workers?.get(user) === key) workers.delete(user);
    if (workers?.size === 0) this.#watched.delete(redis);
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#watched.clear();
    this.#userOf.clear();
  }

  async #look(): Promise<void> {
    this.#cancel = undefined;
    await Promise.all([...this.#watched.values()].map((watched) => this.#compare(watched)));
    if (!this.#closed && this.#watched.size > 0) this.#cancel = this.#clock.after(everyMs, () => void this.#look());
  }

  /** A server that does not answer is told by the looks at its workers. */
  async #compare(watched: Watched): Promise<void> {
    try {
      const lists = await this.#users.lists(watched.place);
      const digests = lists.map(({ digest }) => digest);
      if (!watched.isOpen && digests.join() === watched.digests.join()) return;
      const listed = lists.map((list) => list.byName());
      for (const [user, key] of watched.workers) if (hasChanged(user, watched.users, listed)) this.#enqueue(key);
      watched.digests = digests;
      watched.users = listed.map((lines) =>
        new Map([...watched.workers.keys()].map((user) => [user, lines.get(user)]))
      );
      watched.isOpen = watched.users.some((lines) => [...lines.values()].includes(undefined));
    } catch (error) {
      if (!(error instanceof RedisFault)) throw error;
    }
  }
}

/** Servers that come, go or change their places count as a change of everybody. */
function hasChanged(
  user: string,
  before: readonly ReadonlyMap<string, string | undefined>[],
  now: readonly ReadonlyMap<string, string>[],
): boolean {
  return now.some((lines, at) => {
    const [line, last] = [lines.get(user), before[at]?.get(user)];
    return line === undefined || (before.length > 0 && last !== line);
  });
}
