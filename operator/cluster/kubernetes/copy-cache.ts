/** What a live copy holds: objects by name and by owner, and who is told of changes. */
import { type ChangeListener, type ChangeType, keyOf, type KubeObject, type ObjectRef } from '../cluster.ts';

/** The copy: it is told, it does not ask. Its objects must not be changed. */
export class CopyCache {
  readonly #objects = new Map<string, KubeObject>();
  /** Keys of objects by the UID of an owner. */
  readonly #owned = new Map<string, Set<string>>();
  readonly #listeners = new Set<ChangeListener>();
  readonly #onListenerError: (error: unknown) => void;

  /** @param onListenerError told when a listener throws, which harms neither the copy nor the other listeners */
  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Takes in all there is; what is missing was deleted. */
  replace(all: readonly KubeObject[]): void {
    const keys = new Set(all.map((object) => keyOf(object.metadata)));
    for (const [key, object] of [...this.#objects]) if (!keys.has(key)) this.#drop(key, object);
    for (const object of all) this.#put(object);
  }

  /** Takes in one change. */
  change(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    if (type === 'DELETED') this.#drop(keyOf(object.metadata), object);
    else this.#put(object);
  }

  get(ref: ObjectRef): KubeObject | undefined {
    return this.#objects.get(keyOf(ref));
  }

  list(namespace?: string): readonly KubeObject[] {
    return [...this.#objects.values()].filter((object) =>
      namespace === undefined || object.metadata.namespace === namespace
    );
  }

  ownedBy(uid: string): readonly KubeObject[] {
    return [...this.#owned.get(uid) ?? []].flatMap((key) => this.#objects.get(key) ?? []);
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #put(object: KubeObject): void {
    const key = keyOf(object.metadata);
    const old = this.#objects.get(key);
    if (old !== undefined && old.metadata.resourceVersion === object.metadata.resourceVersion) return;
    const recreated = old !== undefined && old.metadata.uid !== object.metadata.uid; // while nobody looked
    if (recreated) this.#drop(key, old);
    else if (old !== undefined) this.#remove(key, old);
    this.#objects.set(key, object);
    for (const uid of ownersOf(object)) this.#owned.set(uid, (this.#owned.get(uid) ?? new Set()).add(key));
    this.#tell(old === undefined || recreated ? 'added' : 'modified', object);
  }

  /** @param last the object as it was at the end; another one by that name stays */
  #drop(key: string, last: KubeObject): void {
    const old = this.#objects.get(key);
    if (old === undefined || old.metadata.uid !== last.metadata.uid) return;
    this.#remove(key, old);
    this.#tell('deleted', last);
  }

  #remove(key: string, object: KubeObject): void {
    this.#objects.delete(key);
    for (const uid of ownersOf(object)) {
      const keys = this.#owned.get(uid);
      keys?.delete(key);
      if (keys?.size === 0) this.#owned.delete(uid);
    }
  }

  #tell(type: ChangeType, object: KubeObject): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(type, object);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}

function ownersOf(object: KubeObject): string[] {
  return (object.metadata.ownerReferences ?? []).map((owner) => owner.uid);
}
