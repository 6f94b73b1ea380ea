/** What a live copy holds: objects by name, by owner and by group, and who is told of changes. */
import { isDeepStrictEqual } from 'node:util';
import {
  type ChangeListener,
  type ChangeType,
  type FollowOptions,
  keyOf,
  type KubeObject,
  type ObjectRef,
} from '../cluster.ts';
import { groupIndex, ObjectIndex, ownersOf } from '../object-index.ts';
import { sharingParts } from '../shared-parts.ts';
import { isNewer } from './versions.ts';

/** Which part of objects is kept, and what groups they form. */
export type CopyOptions = Pick<FollowOptions, 'keep' | 'group'>;

/**
 * The copy: it is told, it does not ask. Its objects must not be changed.
 *
 * It may be told of a write of this process before the watch has come to it. Until then the copy is ahead with that
 * object, and what a watch or a list says that is older does not set it back.
 */
export class CopyCache {
  readonly #objects = new Map<string, KubeObject>();
  readonly #owned = new ObjectIndex(ownersOf);
  readonly #groups: ObjectIndex;
  readonly #keep: ((object: KubeObject) => KubeObject) | undefined;
  readonly #listeners = new Set<ChangeListener>();
  readonly #onListenerError: (error: unknown) => void;
  /** Keys of objects that the watch has not come to. */
  readonly #ahead = new Set<string>();
  /** The one that was taken in last. */
  #latest: KubeObject | undefined;
  /** How far the watch has come. */
  #version: string | undefined;

  /** @param onListenerError told when a listener throws, which harms neither the copy nor the other listeners */
  constructor({ keep, group }: CopyOptions, onListenerError: (error: unknown) => void) {
    this.#keep = keep;
    this.#groups = groupIndex(group);
    this.#onListenerError = onListenerError;
  }

  /** Takes in all there is; what is missing was deleted. @param version of the whole list */
  replace(all: readonly KubeObject[], version?: string): void {
    this.#version = version;
    const keys = new Set(all.map((object) => keyOf(object.metadata)));
    for (const [key, object] of [...this.#objects]) {
      if (!keys.has(key) && !this.#isAhead(key, version)) this.#drop(key, object);
    }
    for (const object of all) if (!this.#isAhead(keyOf(object.metadata), version)) this.#put(object);
  }

  /** Takes in one change. */
  change(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    const key = keyOf(object.metadata);
    const { resourceVersion } = object.metadata;
    this.#version = resourceVersion;
    if (this.#isAhead(key, resourceVersion)) return;
    if (type === 'DELETED') this.#drop(key, object);
    else this.#put(object);
  }

  /** The watch has come to this version. */
  passed(version: string): void {
    this.#version = version;
  }

  /** Takes in what a write of this process was answered, unless the watch is past it: then all about it was told. */
  wrote(object: KubeObject): void {
    const key = keyOf(object.metadata);
    const { resourceVersion } = object.metadata;
    const known = this.#objects.get(key)?.metadata.resourceVersion;
    if (!isNewer(resourceVersion, this.#version) || (known !== undefined && !isNewer(resourceVersion, known))) return;
    this.#put(object, true);
    this.#ahead.add(key);
  }

  get(ref: ObjectRef): KubeObject | undefined {
    return this.#objects.get(keyOf(ref));
  }

  list(namespace?: string): readonly KubeObject[] {
    const all = [...this.#objects.values()];
    return namespace === undefined ? all : all.filter(({ metadata }) => metadata.namespace === namespace);
  }

  ownedBy(uid: string): readonly KubeObject[] {
    return this.#owned.of(uid);
  }

  grouped(group: string): readonly KubeObject[] {
    return this.#groups.of(group);
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether the copy has a write of ours that is newer than what a version says of the object. */
  #isAhead(key: string, version: string | undefined): boolean {
    if (!this.#ahead.has(key)) return false;
    if (isNewer(this.#objects.get(key)?.metadata.resourceVersion, version)) return true;
    this.#ahead.delete(key);
    return false;
  }

  #put(whole: KubeObject, isOurs = false): void {
    const key = keyOf(whole.metadata);
    const old = this.#objects.get(key);
    if (old !== undefined && old.metadata.resourceVersion === whole.metadata.resourceVersion) return;
    const object = this.#sharing(this.#keep?.(whole) ?? whole, old);
    const recreated = old !== undefined && old.metadata.uid !== object.metadata.uid; // while nobody looked
    if (recreated) this.#drop(key, old);
    else if (old !== undefined) this.#remove(key, old);
    this.#objects.set(key, object);
    this.#owned.add(key, object);
    this.#groups.add(key, object);
    if (old === undefined || recreated) this.#tell('added', object, isOurs);
    else if (isOurs || this.#keep === undefined || !saysTheSame(old, object)) this.#tell('modified', object, isOurs);
  }

  /** Those of a kind say much the same: the object as it was before, then those of the same worker, then all others. */
  #sharing(object: KubeObject, old: KubeObject | undefined): KubeObject {
    const model = old ?? this.#owned.oneLike(object) ?? this.#groups.oneLike(object) ?? this.#latest;
    this.#latest = sharingParts(object, model);
    return this.#latest;
  }

  /** @param last the object as it was at the end; another one by that name stays */
  #drop(key: string, last: KubeObject): void {
    const old = this.#objects.get(key);
    if (old === undefined || old.metadata.uid !== last.metadata.uid) return;
    this.#remove(key, old);
    this.#ahead.delete(key);
    this.#tell('deleted', this.#keep?.(last) ?? last, false);
  }

  #remove(key: string, object: KubeObject): void {
    this.#objects.delete(key);
    this.#owned.remove(key, object);
    this.#groups.remove(key, object);
  }

  #tell(type: ChangeType, object: KubeObject, isOurs: boolean): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(type, object, isOurs);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}

/** Of the parts that are kept, whatever the version. */
function saysTheSame(one: KubeObject, other: KubeObject): boolean {
  const unversioned = (object: KubeObject): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: '' },
  });
  return isDeepStrictEqual(unversioned(one), unversioned(other));
}
