/** A live copy of a kind: the cache, kept up to date by a watch. */
import type { Followed, FollowOptions, KubeObject, Resource } from '../cluster.ts';
import { createCache } from './cache.ts';
import { watchForever, type WatchContext } from './watch.ts';

/** Starts following at once and goes on until stopped. */
export function follow(context: WatchContext, resource: Resource, options: FollowOptions, onStop: () => void): Followed {
  const cache = createCache((error) => context.log.error({ err: error, kind: resource.kind }, 'a change listener threw'));
  const stopped = new AbortController();
  const synced = Promise.withResolvers<undefined>();
  synced.promise.catch(() => undefined); // told to whoever awaits it
  const sink = {
    replace: (objects: readonly KubeObject[]) => {
      cache.replace(objects);
      synced.resolve(undefined);
    },
    change: cache.change,
  };
  void watchForever(context, resource, options, sink, stopped.signal);
  return {
    synced: synced.promise,
    get: cache.get,
    list: cache.list,
    ownedBy: cache.ownedBy,
    onChange: cache.onChange,
    stop() {
      stopped.abort();
      onStop();
      synced.reject(new Error(`following ${resource.kind} was stopped before the first list was in`));
    },
  };
}
