/** Reads what `deno info --json` says of a module: everything it imports, and where that is written. Pure. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const target = z.object({
  specifier: z.string().optional(),
  error: z.string().optional(),
  span: z.object({ start: z.object({ line: z.number(), character: z.number() }) }).optional(),
});

const shape = z.object({
  roots: z.array(z.string()).optional(),
  redirects: z.record(z.string(), z.string()).optional(),
  modules: z.array(z.object({
    specifier: z.string(),
    local: z.string().optional(),
    size: z.number().optional(),
    error: z.string().optional(),
    dependencies: z.array(z.object({ specifier: z.string(), code: target.optional() })).optional(),
  })),
});

/** One import as it is written. */
export interface Import {
  /** The module that has it: `file:///…`, `https://…`, `data:…`. */
  readonly importer: string;
  /** As the author wrote it. */
  readonly written: string;
  /** What it means; undefined when Deno cannot tell. */
  readonly target: string | undefined;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
}

/** Where on this machine Deno keeps the text of a module; what stands behind its bytes there is Deno's. */
export interface KeptModule {
  readonly file: string;
  readonly bytes: number;
}

/** The modules of a graph, and the imports between them. */
export interface Graph {
  /** What was asked for, after redirects. */
  readonly root: string | undefined;
  readonly modules: readonly string[];
  readonly kept: ReadonlyMap<string, KeptModule>;
  readonly imports: readonly Import[];
  /** Files that are imported, and are not there. */
  readonly missing: ReadonlySet<string>;
}

/** Of a module nothing could be read of. */
export const emptyGraph: Graph = { root: undefined, modules: [], kept: new Map(), imports: [], missing: new Set() };

/** @returns undefined for what is no such text */
export function readGraph(json: string): Graph | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success) return undefined;
  const { modules, roots: [root] = [], redirects = {} } = parsed.data;
  return {
    root: root === undefined ? undefined : redirected(root, redirects),
    modules: modules.map(({ specifier }) => specifier),
    kept: new Map(
      modules.flatMap(({ specifier, local, size }) =>
        local === undefined || size === undefined ? [] : [[specifier, { file: local, bytes: size }] as const]
      ),
    ),
    imports: modules.flatMap(({ specifier: importer, dependencies = [] }) =>
      dependencies.flatMap(({ specifier: written, code }) =>
        code === undefined ? [] : [{
          importer,
          written,
          target: code.specifier,
          line: (code.span?.start.line ?? 0) + 1,
          column: (code.span?.start.character ?? 0) + 1,
        }]
      )
    ),
    missing: new Set(
      modules.flatMap(({ specifier, error = '' }) =>
        specifier.startsWith('file:') && /^Module not found/.test(error) ? [specifier] : []
      ),
    ),
  };
}

/** Deno follows ten at most. */
function redirected(address: string, redirects: Readonly<Record<string, string>>, hops = 10): string {
  const next = redirects[address];
  return next === undefined || hops === 0 ? address : redirected(next, redirects, hops - 1);
}

/** The files of this machine that are part of it. */
export function filesOf({ modules }: Graph): readonly string[] {
  return modules.flatMap((module) => pathOf(module) ?? []);
}

/** The path of a `file:` URL; undefined for any other address. */
export function pathOf(address: string | undefined): string | undefined {
  if (address?.startsWith('file:') !== true) return undefined;
  try {
    return fileURLToPath(address);
  } catch {
    return undefined;
  }
}
