/** Counts the responses of many workers: one feed per Redis, one tally per id. */
import type { Count } from '../../contract/counts.ts';
import { type Clock, systemClock } from '../clock.ts';
import { ChangeNotifier } from './change-notifier.ts';
import type { RedisConnections } from './connections.ts';
import type { RedisFault } from './fault.ts';
import { ResponseFeed } from './response-feed.ts';
import { count, newFollower, tallyAt } from './response-follower.ts';
import type { ResponseTally } from './response-tally.ts';
import { type RedisTarget, targetKey } from './target.ts';

/** Times in milliseconds. */
export interface ReaderOptions {
  readonly connections: RedisConnections;
  /** Told once when reading from a Redis stops with a fault, and once when it goes on (undefined). */
  readonly onFault?: (target: RedisTarget, fault: RedisFault | undefined) => void;
  readonly clock?: Clock;
  /** How often streams that are active are held against what was counted [5000]. */
  readonly checkMs?: number;
  /** How often streams are read where the server does not tell when they change [5000]. */
  readonly pollMs?: number;
}

export class ResponseReader {
  readonly #options: ReaderOptions;
  readonly #clock: Clock;
  readonly #notifiers = new Set<ChangeNotifier>();
  readonly #feeds = new Map<string, ResponseFeed>();
  readonly #feedOf = new Map<string, string>();

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Has somebody told that the tally of an id has changed: at once, then at most once per `paceMs` and id.
   * @returns a function that ends it
   */
  onChange(paceMs: number, tell: (id: string) => void): () => void {
    const notifier = new ChangeNotifier(this.#clock, paceMs, tell);
    this.#notifiers.add(notifier);
    return () => {
      this.#notifiers.delete(notifier);
      notifier.close();
    };
  }

  /**
   * Counts the responses of `stream` for `id`, from where `from` ended. Repeating the call changes
   * nothing; another target or stream starts over from the `from` given then.
   */
  follow(id: string, target: RedisTarget, stream: string, from: ResponseTally): void {
    const key = targetKey(target);
    const now = this.#feedOf.get(id);
    if (now === key && this.#feeds.get(key)?.get(id)?.stream === stream) return;
    if (now !== undefined) this.unfollow(id);
    const feed = this.#feeds.get(key) ?? this.#openFeed(target);
    this.#feeds.set(key, feed);
    this.#feedOf.set(id, key);
    feed.add(newFollower(id, stream, from));
  }

  /** Takes in what the workers of the id have counted themselves. @returns the tally; undefined when it is not followed */
  count(id: string, counts: readonly Count[]): ResponseTally | undefined {
    const follower = this.#feed(id)?.get(id);
    if (follower) count(follower, counts, this.#clock.now());
    return this.tally(id);
  }

  /** What has been counted for the id; undefined when it is not followed. */
  tally(id: string): ResponseTally | undefined {
    const follower = this.#feed(id)?.get(id);
    return follower && tallyAt(follower, this.#clock.now());
  }

  /** The Redis the id's stream is read from; undefined when it is not followed. */
  target(id: string): RedisTarget | undefined {
    return this.#feed(id)?.target;
  }

  /** Why the id's stream cannot be read at the moment. */
  fault(id: string): RedisFault | undefined {
    const feed = this.#feed(id);
    return feed?.get(id)?.fault ?? feed?.fault;
  }

  /** Stops counting. */
  unfollow(id: string): void {
    const key = this.#feedOf.get(id);
    const feed = this.#feed(id);
    for (const notifier of this.#notifiers) notifier.forget(id);
    this.#feedOf.delete(id);
    if (key === undefined || feed === undefined) return;
    feed.remove(id);
    if (feed.size > 0) return;
    this.#feeds.delete(key);
    void feed.close();
  }

  /** Stops everything; settles when no read is under way. */
  async close(): Promise<void> {
    const feeds = [...this.#feeds.values()];
    for (const notifier of this.#notifiers) notifier.close();
    this.#feeds.clear();
    this.#feedOf.clear();
    await Promise.all(feeds.map((feed) => feed.close()));
  }

  #feed(id: string): ResponseFeed | undefined {
    return this.#feeds.get(this.#feedOf.get(id) ?? '');
  }

  #openFeed(target: RedisTarget): ResponseFeed {
    const { connections, onFault, checkMs = 5000, pollMs = 5000 } = this.#options;
    return new ResponseFeed({
      clock: this.#clock,
      link: connections.control(target),
      checkMs,
      pollMs,
      changed: (id) => {
        if (this.#feedOf.has(id)) { for (const notifier of this.#notifiers) notifier.changed(id); }
      },
      onFault: (fault) => onFault?.(target, fault),
    });
  }
}
