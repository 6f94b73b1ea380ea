/** Tells when anything in some folders may have changed. It makes things quick, a look now and then makes them sure. */
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock } from '../../../clock.ts';

/** Editors write a file in several steps: all of them count as one change. */
const settleMs = 25;

interface Watched {
  readonly watcher: FSWatcher;
  /** Which folder it is: another one may take its place under the same path. */
  readonly identity: string;
}

/**
 * Watches folders, not files: an editor that saves by renaming puts another file in the place of the one that was
 * there. A folder that cannot be watched, or not any more, is tried again at the next {@link watch}.
 */
export class FolderWatch {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #watched = new Map<string, Watched>();
  #cancel = (): void => undefined;
  #isClosed = false;

  /** @param onChange called once things have been quiet for a moment */
  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** From now on exactly these folders are watched, as they are now. */
  async watch(folders: readonly string[]): Promise<void> {
    for (const folder of this.#watched.keys()) if (!folders.includes(folder)) this.#forget(folder);
    for (const folder of folders) {
      const identity = await identityOf(folder);
      if (this.#isClosed) return; // a watch that is begun now keeps the process from ending
      if (this.#watched.get(folder)?.identity === identity) continue;
      this.#forget(folder);
      if (identity !== undefined) this.#begin(folder, identity);
    }
  }

  /** Ends all of it, also what is about to begin. */
  close(): void {
    this.#isClosed = true;
    this.#cancel();
    for (const folder of [...this.#watched.keys()]) this.#forget(folder);
  }

  #begin(folder: string, identity: string): void {
    try {
      const watcher = watch(folder, () => {
        this.#cancel();
        this.#cancel = this.#clock.after(settleMs, this.#onChange);
      });
      watcher.on('error', () => this.#forget(folder));
      this.#watched.set(folder, { watcher, identity });
    } catch {
      // gone again, or the system has no watches left: the next look sees what changes
    }
  }

  #forget(folder: string): void {
    this.#watched.get(folder)?.watcher.close();
    this.#watched.delete(folder);
  }
}

async function identityOf(folder: string): Promise<string | undefined> {
  return stat(folder).then(({ dev, ino }) => `${dev}:${ino}`, () => undefined);
}
