/**
 * What may become part of a bundle, and what a bundle may still import. Deno copies any file of the machine that a module
 * names into the bundle, without asking for a right to read it, and runs one that is named in the bundle. Pure.
 */
import { sep } from 'node:path';
import { type Graph, type Import, pathOf } from './graph.ts';
import { type CodeUse, workerCode } from './use.ts';

/** Where modules may come from. */
export interface Ground {
  /** The author's folder. */
  readonly project: string;
  /** Folders of packages: Deno's cache, and `node_modules` where links lead out of the project. */
  readonly packages: readonly string[];
  /** How a file is named to the author. */
  readonly name: (path: string) => string;
}

/** What is wrong with the modules a bundle is made of; undefined when nothing is. */
export function importProblem({ imports }: Graph, ground: Ground): string | undefined {
  for (const one of imports) {
    const path = pathOf(one.target);
    if (path === undefined) continue;
    const isFromHere = one.importer.startsWith('file:');
    if (!isFromHere) {
      return `${importerName(one, ground)} imports ${
        shown(one.target)
      }, a file of this machine: a module from elsewhere may import no file; import the file from a module of your own`;
    }
    if (!within(path, [ground.project, ...ground.packages])) return outside(place(one, ground), path, ground);
  }
  return undefined;
}

/** The same for the files that went into the bundle by another way, such as `require` of a package. */
export function contentProblem(files: readonly string[], entry: string, ground: Ground): string | undefined {
  const foreign = files.find((file) => !within(file, [ground.project, ...ground.packages]));
  return foreign === undefined ? undefined : outside(ground.name(entry), foreign, ground);
}

/** What a finished bundle imports that a pod has not. */
export function outputProblem(
  { imports }: Graph,
  entry: string,
  { names }: CodeUse = workerCode,
): string | undefined {
  const left = imports.find(({ written, target }) =>
    !names.includes(written) && !(target ?? written).startsWith('node:')
  );
  return left === undefined
    ? undefined
    : `${entry} still imports ${
      shown(left.written)
    } when it is one file, and pods load nothing: import it in a way that can be seen before it runs, or not at all`;
}

function outside(where: string, path: string, { project }: Ground): string {
  return `${where} imports ${path}, which lies outside of ${project}: copy it into that folder, or put a deno.json into the folder that has both`;
}

function importerName(one: Import, ground: Ground): string {
  return one.importer.startsWith('file:') ? place(one, ground) : shown(one.importer);
}

/** Where an import is written, as a sentence begins with it. */
export function place({ importer, line, column }: Import, { name }: Ground): string {
  return `${name(pathOf(importer) ?? importer)}:${line}:${column}:`;
}

function within(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep));
}

/** An address in a sentence: `data:` ones carry a module. */
function shown(address = ''): string {
  return `"${address.length > 80 ? `${address.slice(0, 77)}...` : address}"`;
}
