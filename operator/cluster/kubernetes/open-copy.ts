/** A copy that is open: what its keeper reads goes into a cache, from which everybody else reads. */
import type { Followed, KubeObject, Resource } from '../cluster.ts';
import { CopyCache, type CopyOptions } from './copy-cache.ts';
import type { Log } from './hooks.ts';

/** Where a keeper puts what it reads. */
export interface Copied extends Pick<CopyCache, 'change' | 'passed' | 'wrote'> {
  /** Takes in all there is, as of this version; the first time settles {@link Followed.synced}. */
  replace(objects: readonly KubeObject[], version?: string): void;
}

/** What a copy is for its readers and for its keeper. */
export interface OpenCopy {
  readonly followed: Followed;
  readonly copied: Copied;
  /** Aborted when nobody follows any more. */
  readonly stopped: AbortSignal;
}

/** Opens an empty copy; its keeper is whoever calls this. */
export function openCopy(
  { kind }: Pick<Resource, 'kind'>,
  options: CopyOptions,
  log: Log,
  onStop: () => void,
): OpenCopy {
  const cache = new CopyCache(options, (error) => log.error({ err: error, kind }, 'a change listener threw'));
  const stopped = new AbortController();
  const synced = Promise.withResolvers<undefined>();
  synced.promise.catch(() => undefined); // told to whoever awaits it
  return {
    stopped: stopped.signal,
    copied: {
      replace(objects, version) {
        cache.replace(objects, version);
        synced.resolve(undefined);
      },
      change: (type, object) => cache.change(type, object),
      passed: (version) => cache.passed(version),
      wrote: (object) => cache.wrote(object),
    },
    followed: {
      synced: synced.promise,
      get: (ref) => cache.get(ref),
      list: (namespace) => cache.list(namespace),
      ownedBy: (uid) => cache.ownedBy(uid),
      grouped: (group) => cache.grouped(group),
      onChange: (listener) => cache.onChange(listener),
      stop() {
        stopped.abort();
        onStop();
        synced.reject(new Error(`following ${kind} was stopped before the first list was in`));
      },
    },
  };
}
