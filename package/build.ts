/**
 * What the npm package has beside package.json and the launcher, made from the sources into `lib/`; `npm pack` runs it.
 * Plain JavaScript, since Node does not run TypeScript below node_modules, and with everything it imports but Deno.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { bundleWorker, workerAssets, workerPackages } from '../images/bundle.ts';
import { bundleBroker } from './broker.ts';
import { bundleCommandLine } from './command-line.ts';
import { specJsonSchema } from '../cli/spec/schema.ts';
import { manifestSchema } from '../operator/api/manifest-schema.ts';
import { notices } from './notices.ts';
import { brokerTypes, clientTypes, handlerTypes } from './types.ts';

const lib = join(import.meta.dirname, '../lib');

/** Contents by path in the package. */
async function packageFiles(): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const [cli, worker, broker, assets, carried] = await Promise.all([
    bundleCommandLine(),
    bundleWorker(),
    bundleBroker(),
    workerAssets(),
    workerPackages(),
  ]);
  return new Map<string, string | Uint8Array>([
    ...cli.files,
    ...worker,
    ...assets,
    ['worker/mod.d.ts', handlerTypes()],
    ['client.d.ts', clientTypes()],
    ...broker,
    ...brokerTypes(),
    ['schema.json', `${JSON.stringify(manifestSchema(), null, 1)}\n`],
    ['spec.schema.json', `${JSON.stringify(specJsonSchema(), null, 1)}\n`],
    ['third-party.txt', await notices([...cli.packages, ...carried])],
  ]);
}

/** Writes what differs and takes away what is no part any more: two builds of the same sources do not disturb each other. */
async function build(): Promise<void> {
  const files = await packageFiles();
  for (const [path, content] of files) {
    const file = join(lib, path);
    if ((await readFile(file).catch(() => undefined))?.equals(Buffer.from(content)) === true) continue;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.${process.pid}`, content);
    await rename(`${file}.${process.pid}`, file);
  }
  for (const entry of await readdir(lib, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && !files.has(relative(lib, file))) await rm(file, { force: true });
  }
}

await build();
