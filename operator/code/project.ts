/** Finds what a module belongs to: the configuration beside it, its lock, and the folder its imports may not leave. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The surroundings of an entry. */
export interface Project {
  /** Links are resolved. */
  readonly entry: string;
  /** The outermost folder that is still the author's: a repository, a workspace, a folder with a configuration. */
  readonly folder: string;
  /** deno.json, deno.jsonc or package.json: the nearest there is. */
  readonly config: string | undefined;
  /** deno.lock of the project, which then decides alone. */
  readonly lock: string | undefined;
  /** A package.json in this folder, or in one above, may name packages. */
  readonly hasPackages: boolean;
}

const configNames = ['deno.json', 'deno.jsonc', 'package.json'];

/** Names a folder's module goes by, the first that is there. */
export const entryNames = ['worker', 'mod', 'main', 'index'].flatMap((name) => [`${name}.ts`, `${name}.js`]);

/** The project of a module file, or of a folder with one; undefined when there is none. */
export async function findProject(path: string): Promise<Project | undefined> {
  const entry = await entryOf(path);
  if (entry === undefined) return undefined;
  const above = foldersAbove(entry);
  const configs: { readonly file: string; readonly folder: string; readonly isWorkspace: boolean }[] = [];
  let repository: string | undefined;
  for (const folder of above) {
    for (const name of configNames) {
      const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
      if (text !== undefined) {
        configs.push({ file: join(folder, name), folder, isWorkspace: /"workspaces?"\s*:/.test(text) });
      }
    }
    repository ??= (await exists(join(folder, '.git'))) ? folder : undefined;
  }
  const nearest = configs[0];
  const workspace = configs.find(({ isWorkspace }) => isWorkspace);
  const home = workspace ?? nearest;
  const lock = home && join(home.folder, 'deno.lock');
  return {
    entry,
    folder: outermost([dirname(entry), nearest?.folder, workspace?.folder, repository]),
    config: nearest?.file,
    lock: lock !== undefined && await exists(lock) ? lock : undefined,
    hasPackages: configs.some(({ file }) => file.endsWith('package.json')),
  };
}

async function entryOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return realpath(path);
  if (!found?.isDirectory()) return undefined;
  for (const name of entryNames) {
    if ((await stat(join(path, name)).catch(() => undefined))?.isFile()) return realpath(join(path, name));
  }
  return undefined;
}

function foldersAbove(file: string): readonly string[] {
  const folder = dirname(file);
  return folder === file ? [] : [folder, ...(dirname(folder) === folder ? [] : foldersAbove(folder))];
}

/** All lie above one file, so that the shortest is the outermost. */
function outermost(folders: readonly (string | undefined)[]): string {
  return folders.filter((folder) => folder !== undefined).reduce((one, other) =>
    other.length < one.length ? other : one
  );
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false);
}
