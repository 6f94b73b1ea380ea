/**
 * One look at the manifest files. An error is not absence: a file or folder that cannot be read now may well be there,
 * and only a file that a readable folder does not have is gone.
 */
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isBeside, isPlainJson } from './other-files.ts';

/** What a user names: a folder, of which the manifests count, or one file. */
export interface Place {
  readonly path: string;
  readonly isFolder: boolean;
}

/** What there is now. */
export interface Look {
  /** The text of each file. */
  readonly texts: ReadonlyMap<string, string>;
  /** Files and folders that cannot be seen now, with the reason. */
  readonly unseen: ReadonlyMap<string, string>;
  /** Folders in which a change may matter: those of the places, and those that links lead to. */
  readonly folders: readonly string[];
}

/** @throws Error when there is no such file or folder, or it cannot be seen */
export async function placeOf(path: string): Promise<Place> {
  const found = await stat(path).catch((error: unknown) => {
    const why = isAbsent(error) ? 'There is no file or folder' : `This cannot be read (${messageOf(error)}):`;
    throw new Error(`${why} ${path}; check the path.`, { cause: error });
  });
  return { path: resolve(path), isFolder: found.isDirectory() };
}

/** The folder in which a place is seen to change. */
export function folderOf({ path, isFolder }: Place): string {
  return isFolder ? path : dirname(path);
}

/**
 * Reads everything there is; a file that is named twice, or reached by a link too, counts once.
 * @param modules manifests of modules that have none on disk, by the path of the module: they are there whether it is or not
 */
export async function look(places: readonly Place[], modules: ReadonlyMap<string, string> = new Map()): Promise<Look> {
  const texts = new Map(modules);
  const unseen = new Map<string, string>();
  const folders = new Set(places.map(folderOf));
  const known = new Set<string>();
  const named = new Set(places.filter(({ isFolder }) => !isFolder).map(({ path }) => path));
  for (const file of await filesIn(places.filter(({ path }) => !modules.has(path)), unseen)) {
    try {
      if (!(await stat(file)).isFile()) continue;
      const target = await realpath(file);
      if (known.has(target)) continue;
      known.add(target);
      folders.add(dirname(target));
      const text = await readFile(file, 'utf8');
      if (named.has(file) || !isPlainJson(basename(file), text)) texts.set(file, text);
    } catch (error) {
      const why = await whyUnseen(file, error);
      if (why !== undefined) unseen.set(file, why);
    }
  }
  return { texts, unseen, folders: [...folders] };
}

async function filesIn(places: readonly Place[], unseen: Map<string, string>): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { path, isFolder } of places) {
    if (!isFolder) {
      found.push(path);
      continue;
    }
    try {
      const names = (await readdir(path)).sort();
      found.push(
        ...names.filter((name) => /\.(ya?ml|json)$/.test(name) && !isBeside(name)).map((name) => join(path, name)),
      );
    } catch (error) {
      unseen.set(path, isAbsent(error) ? 'is gone' : `cannot be read (${messageOf(error)})`);
    }
  }
  return [...new Set(found)];
}

/** @returns undefined when the file is gone for certain */
async function whyUnseen(file: string, error: unknown): Promise<string | undefined> {
  if (!isAbsent(error)) return `cannot be read (${messageOf(error)})`;
  if (await lstat(file).then(() => true, () => false)) return 'is a link that leads to nothing';
  return stat(dirname(file)).then(() => undefined, () => 'is gone with its folder');
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, \w+ '.*'$/, '') : String(error);
}
