/** How types are checked: as Deno does it in an editor, with the types of the runtime's module where a project has none. */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { runtimeModule } from './gate.ts';
import type { Project } from './project.ts';

const targets = z.record(z.string(), z.string());
const configShape = z.looseObject({
  imports: targets.optional(),
  scopes: z.record(z.string(), targets).optional(),
  importMap: z.string().optional(),
});

/** Arguments of `deno check`. @param folder where an import map may be written */
export async function checkArguments(
  { entry, config, lock }: Project,
  runtimeTypes: string,
  folder: string,
): Promise<readonly string[]> {
  const locked = lock === undefined ? ['--no-lock'] : [`--lock=${lock}`, '--frozen'];
  const map = config === undefined ? { imports: {} } : await importsOf(config);
  if (map === undefined || runtimeModule in map.imports) return [...locked, entry];
  const file = join(folder, 'import-map.json');
  const imports = { ...map.imports, [runtimeModule]: pathToFileURL(runtimeTypes).href };
  await writeFile(file, JSON.stringify({ ...map, imports }));
  return [...locked, `--import-map=${file}`, entry];
}

/** What a configuration maps, as seen from anywhere; undefined when its map is elsewhere, and is left to Deno. */
async function importsOf(
  config: string,
): Promise<
  { readonly imports: Record<string, string>; readonly scopes?: Record<string, Record<string, string>> } | undefined
> {
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
