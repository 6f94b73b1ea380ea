/** Checks types as Deno does it in an editor, with those of the runtime's module where a project has none. */
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { type BuildProblem, buildProblem } from './build-problem.ts';
import { type DenoTool, runDeno } from './deno.ts';
import type { ImportMap } from './import-map.ts';
import { nameFrom } from './name-from.ts';
import { findProject, type Project } from './project.ts';
import { brokerNames, runtimeModule } from './use.ts';

/** What to check, and with what. */
export interface CheckRequest {
  /** Absolute path of a module, or of a folder with one. */
  readonly entry: string;
  readonly deno: DenoTool;
  /** Folder that files are named from in what is said about them. */
  readonly namedFrom: string;
  /** Declarations of the runtime's module. */
  readonly runtimeTypes: string;
  /** What Deno is told of imports and of a lock, in the place of what the project says. */
  readonly settings?: readonly string[];
  readonly signal?: AbortSignal;
}

/** @returns the first fault; undefined when there is none, or no types: of JavaScript, and of a module that is not there */
export async function checkTypes(request: CheckRequest): Promise<BuildProblem | undefined> {
  const { deno, namedFrom, runtimeTypes, settings = [], signal } = request;
  const project = await findProject(request.entry);
  if (project === undefined || !/\.[mc]?tsx?$/.test(project.entry)) return undefined;
  await mkdir(deno.cache, { recursive: true });
  const cache = await realpath(deno.cache);
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'redisworker-check-'));
  try {
    const args = ['check', '--quiet', ...await checkArguments(project, runtimeTypes, settings, folder)];
    const run = await runDeno({ ...deno, cache }, args, dirname(project.entry), signal);
    return run.code === 0 ? undefined : buildProblem(run.stderr, project.entry, (path) => nameFrom(namedFrom, path));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const mapFlag = '--import-map=';
const targets = z.record(z.string(), z.string());
const configShape = z.looseObject({
  imports: targets.optional(),
  scopes: z.record(z.string(), targets).optional(),
  importMap: z.string().optional(),
});

/** Arguments of `deno check`. @param folder where an import map may be written */
async function checkArguments(
  { entry, config, lock }: Project,
  runtimeTypes: string,
  settings: readonly string[],
  folder: string,
): Promise<readonly string[]> {
  const isLocked = settings.some((one) => one.startsWith('--lock='));
  const locked = isLocked ? [] : lock === undefined ? ['--no-lock'] : [`--lock=${lock}`, '--frozen'];
  const given = settings.find((one) => one.startsWith(mapFlag))?.slice(mapFlag.length);
  const told = [...locked, ...settings.filter((one) => !one.startsWith(mapFlag))];
  const map = await mapOf(given, config);
  if (map === undefined || runtimeModule in map.imports) return [...locked, ...settings, entry];
  const file = join(folder, 'import-map.json');
  const imports = { ...map.imports, ...runtimeImports(runtimeTypes) };
  await writeFile(file, JSON.stringify({ ...map, imports }));
  return [...told, `${mapFlag}${file}`, entry];
}

/** Beside the declarations of the runtime's module are those of what modules call each other by. */
function runtimeImports(runtimeTypes: string): ImportMap['imports'] {
  const ending = /(\.d)?\.ts$/.exec(runtimeTypes)?.[0] ?? '';
  const broker = brokerNames.map((name) =>
    [`${runtimeModule}/${name}`, resolve(dirname(runtimeTypes), '..', `${name}${ending}`)] as const
  );
  return Object.fromEntries(
    [[runtimeModule, runtimeTypes] as const, ...broker].map(([name, file]) => [name, pathToFileURL(file).href]),
  );
}

/** The map that is given, which is then the only one, or what a configuration maps. */
async function mapOf(given: string | undefined, config: string | undefined): Promise<ImportMap | undefined> {
  if (given !== undefined) return JSON.parse(await readFile(given, 'utf8')) as ImportMap;
  return config === undefined ? { imports: {} } : await importsOf(config);
}

/** What a configuration maps, as seen from anywhere; undefined when its map is elsewhere, and is left to Deno. */
async function importsOf(config: string): Promise<ImportMap | undefined> {
  if (config.endsWith('package.json')) return { imports: {} };
  const parsed = configShape.safeParse(readJsonc(await readFile(config, 'utf8')));
  if (!parsed.success || parsed.data.importMap !== undefined) return undefined;
  const { imports = {}, scopes } = parsed.data;
  const moved = (map: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(map).map(([key, target]) => [moveFrom(config, key), moveFrom(config, target)]));
  if (scopes === undefined) return { imports: moved(imports) };
  const movedScopes = Object.entries(scopes).map(([scope, map]) => [moveFrom(config, scope), moved(map)] as const);
  return { imports: moved(imports), scopes: Object.fromEntries(movedScopes) };
}

/** A relative address is meant from the configuration. */
function moveFrom(config: string, address: string): string {
  if (!/^\.{0,2}\//.test(address)) return address;
  const url = pathToFileURL(resolve(dirname(config), address)).href;
  return address.endsWith('/') && !url.endsWith('/') ? `${url}/` : url;
}

/** JSON with comments and commas before closing brackets, as Deno reads it; undefined for anything else. */
function readJsonc(text: string): unknown {
  const plain = text
    .replaceAll(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_all, quoted?: string) => quoted ?? '')
    .replaceAll(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, (_all, quoted?: string) => quoted ?? '');
  try {
    return JSON.parse(plain);
  } catch {
    return undefined;
  }
}
