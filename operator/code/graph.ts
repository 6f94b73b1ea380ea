/** Reads what `deno info --json` says of a module: everything it imports, and where that is written. Pure. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const target = z.object({
  specifier: z.string().optional(),
  error: z.string().optional(),
  span: z.object({ start: z.object({ line: z.number(), character: z.number() }) }).optional(),
});

const shape = z.object({
  modules: z.array(z.object({
    specifier: z.string(),
    kind: z.string().optional(),
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

/** The modules of a graph, and the imports between them. */
export interface Graph {
  readonly modules: readonly string[];
  readonly imports: readonly Import[];
}

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
  const { modules } = parsed.data;
  return {
    modules: modules.map(({ specifier }) => specifier),
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
  };
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
