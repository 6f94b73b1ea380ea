/** What Node runs where there are no sources and no node_modules: modules with all they import, as plain JavaScript. */
import { dirname, join, relative } from 'node:path';
import { type OutputChunk, type Plugin, rolldown } from 'rolldown';
import { buildPage, pagePackages } from '../page/build.ts';

const root = join(import.meta.dirname, '..');

/** What to make. */
export interface NodeBundle {
  /** Modules by the name of their file: `{ operator: 'operator/main.ts' }` gives `operator.js`. */
  readonly entries: Readonly<Record<string, string>>;
  /** The oldest Node whose syntax it keeps to; what that Node's library lacks, the modules bring themselves. */
  readonly node: 20 | 24;
  /** What is imported when it is needed becomes files of their own, read only then. Else each entry is one file. */
  readonly split?: boolean;
  /** Folder for the files that are no entries, below that of the entries. */
  readonly sharedFolder?: string;
  /** `cjs` starts sooner and takes less memory; then no module may await at its top [esm]. */
  readonly format?: 'esm' | 'cjs';
  /** Modules that take the place of others which are of no use where the files run, by path below the project. */
  readonly instead?: Readonly<Record<string, string>>;
  /** First line of every entry, `#!/usr/bin/node` for example. */
  readonly firstLine?: string;
}

/** What was made. */
export interface BundledForNode {
  /** Texts by path below the folder they belong into. */
  readonly files: ReadonlyMap<string, string>;
  /** The packages whose code is in there, by folder: `node_modules/pino`. Their licences have to be told. */
  readonly packages: readonly string[];
}

/**
 * The files import each other and what Node brings, nothing else. Names and lines stay as they are, for the stacks of
 * errors. The same sources give the same bytes.
 * @throws Error when something imported cannot be found
 */
export async function bundleForNode(asked: NodeBundle): Promise<BundledForNode> {
  const separate = Object.entries(asked.entries).map(([name, module]) => ({ ...asked, entries: { [name]: module } }));
  const chunks = (await Promise.all((asked.split ? [asked] : separate).map(build))).flat();
  const packages = chunks.flatMap(({ moduleIds }) =>
    moduleIds.flatMap((id) => (id === pageModule ? pagePackages : packageOf(id)))
  );
  return {
    files: new Map(chunks.map(({ fileName, code }) => [fileName, code] as const).sort(([a], [b]) => (a < b ? -1 : 1))),
    packages: [...new Set(packages)].sort(),
  };
}

async function build(asked: NodeBundle): Promise<readonly OutputChunk[]> {
  const { entries, node, split = false, sharedFolder = '', format = 'esm', instead = {}, firstLine } = asked;
  const made = await rolldown({
    input: Object.fromEntries(Object.entries(entries).map(([name, module]) => [name, join(root, module)])),
    cwd: root,
    platform: 'node',
    transform: { target: `node${node}` },
    plugins: [replacing(instead), statusPage, ...(format === 'esm' ? [requiringHttp] : [])],
    onLog(level, log, tell) {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') tell(level, log); // of two who import it, one waits until it is needed
    },
  });
  const { output } = await made.generate({
    format,
    minify: 'dce-only',
    comments: false,
    entryFileNames: '[name].js',
    chunkFileNames: join(sharedFolder, '[name]-[hash].js'),
    codeSplitting: split,
    ...(firstLine === undefined ? {} : { banner: ({ isEntry }) => (isEntry ? firstLine : '') }),
  });
  await made.close();
  return output.map((file) => {
    if (file.type === 'chunk') return file;
    throw new Error(`${file.fileName} is no module: only code and JSON can be imported`);
  });
}

function replacing(instead: Readonly<Record<string, string>>): Plugin {
  return {
    name: 'instead',
    resolveId(id, importer) {
      const other = importer === undefined ? undefined : instead[relative(root, join(dirname(importer), id))];
      return other === undefined ? null : join(root, other);
    },
  };
}

const pageModule = join(root, 'page/build.ts');

/** The status page is made here: where the files run there is nothing to make it of, or with. */
const statusPage: Plugin = {
  name: 'status-page',
  load: async (id) =>
    id === pageModule ? `export const buildPage = async () => (${JSON.stringify(await buildPage())});` : null,
};

const httpModule = '\0http.cjs';

/**
 * An `import` of node:http reads all it exports, and so loads a client for the web that costs every start 40 ms;
 * what is required is read when it is used.
 */
const requiringHttp: Plugin = {
  name: 'requiring-http',
  resolveId(id, importer) {
    if (id !== 'node:http') return null;
    return importer === httpModule ? { id, external: true } : httpModule;
  },
  load: (id) => (id === httpModule ? "module.exports = require('node:http');" : null),
};

/** The innermost package a module lies in, by its folder from node_modules on; none for our own. */
function packageOf(module: string): readonly string[] {
  const [, folder] =
    /(?:^|[/\\])(node_modules[/\\](?:.*[/\\]node_modules[/\\])?(?:@[^/\\]+[/\\])?[^/\\]+)[/\\]/.exec(module) ?? [];
  return folder === undefined ? [] : [folder];
}
