/**
 * The worker as an image carries it: each entry one file of plain JavaScript, so that a process starts with two modules
 * instead of some forty and Deno has nothing to translate. Run by itself it writes them: `node images/bundle.ts <folder>`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { imageRoot, importMapFile } from '../contract/pod.ts';

const root = join(import.meta.dirname, '..');

/** Files of the image, by path below its root, and the module each is made of. */
const bundles: Readonly<Record<string, string>> = {
  'worker/main.js': 'worker/main.ts',
  'worker/runner.js': 'worker/runner.ts',
  'worker/hats.js': 'worker/hats.ts',
  'worker/hats-vm.js': 'worker/hats-vm.ts',
  'worker/hats-outside.js': 'worker/hats-outside.ts',
  // A module of its own: what a handler imports as `redisworker` has to be the one the runtime uses.
  'worker/mod.js': 'worker/mod.ts',
  'worker/rhai.js': 'worker/rhai.ts',
  // Named by the entry of Rhai, whose threads start it.
  'worker/rhai/thread.js': 'worker/rhai/thread.ts',
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
  'worker/rhai.js',
] as const;

/** What is there for an entry to read, as it is in the sources. */
export const assets = ['worker/rhai/engine.wasm'] as const;

const sharedModule = join(root, 'worker/mod.ts');

/** Files by path below the image root, for example `worker/main.js`. The same sources give the same bytes. */
export async function bundleWorker(): Promise<ReadonlyMap<string, string>> {
  const files = await Promise.all(
    Object.entries(bundles).map(async ([path, module]) => [path, await bundle(module)] as const),
  );
  const importMap = { imports: { redisworker: './mod.js' } };
  return new Map([...files, [importMapFile.slice(imageRoot.length + 1), JSON.stringify(importMap)]]);
}

/** Names and lines stay as they are, for the stacks of errors: shorter ones start no sooner. */
async function bundle(module: string): Promise<string> {
  const build = await rolldown({
    input: join(root, module),
    cwd: root,
    platform: 'neutral',
    external: (id, importer) =>
      id.startsWith('node:') || (importer !== undefined && join(dirname(importer), id) === sharedModule),
  });
  const { output } = await build.generate({
    format: 'esm',
    minify: 'dce-only',
    comments: false,
    paths: { [sharedModule]: './mod.js' },
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
