/** Keeps the objects of a local cluster as the user's manifest files say. */
import { type Clock, systemClock } from '../../../clock.ts';
import type { LocalCluster } from '../local-cluster.ts';
import type { Log } from '../log.ts';
import { FileSync } from './file-sync.ts';
import { folderOf, look, placeOf } from './look.ts';
import type { Validate } from './manifest.ts';
import type { BundleModule, CheckTypes } from './module-builds.ts';
import { FolderWatch } from './watch-folders.ts';

/** How to follow. */
export interface FollowFilesOptions {
  readonly validate: Validate;
  /** Takes one sentence for each object that is left out. */
  readonly onNote?: (sentence: string) => void;
  readonly clock?: Clock;
  /** Bundles what a worker names by `source.file`. */
  readonly bundle?: BundleModule;
  /** Checks the types of what was bundled, once it is tried; without it they are not checked. */
  readonly checkTypes?: CheckTypes;
  /** Manifests of modules that have none on disk, by the absolute path of the module, which is one of the paths. */
  readonly modules?: ReadonlyMap<string, string> | undefined;
  /** Milliseconds an object must be missing from its file before it is deleted; 1000 unless given. */
  readonly absentMs?: number;
}

/** Files under watch. */
export interface FollowedFiles {
  /** What is wrong with the files now, one sentence each. */
  problems(): readonly string[];
  /** Ends the watch; the objects stay. */
  close(): Promise<void>;
}

/** Milliseconds between looks: while all is well, and while something is missing, unseen or not done. */
const calmMs = 2000;
const eagerMs = 250;

/**
 * Applies the RedisWorkers, ConfigMaps, Secrets and Services of files and folders (their *.yaml, *.yml and
 * *.json files that are manifests, not deeper), and again whenever they change; what is taken out of a file is
 * deleted. An object that is wrong keeps its last good form, and is told.
 * @throws Error when a path does not exist
 */
export async function followFiles(
  paths: readonly string[],
  store: Pick<LocalCluster, 'apply' | 'delete' | 'get'>,
  log: Log,
  options: FollowFilesOptions,
): Promise<FollowedFiles> {
  const { clock = systemClock, absentMs = 1000, validate, onNote = () => undefined, bundle, modules } = options;
  const { checkTypes } = options;
  const places = await Promise.all(paths.map(placeOf));
  const onChecked = (): void => void turn();
  const sync = new FileSync({ store, log, clock, absentMs, validate, onNote, bundle, checkTypes, onChecked });
  const ending = new AbortController();
  const isOver = (): boolean => ending.signal.aborted;
  const watch = new FolderWatch(clock, () => void turn());
  let cancel = (): void => undefined;
  let work = Promise.resolve();
  const once = async (): Promise<void> => {
    if (isOver()) return;
    cancel();
    let isSettled = false;
    try {
      const seen = await look(places, modules);
      await watch.watch([...seen.folders, ...sync.folders()]);
      isSettled = await sync.run(seen);
      await watch.watch([...seen.folders, ...sync.folders()]); // a module that is new may lie elsewhere
    } catch (error) {
      log.error({ err: error }, 'the manifest files could not be followed; this is tried again');
    }
    if (!isOver()) {
      cancel = clock.after(isSettled ? calmMs : Math.min(eagerMs, absentMs), () => void turn());
    }
  };
  const turn = (): Promise<void> => (work = work.then(once));
  await watch.watch(places.map(folderOf));
  await turn();
  return {
    problems: () => sync.problems,
    async close() {
      ending.abort();
      cancel();
      watch.close();
      await work;
      await sync.close();
    },
  };
}
