/** Counts the responses of many workers: one blocking connection per Redis, one tally per id. */
import { type Clock, systemClock } from '../clock.ts';
import { ChangeNotifier } from './change-notifier.ts';
import { slotOf } from '../../contract/redis-slot.ts';
import type { RedisConnections } from './connections.ts';
import type { RedisFault } from './fault.ts';
import { ResponseFeed } from './response-feed.ts';
import { newFollower, tallyAt } from './response-follower.ts';
import type { ResponseTally } from './response-tally.ts';
import { type RedisTarget, targetKey } from './target.ts';

/** Times in milliseconds. */
export interface ReaderOptions {
  readonly connections: RedisConnections;
  /** Told that the tally of an id has changed: at once, then at most once per second per id. */
  readonly onChange: (id: string) => void;
  /** Told once when reading from a Redis stops with a fault, and once when it goes on (undefined). */
  readonly onFault?: (target: RedisTarget, fault: RedisFault | undefined) => void;
  readonly clock?: Clock;
  /** How often positions are held against the streams: finds a stream that began anew with lower ids [5000]. */
  readonly checkMs?: number;
}

const notifyMs = 1000;

export class ResponseReader {
  readonly #options: ReaderOptions;
  readonly #clock: Clock;
  readonly #notifier: ChangeNotifier;
  readonly #feeds = new Map<string, ResponseFeed>();
  readonly #feedOf = new Map<string, string>();

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#notifier = new ChangeNotifier(this.#clock, notifyMs, options.onChange);
  }

  /**
   * Counts the responses of `stream` for `id`, from where `from` ended. Repeating the call changes
   * nothing; another target or stream starts over from the `from` given then.
   */
  follow(id: string, target: RedisTarget, stream: string, from: ResponseTally): void {
    const key = readKey(target, stream);
    const now = this.#feedOf.get(id);
    if (now === key && this.#feeds.get(key)?.get(id)?.stream === stream) return;
    if (now !== undefined) this.unfollow(id);
    const feed = this.#feeds.get(key) ?? this.#openFeed(target, stream);
    this.#feeds.set(key, feed);
    this.#feedOf.set(id, key);
    feed.add(newFollower(id, stream, from));
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

  /** Stops counting; the connection of a Redis nobody follows any more is closed. */
  unfollow(id: string): void {
    const key = this.#feedOf.get(id);
    const feed = this.#feed(id);
    this.#notifier.forget(id);
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
    this.#notifier.close();
    this.#feeds.clear();
    this.#feedOf.clear();
    await Promise.all(feeds.map((feed) => feed.close()));
  }

  #feed(id: string): ResponseFeed | undefined {
    return this.#feeds.get(this.#feedOf.get(id) ?? '');
  }

  #openFeed(target: RedisTarget, stream: string): ResponseFeed {
    const { connections, onFault, checkMs = 5000 } = this.#options;
    return new ResponseFeed({
      clock: this.#clock,
      control: connections.control(target),
      blocking: connections.blocking(target, stream),
      checkMs,
      changed: (id) => {
        if (this.#feedOf.has(id)) this.#notifier.changed(id);
      },
      onFault: (fault) => onFault?.(target, fault),
    });
  }
}

/** Equal for streams one read can name: all of a Redis, but in a Cluster those of one slot. */
export function readKey(target: RedisTarget, stream: string): string {
  const key = targetKey(target);
  return target.topology.kind === 'Cluster' ? `${key} ${slotOf(stream)}` : key;
}
