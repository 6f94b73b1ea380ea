/** All connections of the operator to Redis: one shared link per target, and blocking links of their own. */
import { type Clock, systemClock } from '../clock.ts';
import { BlockingLink } from './blocking-link.ts';
import { type LinkOptions, RedisLink, type RedisMeter } from './link.ts';
import { type RedisTarget, targetKey } from './target.ts';

/** What {@link RedisConnections} is made of; all have defaults. Times in milliseconds. */
export interface ConnectionOptions {
  readonly clock?: Clock;
  readonly meter?: RedisMeter;
  readonly random?: () => number;
  /** Deadline of connecting and of every command [2000]. */
  readonly commandMs?: number;
  /** A link nobody used for so long is closed [five minutes]. */
  readonly idleMs?: number;
}

const unmetered: RedisMeter = { roundtrip: () => undefined, error: () => undefined };

/** The one place that opens connections. Targets that are equal share a link; a new password is a new target. */
export class RedisConnections {
  readonly #options: LinkOptions;
  readonly #links = new Map<string, RedisLink>();
  readonly #open = new Set<RedisLink | BlockingLink>();

  constructor(options: ConnectionOptions = {}) {
    this.#options = {
      clock: options.clock ?? systemClock,
      meter: options.meter ?? unmetered,
      random: options.random ?? Math.random,
      commandMs: options.commandMs ?? 2000,
      idleMs: options.idleMs ?? 300_000,
      onOpen: (link) => this.#open.add(link),
      onIdle: (link) => this.#release(link),
    };
  }

  /** The shared link for short commands. Nothing is opened before the first command. */
  control(target: RedisTarget): RedisLink {
    const key = targetKey(target);
    const link = this.#links.get(key) ?? new RedisLink(target, this.#options);
    this.#links.set(key, link);
    return link;
  }

  /** A link of the caller's own for blocking reads; the caller closes it. */
  blocking(target: RedisTarget): BlockingLink {
    const { clock, commandMs } = this.#options;
    return new BlockingLink(
      target,
      clock,
      commandMs,
      (link, open) => (open ? this.#open.add(link) : this.#open.delete(link)),
    );
  }

  /** Drops every socket. Links stay usable, and would open again. */
  close(): void {
    for (const link of [...this.#open]) link.close();
    this.#open.clear();
    this.#links.clear();
  }

  #release(link: RedisLink): void {
    this.#open.delete(link);
    const key = targetKey(link.target);
    if (this.#links.get(key) === link) this.#links.delete(key);
  }
}
