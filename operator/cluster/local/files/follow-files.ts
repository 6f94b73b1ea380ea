/** Keeps the objects of a local cluster as the user's manifest files say. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Clock, systemClock } from '../../../clock.ts';
import { keyOf, type KubeObject, type Resource, resources } from '../../cluster.ts';
import type { LocalCluster } from '../local-cluster.ts';
import type { Log } from '../log.ts';
import { describe, kindKey, refTo, sameJson } from '../store/objects.ts';
import { readManifest, type Validate } from './manifest.ts';
import { watchFolders } from './watch-folders.ts';

/** How to follow. */
export interface FollowFilesOptions {
  readonly validate: Validate;
  readonly clock?: Clock;
}

/** Files under watch. */
export interface FollowedFiles {
  /** What the files hold now, as far as they are right. */
  objects(): readonly KubeObject[];
  /** What is wrong with the files now, one sentence each. */
  problems(): readonly string[];
  /** Ends the watch; the objects stay. */
  close(): Promise<void>;
}

type Store = Pick<LocalCluster, 'apply' | 'delete'>;
type Documents = ReadonlyMap<string, KubeObject>;

/**
 * Applies the RedisWorkers, ConfigMaps, Secrets and Services of files and folders (their *.yaml, *.yml and
 * *.json files, not deeper), and again whenever they change; what is taken out of a file is deleted. A file
 * that is wrong keeps its last good objects.
 * @throws Error when a path does not exist
 */
export async function followFiles(
  paths: readonly string[],
  store: Store,
  log: Log,
  options: FollowFilesOptions,
): Promise<FollowedFiles> {
  const places = await Promise.all(paths.map(placeOf));
  const sync = new FileSync(places, store, log, options.validate);
  let work = Promise.resolve();
  const unwatch = watchFolders(places.map(({ folder }) => folder), options.clock ?? systemClock, log, () => {
    work = work.then(() => sync.run()).catch((error: unknown) =>
      log.error({ err: error }, 'the manifest files could not be followed; the next change tries again')
    );
  });
  work = sync.run();
  await work;
  return {
    objects: () => sync.objects,
    problems: () => sync.problems,
    async close() {
      unwatch();
      await work;
    },
  };
}

/** A folder, or one file in it. */
interface Place {
  readonly folder: string;
  readonly file?: string;
}

async function placeOf(path: string): Promise<Place> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new Error(`There is no file or folder ${path}; check the path.`);
  const folder = await realpath(found.isDirectory() ? path : dirname(resolve(path)));
  return found.isDirectory() ? { folder } : { folder, file: join(folder, basename(path)) };
}

/** Brings the store from what the files said last to what they say now. */
class FileSync {
  objects: readonly KubeObject[] = [];
  problems: readonly string[] = [];
  readonly #places: readonly Place[];
  readonly #store: Store;
  readonly #log: Log;
  readonly #validate: Validate;
  /** The last good objects of each file. */
  #files = new Map<string, readonly KubeObject[]>();
  #applied: Documents = new Map<string, KubeObject>();

  constructor(places: readonly Place[], store: Store, log: Log, validate: Validate) {
    this.#places = places;
    this.#store = store;
    this.#log = log;
    this.#validate = validate;
  }

  async run(): Promise<void> {
    const problems: string[] = [];
    const files = new Map<string, readonly KubeObject[]>();
    for (const file of await filesIn(this.#places)) files.set(file, await this.#read(file, problems));
    this.#files = files;
    const wanted = collect(files, problems);
    await this.#write(wanted, problems);
    for (const problem of problems) if (!this.problems.includes(problem)) this.#log.error({}, problem);
    this.objects = [...wanted.values()];
    this.problems = problems;
  }

  async #read(file: string, problems: string[]): Promise<readonly KubeObject[]> {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) {
      problems.push(`${file}: this file cannot be read; check its permissions`);
      return this.#files.get(file) ?? [];
    }
    const manifest = readManifest(text, file);
    const refused = manifest.ok
      ? manifest.objects.flatMap((object) => this.#refusals(object, file))
      : manifest.problems;
    if (manifest.ok && refused.length === 0) return manifest.objects;
    problems.push(...refused);
    return this.#files.get(file) ?? [];
  }

  #refusals(object: KubeObject, file: string): readonly string[] {
    if (object.kind !== resources.redisWorkers.kind) return [];
    const result = this.#validate(object, this.#applied.get(identityOf(object)));
    return result.ok
      ? []
      : result.problems.map((problem) => `${file}: ${describe(object.kind, refTo(object))}: ${problem}`);
  }

  async #write(wanted: Documents, problems: string[]): Promise<void> {
    const applied = new Map(this.#applied);
    for (const [identity, object] of wanted) {
      if (sameJson(applied.get(identity), object)) continue;
      if (await this.#try(object, problems, () => this.#store.apply(object, 'user'))) applied.set(identity, object);
    }
    for (const [identity, object] of this.#applied) {
      if (wanted.has(identity)) continue;
      if (await this.#try(object, problems, () => this.#store.delete(resourceOf(object), refTo(object)))) {
        applied.delete(identity);
      }
    }
    this.#applied = applied;
  }

  async #try(object: KubeObject, problems: string[], write: () => Promise<unknown>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      problems.push(
        `${describe(object.kind, refTo(object))}: ${error instanceof Error ? error.message : String(error)}`,
      );
      return false;
    }
  }
}

/** The manifest files there are now; a file that is gone is no longer one. */
async function filesIn(places: readonly Place[]): Promise<readonly string[]> {
  const found = await Promise.all(places.map(async ({ folder, file }) => {
    const names = (await readdir(folder).catch(() => [])).sort();
    return names.map((name) => join(folder, name)).filter((
      path,
    ) => (file === undefined ? /\.(ya?ml|json)$/.test(path) : path === file));
  }));
  return [...new Set(found.flat())];
}

/** All objects by identity; the first file that has one keeps it. */
function collect(files: ReadonlyMap<string, readonly KubeObject[]>, problems: string[]): Documents {
  const wanted = new Map<string, KubeObject>();
  for (const [file, objects] of files) {
    for (const object of objects) {
      const identity = identityOf(object);
      if (wanted.has(identity)) {
        problems.push(
          `${file}: ${describe(object.kind, refTo(object))} is defined a second time; keep one of the two.`,
        );
      } else wanted.set(identity, object);
    }
  }
  return wanted;
}

function identityOf(object: KubeObject): string {
  return `${kindKey(object)}/${keyOf(refTo(object))}`;
}

function resourceOf(object: KubeObject): Resource {
  return Object.values(resources).find((resource) => kindKey(resource) === kindKey(object)) ??
    { ...object, plural: `${object.kind.toLowerCase()}s`, namespaced: true };
}
