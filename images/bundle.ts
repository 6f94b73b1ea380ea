/**
 * The worker as an image carries it: each entry one file of plain JavaScript, so that a process starts with two modules
 * instead of some forty and Deno has nothing to translate. Run by itself it writes them: `node images/bundle.ts <folder>`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { imageRoot, importMapFile, modulesImportMapFile } from '../contract/pod.ts';
import { bundleBroker } from '../package/broker.ts';
import { bundleForNode } from './node-bundle.ts';

const root = join(import.meta.dirname, '..');

/** Files of the image, by path below its root, and the module each is made of. */
const bundles: Readonly<Record<string, string>> = {
  'worker/main.js': 'worker/main.ts',
  'worker/runner.js': 'worker/runner.ts',
  'worker/hats.js': 'worker/hats.ts',
  'worker/hats-vm.js': 'worker/hats-vm.ts',
  'worker/hats-outside.js': 'worker/hats-outside.ts',
  'worker/hats-sql.js': 'worker/hats-sql.ts',
  // A module of its own: what a handler imports as `redisworker` has to be the one the runtime uses.
  'worker/mod.js': 'worker/mod.ts',
  'worker/rhai.js': 'worker/rhai.ts',
  // For the command line, which runs a script by itself with it.
  'worker/rhai-run.js': 'worker/rhai-run.ts',
  'worker/modules.js': 'worker/modules.ts',
  // Named by the runner.
  'worker/script/redirect.ts': 'worker/script/redirect.ts',
};

/** What pods start, and what those start. */
export const entries = [
  'worker/main.js',
  'worker/runner.js',
  'worker/hats.js',
  'worker/hats-vm.js',
  'worker/hats-outside.js',
  'worker/hats-sql.js',
  'worker/rhai.js',
  'worker/modules.js',
] as const;

/** What is there for an entry to read, as it is in the sources. */
export const assets = ['worker/rhai/engine.wasm'] as const;

/** Entries with a package for Node in them, which finds its way as it does there. */
const packaged: ReadonlySet<string> = new Set(['worker/hats-sql.ts']);

const sharedModule = join(root, 'worker/mod.ts');

/** Where the broker is, whose files lie beside the worker's in the image: processes of modules are started from them. */
const broker = join(root, 'broker/');

const isApart = (path: string) => path === sharedModule || path.startsWith(broker);

/** Files by path below the image root, for example `worker/main.js`. The same sources give the same bytes. */
export async function bundleWorker(): Promise<ReadonlyMap<string, string>> {
  const files = await Promise.all(
    Object.entries(bundles).map(async ([path, module]) => [path, await bundle(module)] as const),
  );
  return new Map([
    ...files,
    ...await bundleBroker(),
    ...await importMaps(),
  ]);
}

/** The import maps of the sources, for what their files have become. */
async function importMaps(): Promise<readonly (readonly [string, string])[]> {
  return await Promise.all([importMapFile, modulesImportMapFile].map(async (file) => {
    const path = file.slice(imageRoot.length + 1);
    return [path, JSON.stringify(JSON.parse((await readFile(join(root, path), 'utf8')).replaceAll('.ts"', '.js"')))];
  }));
}

/** Names and lines stay as they are, for the stacks of errors: shorter ones start no sooner. */
async function bundle(module: string): Promise<string> {
  const build = await rolldown({
    input: join(root, module),
    cwd: root,
    platform: packaged.has(module) ? 'node' : 'neutral',
    external: (id, importer) => isBuiltin(id) || (importer !== undefined && isApart(join(dirname(importer), id))),
  });
  const { output } = await build.generate({
    format: 'esm',
    minify: 'dce-only',
    comments: false,
    paths: (id) =>
      id === sharedModule ? './mod.js' : id.startsWith(broker) ? `../broker/${basename(id, '.ts')}.js` : id,
  });
  await build.close();
  const [only, ...more] = output;
  if (more.length > 0) {
    throw new Error(
      `${module} became ${more.length + 1} files instead of one: ${output.map(({ fileName }) => fileName).join(', ')}`,
    );
  }
  return only.code;
}

/** The packages whose code is in them, by folder: `node_modules/mysql2`. Their licences have to be told. */
export async function workerPackages(): Promise<readonly string[]> {
  const entries = Object.fromEntries([...packaged].map((module) => [basename(module, '.ts'), module]));
  return (await bundleForNode({ entries, node: 24 })).packages;
}

/** The bytes of {@link assets}, by path below the image root. */
export async function workerAssets(): Promise<ReadonlyMap<string, Uint8Array>> {
  return new Map(await Promise.all(assets.map(async (path) => [path, await readFile(join(root, path))] as const)));
}

/** Writes {@link bundleWorker} and {@link workerAssets} into a folder that stands for the image's `/redisworker`. */
export async function writeBundles(folder: string): Promise<void> {
  for (const [path, content] of [...await bundleWorker(), ...await workerAssets()]) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('name the folder to write to: node images/bundle.ts <folder>');
  await writeBundles(folder);
}
