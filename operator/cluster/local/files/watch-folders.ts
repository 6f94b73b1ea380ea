/** Tells when anything in some folders may have changed. */
import { watch } from 'node:fs';
import type { Clock } from '../../../clock.ts';
import type { Log } from '../log.ts';

/** Editors write a file in several steps: all of them count as one change. */
const settleMs = 100;

/**
 * Calls `onChange` once things have been quiet for a moment. Folders are watched, not files: an editor that
 * saves by renaming puts another file in the place of the one that was there.
 * @returns a function that ends the watch
 * @throws Error when a folder cannot be watched
 */
export function watchFolders(folders: readonly string[], clock: Clock, log: Log, onChange: () => void): () => void {
  let cancel = (): void => undefined;
  const changed = () => {
    cancel();
    cancel = clock.after(settleMs, onChange);
  };
  const watchers = [...new Set(folders)].map((folder) => {
    const watcher = watch(folder, changed);
    watcher.on(
      'error',
      (error) => log.error({ err: error, folder }, 'a folder is no longer watched; start again to see its changes'),
    );
    return watcher;
  });
  return () => {
    cancel();
    for (const watcher of watchers) watcher.close();
  };
}
