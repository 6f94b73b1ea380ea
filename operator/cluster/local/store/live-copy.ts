/** A live copy of some objects of the store, which trails it by one turn of the event loop, as a watch does. */
import {
  type ChangeListener,
  type ChangeType,
  type Followed,
  type FollowOptions,
  keyOf,
  type KubeObject,
  type Resource,
} from '../../cluster.ts';
import { groupIndex, ObjectIndex, ownersOf } from '../../object-index.ts';
import { isJsonObject, kindKey, refTo } from './objects.ts';
import type { ObjectStore } from './object-store.ts';
import type { Log } from '../log.ts';

/** Starts with `added` for what is there, then tells every change in the order it was made. */
export function followStore(store: ObjectStore, resource: Resource, options: FollowOptions, log: Log): Followed {
  const view = new LiveCopy(options, log);
  for (const object of store.all(resource)) if (matches(object, options)) view.enqueue('added', object);
  const unsubscribe = store.onChange((type, object) => {
    if (kindKey(object) === kindKey(resource)) view.enqueue(matches(object, options) ? type : 'deleted', object);
  });
  return {
    synced: view.drained(),
    get: (ref) => view.objects.get(keyOf(ref)),
    list: (namespace) =>
      [...view.objects.values()].filter((object) => namespace === undefined || object.metadata.namespace === namespace),
    ownedBy: (uid) => view.owned.of(uid),
    grouped: (group) => view.groups.of(group),
    onChange: (listener) => view.listen(listener),
    stop() {
      unsubscribe();
      view.close();
    },
  };
}

class LiveCopy {
  readonly objects = new Map<string, KubeObject>();
  readonly owned = new ObjectIndex(ownersOf);
  readonly groups: ObjectIndex;
  readonly #keep: (object: KubeObject) => KubeObject;
  readonly #listeners = new Set<ChangeListener>();
  readonly #log: Log;
  #pending: [ChangeType, KubeObject][] = [];
  #draining: Promise<void> | undefined;

  constructor({ keep = (object) => object, group }: FollowOptions, log: Log) {
    this.#keep = keep;
    this.groups = groupIndex(group);
    this.#log = log;
  }

  enqueue(type: ChangeType, object: KubeObject): void {
    this.#pending.push([type, object]);
    this.#draining ??= new Promise((resolve) =>
      setImmediate(() => {
        this.#drain();
        resolve();
      })
    );
  }

  drained(): Promise<void> {
    return this.#draining ?? Promise.resolve();
  }

  listen(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#pending = [];
    this.#listeners.clear();
  }

  #drain(): void {
    this.#draining = undefined;
    const changes = this.#pending;
    this.#pending = [];
    for (const [type, object] of changes) this.#take(type, object);
  }

  /** An object may begin or cease to match while it lives: listeners hear `added` and `deleted` then. */
  #take(type: ChangeType, whole: KubeObject): void {
    const key = keyOf(refTo(whole));
    const known = this.objects.get(key);
    const object = this.#keep(whole);
    if (known !== undefined) this.#remove(key, known);
    else if (type === 'deleted') return;
    if (type !== 'deleted') this.#add(key, object);
    this.#tell(type === 'deleted' ? 'deleted' : known === undefined ? 'added' : 'modified', object);
  }

  #add(key: string, object: KubeObject): void {
    this.objects.set(key, object);
    this.owned.add(key, object);
    this.groups.add(key, object);
  }

  #remove(key: string, object: KubeObject): void {
    this.objects.delete(key);
    this.owned.remove(key, object);
    this.groups.remove(key, object);
  }

  #tell(type: ChangeType, object: KubeObject): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(type, object);
      } catch (error) {
        this.#log.error({ err: error }, 'a change listener failed');
      }
    }
  }
}

/** True when namespace, name, labels and field selector all agree with the object. */
export function matches(object: KubeObject, options: FollowOptions): boolean {
  return (options.namespace === undefined || object.metadata.namespace === options.namespace) &&
    (options.name === undefined || object.metadata.name === options.name) &&
    matchesLabels(object, options.labels ?? {}) &&
    matchesFields(object, options.fieldSelector ?? '');
}

function matchesLabels(object: KubeObject, wanted: Readonly<Record<string, string | null>>): boolean {
  const labels = object.metadata.labels ?? {};
  return Object.entries(wanted).every(([key, value]) => (value === null ? key in labels : labels[key] === value));
}

/** `a.b=x`, `a.b==x` and `a.b!=x`, joined by commas; a missing field is the empty string. */
function matchesFields(object: KubeObject, selector: string): boolean {
  return selector.split(',').filter((term) => term !== '').every((term) => {
    const [, path = '', operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(term) ?? [];
    return (fieldAt(object, path) === value) === (operator !== '!=');
  });
}

function fieldAt(object: KubeObject, path: string): string {
  const value = path.split('.').reduce<unknown>((at, key) => (isJsonObject(at) ? at[key] : undefined), object);
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}
