/** Tells whoever has looked at keys of a Redis when one of them changes, instead of looking again and again. */
import type { Clock } from '../clock.ts';
import { ChangeNotifier } from './change-notifier.ts';
import type { RedisConnections } from './connections.ts';
import { type RedisTarget, targetKey } from './target.ts';

/** What somebody has looked at. */
export interface LookedAt {
  readonly target: RedisTarget;
  readonly keys: readonly string[];
  /** Keys that change with the work itself, and so are told of at the pace of the work. */
  readonly busyKeys: readonly string[];
  /** When the look began, in ms: what has changed since then is told at once. */
  readonly since: number;
}

/** What a watch works with; times in milliseconds. */
export interface KeyWatchOptions {
  readonly connections: Pick<RedisConnections, 'control'>;
  readonly clock: Clock;
  readonly changed: (owner: string) => void;
  /** An owner is told at most this often of keys, and of busy keys. */
  readonly paceMs: number;
  readonly busyPaceMs: number;
}

/** One Redis. */
interface Watched {
  readonly owners: Set<string>;
  readonly ownersOf: Map<string, Set<string>>;
  /** When keys changed that nobody had registered yet, youngest last. */
  readonly recent: Map<string, number>;
  readonly end: () => void;
}

interface Owner {
  readonly redis: string;
  readonly keys: ReadonlySet<string>;
  readonly busyKeys: ReadonlySet<string>;
}

/** A look takes less than this; and so many changes are remembered meanwhile. */
const rememberedMs = 60_000;
const mostRemembered = 20_000;

/** Only those are told that have looked: the server tells of keys that were read, and of each once per read. */
export class KeyWatch {
  readonly #options: KeyWatchOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #owners = new Map<string, Owner>();
  readonly #soon: ChangeNotifier;
  readonly #busy: ChangeNotifier;

  constructor(options: KeyWatchOptions) {
    this.#options = options;
    const { clock, changed, paceMs, busyPaceMs } = options;
    this.#soon = new ChangeNotifier(clock, paceMs, changed);
    this.#busy = new ChangeNotifier(clock, busyPaceMs, changed);
  }

  /** Has changes told from before anything is read there; until somebody keeps keys of it, they are remembered. */
  open(target: RedisTarget): void {
    const redis = targetKey(target);
    if (this.#watched.has(redis)) return;
    const watched: Omit<Watched, 'end'> = { owners: new Set(), ownersOf: new Map(), recent: new Map() };
    const end = this.#options.connections.control(target).track({
      changed: (keys) => this.#changed(watched, keys),
      doubted: () => {
        for (const owner of watched.owners) this.#soon.changed(owner);
      },
    });
    this.#watched.set(redis, { ...watched, end });
  }

  /** The owner has looked at these keys, and at no others. */
  keep(owner: string, { target, keys, busyKeys, since }: LookedAt): void {
    this.open(target);
    const redis = targetKey(target);
    const before = this.#owners.get(owner);
    const now: Owner = { redis, keys: new Set(keys), busyKeys: new Set(busyKeys) };
    this.#owners.set(owner, now);
    if (before !== undefined) this.#drop(owner, before, now);
    const watched = this.#watched.get(redis);
    if (watched === undefined) return;
    watched.owners.add(owner);
    for (const key of [...keys, ...busyKeys]) {
      const owners = watched.ownersOf.get(key) ?? new Set();
      if (!owners.has(owner) && (watched.recent.get(key) ?? 0) >= since) this.#tell(owner, key);
      watched.ownersOf.set(key, owners.add(owner));
    }
  }

  /** The owner is gone. */
  forget(owner: string): void {
    const before = this.#owners.get(owner);
    this.#soon.forget(owner);
    this.#busy.forget(owner);
    this.#owners.delete(owner);
    if (before !== undefined) this.#drop(owner, before, undefined);
  }

  close(): void {
    this.#soon.close();
    this.#busy.close();
    for (const { end } of this.#watched.values()) end();
    this.#watched.clear();
    this.#owners.clear();
  }

  #drop(owner: string, before: Owner, now: Owner | undefined): void {
    const watched = this.#watched.get(before.redis);
    if (watched === undefined) return;
    const isSame = now?.redis === before.redis;
    for (const key of [...before.keys, ...before.busyKeys]) {
      if (isSame && (now.keys.has(key) || now.busyKeys.has(key))) continue;
      const owners = watched.ownersOf.get(key);
      if (owners?.delete(owner) && owners.size === 0) watched.ownersOf.delete(key);
    }
    if (isSame) return;
    watched.owners.delete(owner);
    if (watched.owners.size > 0) return;
    watched.end();
    this.#watched.delete(before.redis);
  }

  #changed({ ownersOf, recent }: Omit<Watched, 'end'>, keys: readonly string[]): void {
    const now = this.#options.clock.now();
    for (const key of keys) {
      const owners = ownersOf.get(key);
      if (owners === undefined) remember(recent, key, now);
      else for (const owner of owners) this.#tell(owner, key);
    }
  }

  #tell(owner: string, key: string): void {
    if (this.#owners.get(owner)?.busyKeys.has(key)) this.#busy.changed(owner);
    else this.#soon.changed(owner);
  }
}

function remember(recent: Map<string, number>, key: string, now: number): void {
  recent.delete(key);
  recent.set(key, now);
  for (const [oldest, at] of recent) {
    if (recent.size <= mostRemembered && now - at <= rememberedMs) return;
    recent.delete(oldest);
  }
}
