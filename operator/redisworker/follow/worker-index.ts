/**
 * Workers by what decides who of them may have it: type, group, keys. Kept up to date by changes, so that no look goes
 * through all workers. It finds those that may meet a worker; whether they do is decided in `plan/`.
 */
import { type Followed, keyOf, type KubeObject } from '../../cluster/cluster.ts';
import { ObjectIndex } from '../../cluster/object-index.ts';
import { keysNamedBy } from '../plan/key-claims.ts';
import { claimKeysOf } from '../plan/rival.ts';

/** All workers, found by what they share. */
export class WorkerIndex {
  readonly #workers: Pick<Followed, 'list'>;
  readonly #keysOf: (worker: KubeObject) => readonly string[];
  readonly #index: ObjectIndex;
  readonly #byUid = new Map<string, KubeObject>();

  /** Starts with the workers there are. @param defaultRedisUrl Redis of workers that name none */
  constructor(workers: Pick<Followed, 'list' | 'onChange'>, defaultRedisUrl: string | undefined) {
    this.#workers = workers;
    this.#keysOf = (worker) => [...claimKeysOf(worker, defaultRedisUrl), ...nameKeysOf(worker)];
    this.#index = new ObjectIndex(this.#keysOf);
    const known = new Map<string, KubeObject>();
    const forget = (key: string): void => {
      const before = known.get(key);
      if (before === undefined) return;
      known.delete(key);
      this.#index.remove(key, before);
      this.#byUid.delete(before.metadata.uid ?? '');
    };
    const take = (worker: KubeObject): void => {
      const key = keyOfWorker(worker);
      if (asksTheSame(known.get(key), worker)) return;
      forget(key);
      known.set(key, worker);
      this.#index.add(key, worker);
      this.#byUid.set(worker.metadata.uid ?? '', worker);
    };
    for (const worker of workers.list()) take(worker);
    workers.onChange((type, worker) => (type === 'deleted' ? forget(keyOfWorker(worker)) : take(worker)));
  }

  /** Those that may share a type, a group or a key with `worker`, itself among them; always in the same order. */
  near(worker: KubeObject): readonly KubeObject[] {
    const named = keysNamedBy(worker);
    if (named.some(isPattern)) return this.#workers.list();
    const meeting = [
      ...this.#keysOf(worker),
      ...named.flatMap((key) => typesOf(key).map((type) => `type of keys ${type}`)),
      `keys of ${typeOf(worker)}`,
      patterns,
    ];
    const found = new Map(meeting.flatMap((key) => this.#index.of(key)).map((one) => [keyOfWorker(one), one]));
    return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, object]) => object);
  }

  /** The worker a group or a hash says it is of, `<namespace>/<name>/<uid>`; none when it is of nobody here. */
  holding(resource: string | undefined): readonly KubeObject[] {
    const found = resource === undefined ? undefined : this.#byUid.get(resource.slice(resource.lastIndexOf('/') + 1));
    return found === undefined ? [] : [found];
  }
}

/** A status or a label decides nothing here. */
function asksTheSame(one: KubeObject | undefined, { metadata: { uid, generation } }: KubeObject): boolean {
  return generation !== undefined && one?.metadata.uid === uid && one?.metadata.generation === generation;
}

/** Group of the workers that name a pattern, which may meet anything. */
const patterns = 'patterns';

/** What a worker is found by of the keys it has and names. */
function nameKeysOf(worker: KubeObject): string[] {
  const named = keysNamedBy(worker);
  return [
    `type of keys ${typeOf(worker)}`,
    ...named.map((key) => (isPattern(key) ? patterns : `key ${key}`)),
    ...named.flatMap((key) => typesOf(key).map((type) => `keys of ${type}`)),
  ];
}

/** A key of a stream may have such signs too, and is then looked at too often. */
function isPattern(key: string): boolean {
  return /[*?]/.test(key);
}

/** The types a key may begin with: a colon ends one, and braces may be around it. */
function typesOf(key: string): string[] {
  const end = key.indexOf(':');
  if (end < 0) return [];
  const start = key.slice(0, end);
  return [start, ...(start.startsWith('{') && start.endsWith('}') ? [start.slice(1, -1)] : [])];
}

function typeOf({ metadata, spec }: KubeObject): string {
  return ((spec ?? {}) as { type?: string }).type ?? metadata.name;
}

function keyOfWorker({ metadata: { namespace = 'default', name } }: KubeObject): string {
  return keyOf({ namespace, name });
}
