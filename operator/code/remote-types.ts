/**
 * Checks the types of a module at an address. Deno checks all that is imported or nothing of what is elsewhere, so all is
 * checked, and what is wrong with somebody else's modules is left to them.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildProblem } from './build-problem.ts';
import type { DenoRun } from './deno.ts';
import { runtimeModule } from './use.ts';
import type { ImportMap } from './import-map.ts';
import type { FailedCode, RefusedCode } from './outcome.ts';
import { remoteProblem } from './remote-problem.ts';
import { hostOf } from './request.ts';

/** What to check, and with what. */
export interface TypesRequest {
  /** Where the module is, after redirects. */
  readonly url: string;
  /** What Deno is told of import hosts. */
  readonly settings: readonly string[];
  readonly importMap: ImportMap;
  /** Declarations of the runtime's module, which has to import nothing. */
  readonly runtimeTypes: string;
  /** Where the import map is written that has them. */
  readonly folder: string;
  readonly run: (args: readonly string[]) => Promise<DenoRun>;
}

/** @returns the first fault of the modules of its host; undefined when there is none */
export async function remoteTypeProblem(request: TypesRequest): Promise<RefusedCode | FailedCode | undefined> {
  const { url, settings, importMap, runtimeTypes, folder, run } = request;
  const map = join(folder, 'types-map.json');
  // A module from elsewhere may import no file, and this is one for all of them.
  const types = `data:application/typescript;base64,${(await readFile(runtimeTypes)).toString('base64')}`;
  const imports = { [runtimeModule]: types, ...importMap.imports };
  await writeFile(map, JSON.stringify({ ...importMap, imports }));
  const { code, stderr } = await run([
    'check',
    '--quiet',
    '--all',
    '--no-lock',
    ...settings,
    `--import-map=${map}`,
    url,
  ]);
  if (code === 0) return undefined;
  const faults = typeFaults(stderr);
  if (faults.length === 0) return remoteProblem(stderr, url, (path) => path);
  const own = faults.filter((fault) =>
    placeOf(fault)?.startsWith('http') && hostOf(placeOf(fault) ?? url) === hostOf(url)
  );
  const [first] = own;
  if (first === undefined) return undefined;
  const { sentence } = buildProblem(`${first}\nFound ${own.length} errors.`, url, (path) => path);
  return { kind: 'refused', reason: 'InvalidSource', sentence };
}

/** Each with its place, as Deno tells them. */
function typeFaults(stderr: string): readonly string[] {
  const text = stderr.replaceAll(/\u001b\[[\d;]*m/g, '').replace(/\n+(?:Found \d+ errors\.|error: )[\s\S]*$/, '');
  return text.split(/^(?=TS\d+ \[ERROR\]: )/m).filter((block) => /^TS\d+ /.test(block));
}

/** Address of the module a fault is in. */
function placeOf(fault: string): string | undefined {
  return /^\s*at (\S+):\d+:\d+\s*$/m.exec(fault)?.[1];
}
