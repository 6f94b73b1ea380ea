/** All connections of the operator to Redis: one shared link per target, and blocking links of their own. */
import { type Clock, systemClock } from '../clock.ts';
import { BlockingLink } from './blocking-link.ts';
import { ClusterLink } from './cluster-link.ts';
import { type LinkOptions, type RedisLink, type RedisMeter, ServerLink } from './link.ts';
import { MasterWatch, type ToMaster } from './master-watch.ts';
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
  /** Told when a Cluster has led a command elsewhere for good, or a node of it was lost. */
  readonly onMoved?: (target: RedisTarget) => void;
}

const unmetered: RedisMeter = { roundtrip: () => undefined, error: () => undefined };

/** The one place that opens connections. Targets that are equal share a link; a new password is a new target. */
export class RedisConnections {
  readonly #options: LinkOptions;
  readonly #links = new Map<string, RedisLink>();
  readonly #watches = new Map<string, MasterWatch>();
  readonly #open = new Set<ServerLink | BlockingLink>();

  constructor(options: ConnectionOptions = {}) {
    this.#options = {
      clock: options.clock ?? systemClock,
      meter: options.meter ?? unmetered,
      random: options.random ?? Math.random,
      commandMs: options.commandMs ?? 2000,
      idleMs: options.idleMs ?? 300_000,
      onMoved: options.onMoved ?? (() => undefined),
      onOpen: (link) => {
        this.#open.add(link);
        this.#watch(link.target, link);
      },
      onIdle: (link) => {
        this.#open.delete(link);
        this.#release(link);
      },
    };
  }

  /** The shared link for short commands. Nothing is opened before the first command. */
  control(target: RedisTarget): RedisLink {
    const key = targetKey(target);
    const link = this.#links.get(key) ?? this.#linkTo(target);
    this.#links.set(key, link);
    return link;
  }

  /**
   * A link of the caller's own for blocking reads; the caller closes it.
   * @param key one of those that are read: in a Cluster the link leads to the node that has it
   */
  blocking(target: RedisTarget, key: string): BlockingLink {
    const link = this.control(target);
    const whereabouts = link instanceof ClusterLink
      ? { find: () => link.ownerOf(key), follow: link.follow.bind(link) }
      : { find: () => Promise.resolve(target), follow: () => false };
    const { clock, commandMs } = this.#options;
    return new BlockingLink(whereabouts, {
      clock,
      connectMs: commandMs,
      onOpenChange: (one, open) => {
        if (open) this.#watch(target, one);
        if (open) this.#open.add(one);
        else this.#open.delete(one);
      },
    });
  }

  /** A failover has the connections to a master opened anew. */
  #watch(target: RedisTarget, link: ToMaster): void {
    const { topology } = target;
    if (topology.kind !== 'Sentinel') return;
    const key = targetKey(target);
    const watch = this.#watches.get(key) ?? new MasterWatch({
      clock: this.#options.clock,
      target,
      masterName: topology.masterName,
      control: (sentinel) => this.control(sentinel),
      onIdle: () => this.#watches.delete(key),
    });
    this.#watches.set(key, watch);
    watch.add(link);
  }

  /** Drops every socket. Links stay usable, and would open again. */
  close(): void {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
    for (const link of [...this.#open]) link.close();
    this.#open.clear();
    this.#links.clear();
  }

  #linkTo(target: RedisTarget): RedisLink {
    return target.topology.kind === 'Cluster'
      ? new ClusterLink(target, this.#options, { onIdle: (link) => this.#release(link) })
      : new ServerLink(target, this.#options);
  }

  #release(link: RedisLink): void {
    const key = targetKey(link.target);
    if (this.#links.get(key) === link) this.#links.delete(key);
  }
}
