/** Deletes, in the background, what lost its last owner. */
import type { KubeObject } from '../../cluster.ts';
import { refTo } from './objects.ts';
import type { ObjectStore } from './object-store.ts';

/** @returns a function that ends the collection */
export function collectGarbage(store: ObjectStore): () => void {
  let scheduled: NodeJS.Immediate | undefined;
  const unsubscribe = store.onChange((type, object) => {
    if (type === 'deleted' || isOrphan(store, object)) scheduled ??= setImmediate(sweep);
  });
  function sweep(): void {
    scheduled = undefined;
    for (const object of store.everything()) if (isOrphan(store, object)) store.remove(object, refTo(object));
  }
  return () => {
    unsubscribe();
    clearImmediate(scheduled);
  };
}

/** Owned, by nobody who still exists, and not yet on its way out. */
function isOrphan(store: ObjectStore, { metadata }: KubeObject): boolean {
  const owners = metadata.ownerReferences ?? [];
  return owners.length > 0 && metadata.deletionTimestamp === undefined && !owners.some(({ uid }) => store.hasUid(uid));
}
