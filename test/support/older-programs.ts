/** Programs of the older contracts, and the modules they import from deno.land, as they would be found there. */
import { cpSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CodeServer, redirectTo } from './code-server.ts';

const folder = join(import.meta.dirname, 'older');
/** Their names end so that nothing here takes them for code of its own. */
const ending = '.txt';
/** Where a module without a version leads to. */
const versions = { 'x/redis': 'x/redis@v0.25.0' };

/** The text of a program, which is never changed. */
export function olderProgram(name: 'deno-date-iso' | 'demo-worker'): string {
  return readFileSync(join(folder, name, `worker.ts${ending}`), 'utf8');
}

/** Serves what deno.land has below `/deno.land/`. */
export function serveDenoLand({ routes }: CodeServer): void {
  for (const path of modules()) routes.set(`/deno.land/${path}`, textOf(path));
  for (const [short, whole] of Object.entries(versions)) {
    for (const path of modules().filter((one) => one.startsWith(`${whole}/`))) {
      routes.set(`/deno.land/${path.replace(whole, short)}`, redirectTo(`/deno.land/${path}`));
    }
  }
}

/** Puts the same into a folder, as `deno vendor` did it. */
export function vendorDenoLand(into: string): void {
  const names = (path: string): string[] =>
    Object.entries(versions).flatMap(([short, whole]) =>
      path.startsWith(`${whole}/`) ? [path.replace(whole, short)] : []
    );
  for (const path of modules()) {
    for (const name of [path, ...names(path)]) {
      mkdirSync(dirname(join(into, name)), { recursive: true });
      cpSync(join(folder, 'deno.land', path + ending), join(into, name));
    }
  }
}

function modules(): string[] {
  return globSync(`**/*${ending}`, { cwd: join(folder, 'deno.land') }).map((path) => path.slice(0, -ending.length));
}

function textOf(path: string): string {
  return readFileSync(join(folder, 'deno.land', path + ending), 'utf8');
}
