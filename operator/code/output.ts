/** Makes what the bundler wrote the same wherever it was made, and the source map a file of its own. Pure. */
import { createHash } from 'node:crypto';
import { relative, resolve, sep } from 'node:path';
import { z } from 'zod';

/** The two files of a bundler. */
export interface Written {
  readonly code: string;
  readonly map: string;
  /** Folder they were written to: sources in the map are relative to it. */
  readonly folder: string;
}

/** Where it was made, which must not show. */
export interface Maker {
  /** Folder of the entry, in which the bundler ran. */
  readonly folder: string;
  readonly cache: string;
}

/** A module in one file. */
export interface Output {
  readonly code: string;
  readonly map: string;
  /** Name under which the code looks for the map, beside itself. */
  readonly mapName: string;
  /** Absolute paths of the files it is made of. */
  readonly sources: readonly string[];
  /** How many modules it is made of, files and others. */
  readonly modules: number;
}

/** The texts of the sources are left out. */
const mapShape = z.object({
  version: z.literal(3),
  sources: z.array(z.string()),
  names: z.array(z.string()),
  mappings: z.string(),
});

/** What the addresses of Deno's cache begin with in a bundle and its map. */
const cacheName = 'deno:/';

/** The code names its map by a digest of it, so that the digest of the code alone says both. */
export function normalized({ code, map, folder }: Written, maker: Maker): Output {
  const parsed = mapShape.parse(JSON.parse(map));
  const paths = parsed.sources.map((source) => (isAddress(source) ? undefined : resolve(folder, source)));
  const sources = parsed.sources.map((source, at) => {
    const path = paths[at];
    return path === undefined ? source.replace(/^deno:(?=https?:)/, '') : named(path, maker);
  });
  const text = JSON.stringify({ ...parsed, sources });
  const mapName = `${createHash('sha256').update(text).digest('hex').slice(0, 12)}.map`;
  const body = withoutMaker(code.replace(/\n?\/\/# sourceMappingURL=[^\n]*\n?$/, '\n'), maker);
  return {
    code: `${body}//# sourceMappingURL=${mapName}\n`,
    map: `${text}\n`,
    mapName,
    sources: [...new Set(paths.filter((path) => path !== undefined))],
    modules: new Set(sources).size,
  };
}

/** Of a module that is no file of this machine: `https://…`, `deno:https://…`, `dataurl:data:…`. */
function isAddress(source: string): boolean {
  return /^(https?|deno|dataurl):/.test(source);
}

/** A source as stacks show it: relative to the entry, which then stands beside the bundle. */
function named(path: string, { folder, cache }: Maker): string {
  const inCache = path.startsWith(cache + sep);
  const from = inCache ? cache : folder;
  const way = relative(from, path).split(sep).join('/');
  return inCache ? cacheName + way : way;
}

/** The bundler tells the way from the entry to Deno's cache in comments, and in the names of CommonJS modules. */
function withoutMaker(code: string, { folder, cache }: Maker): string {
  const way = `${relative(folder, cache).split(sep).join('/')}/`;
  const start = new RegExp(`^(// |\\s*")${escaped(way)}(.*)$`, 'gm');
  return code.replace(
    start,
    (line, before: string, after: string) =>
      before === '// ' || /^[^"]*"\(/.test(after) ? before + cacheName + after : line,
  );
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
