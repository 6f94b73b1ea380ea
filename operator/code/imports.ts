/** What a module on disk imports that it cannot, found without asking any network and before anything is bundled. */
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type DenoTool, runDeno } from './deno.ts';
import { type Ground, importProblem, place } from './gate.ts';
import { type Graph, pathOf, readGraph } from './graph.ts';
import { nameFrom } from './name-from.ts';
import { findProject, type Project } from './project.ts';
import { type CodeUse, workerCode } from './use.ts';

/** What to look at, and with what. */
export interface ImportsRequest {
  /** Absolute path of a module. */
  readonly entry: string;
  readonly deno: DenoTool;
  /** Folder that files are named from in what is said about them. */
  readonly namedFrom: string;
  /** What it is for [the module of a worker]. */
  readonly use?: CodeUse;
}

/** @returns one sentence about the first; undefined when there is none, or Deno cannot read the module */
export async function importFault(
  { entry, deno, namedFrom, use = workerCode }: ImportsRequest,
): Promise<string | undefined> {
  const project = await findProject(entry);
  if (project === undefined) return undefined;
  const offline = ['info', '--json', '--no-lock', '--no-remote', '--no-npm'];
  const { stdout } = await runDeno(deno, [...offline, project.entry], dirname(project.entry));
  const modules = join(project.folder, 'node_modules');
  const ground: Ground = {
    project: project.folder,
    packages: [deno.cache, await realpath(modules).catch(() => modules)],
    name: (path) => nameFrom(namedFrom, path),
  };
  const graph = readGraph(stdout);
  return graph && (importProblem(graph, ground) ?? unresolved(graph, ground, { ...use, ...project }));
}

/** Names that a package.json may have are not looked up: that would take what is installed, or a registry. */
function unresolved(
  { imports, missing }: Graph,
  ground: Ground,
  { names, hasPackages }: Pick<CodeUse, 'names'> & Pick<Project, 'hasPackages'>,
): string | undefined {
  for (const one of imports) {
    if (names.includes(one.written)) continue;
    if (one.target === undefined && !hasPackages) {
      return `${
        place(one, ground)
      } "${one.written}" is not known: write npm:${one.written}, or add it to "imports" of the deno.json beside the module`;
    }
    if (one.target === undefined || !missing.has(one.target)) continue;
    return `${place(one, ground)} there is no ${ground.name(pathOf(one.target) ?? one.target)}, which is imported here`;
  }
  return undefined;
}
