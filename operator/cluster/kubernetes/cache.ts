/** A live copy of the objects of a kind, indexed by name and by owner. Pure: it is told, it does not ask. */
import { keyOf, type ChangeListener, type ChangeType, type KubeObject, type ObjectRef } from '../cluster.ts';

/** The copy; its objects must not be changed. */
export interface Cache {
  /** Takes in all there is; what is missing was deleted. */
  readonly replace: (objects: readonly KubeObject[]) => void;
  /** Takes in one change. */
  readonly change: (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject) => void;
  readonly get: (ref: ObjectRef) => KubeObject | undefined;
  readonly list: (namespace?: string) => readonly KubeObject[];
  readonly ownedBy: (uid: string) => readonly KubeObject[];
  readonly onChange: (listener: ChangeListener) => () => void;
}

/** @param onListenerError told when a listener throws, which harms neither the copy nor the other listeners */
export function createCache(onListenerError: (error: unknown) => void): Cache {
  const objects = new Map<string, KubeObject>();
  const owned = new Map<string, Set<string>>();
  const listeners = new Set<ChangeListener>();

  const tell = (type: ChangeType, object: KubeObject): void => {
    for (const listener of [...listeners]) {
      try {
        listener(type, object);
      } catch (error) {
        onListenerError(error);
      }
    }
  };

  const remove = (key: string, object: KubeObject): void => {
    objects.delete(key);
    for (const uid of ownersOf(object)) {
      const keys = owned.get(uid);
      keys?.delete(key);
      if (keys?.size === 0) owned.delete(uid);
    }
  };

  const insert = (key: string, object: KubeObject): void => {
    objects.set(key, object);
    for (const uid of ownersOf(object)) owned.set(uid, (owned.get(uid) ?? new Set()).add(key));
  };

  const put = (object: KubeObject): void => {
    const key = keyOf(object.metadata);
    const old = objects.get(key);
    if (old !== undefined && old.metadata.resourceVersion === object.metadata.resourceVersion) return;
    if (old !== undefined) remove(key, old);
    if (old !== undefined && old.metadata.uid !== object.metadata.uid) {
      tell('deleted', old); // recreated under its name while nobody looked
      insert(key, object);
      tell('added', object);
      return;
    }
    insert(key, object);
    tell(old === undefined ? 'added' : 'modified', object);
  };

  const drop = (key: string, last?: KubeObject): void => {
    const old = objects.get(key);
    if (old === undefined || (last !== undefined && old.metadata.uid !== last.metadata.uid)) return;
    remove(key, old);
    tell('deleted', last ?? old);
  };

  return {
    replace(all) {
      const keys = new Set(all.map((object) => keyOf(object.metadata)));
      for (const key of [...objects.keys()]) if (!keys.has(key)) drop(key);
      all.forEach(put);
    },
    change(type, object) {
      if (type === 'DELETED') drop(keyOf(object.metadata), object);
      else put(object);
    },
    get: (ref) => objects.get(keyOf(ref)),
    list: (namespace) => [...objects.values()].filter((object) => namespace === undefined || object.metadata.namespace === namespace),
    ownedBy: (uid) => [...owned.get(uid) ?? []].flatMap((key) => objects.get(key) ?? []),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function ownersOf(object: KubeObject): string[] {
  return (object.metadata.ownerReferences ?? []).map((owner) => owner.uid);
}
