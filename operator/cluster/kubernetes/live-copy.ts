/** A live copy of a kind, kept up to date by a watch. */
import type { Followed, FollowOptions, Resource } from '../cluster.ts';
import { CopyCache } from './copy-cache.ts';
import { type WatchContext, watchForever } from './watch.ts';

/** Starts following at once and goes on until stopped. */
export function follow(
  context: WatchContext,
  resource: Resource,
  options: FollowOptions,
  onStop: () => void,
): Followed {
  const cache = new CopyCache((error) =>
    context.log.error({ err: error, kind: resource.kind }, 'a change listener threw')
  );
  const stopped = new AbortController();
  const synced = Promise.withResolvers<undefined>();
  synced.promise.catch(() => undefined); // told to whoever awaits it
  void watchForever(context, resource, options, {
    replace(objects) {
      cache.replace(objects);
      synced.resolve(undefined);
    },
    change: (type, object) => cache.change(type, object),
  }, stopped.signal);
  return {
    synced: synced.promise,
    get: (ref) => cache.get(ref),
    list: (namespace) => cache.list(namespace),
    ownedBy: (uid) => cache.ownedBy(uid),
    onChange: (listener) => cache.onChange(listener),
    stop() {
      stopped.abort();
      onStop();
      synced.reject(new Error(`following ${resource.kind} was stopped before the first list was in`));
    },
  };
}
