/** What the worker image has to resolve code from elsewhere: our program, and the bundler that Deno fetches once. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { imageRoot } from '../contract/pod.ts';
import { notices } from '../package/notices.ts';
import { type ImageFile, textFile } from './file.ts';
import { bundleForNode } from './node-bundle.ts';
import { CannotBuildImage, run } from './run.ts';
import { type Component, npmComponents } from './sbom.ts';

/** Folder below the image's root. */
const folder = `${imageRoot.slice(1)}/code`;

/** Files of the image, and what they are made of. */
export interface ResolverFiles {
  readonly files: readonly ImageFile[];
  readonly parts: readonly Component[];
}

/** All of it. @throws CannotBuildImage when the bundler cannot be had */
export async function resolverFiles(denoPath: string): Promise<ResolverFiles> {
  const [program, bundler, license, types] = await Promise.all([
    bundleForNode({ entries: { 'resolve-job': 'operator/code/resolve-job.ts' }, node: 24 }),
    bundlerOf(denoPath),
    readFile(join(import.meta.dirname, 'licenses/esbuild.txt'), 'utf8'),
    readFile(join(import.meta.dirname, '../worker/mod.ts'), 'utf8'),
  ]);
  const licenses = [
    textFile('usr/share/doc/esbuild/copyright', license),
    textFile('usr/share/doc/redisworker/third-party.txt', await notices(program.packages)),
  ];
  const ours = [...program.files].map(([path, text]) => textFile(`${folder}/${path}`, text));
  ours.push(textFile(`${folder}/redisworker.ts`, types)); // what code is checked against
  return {
    files: [...ours, ...bundler.files, ...licenses],
    parts: [...bundler.parts, ...await npmComponents(program.packages)],
  };
}

/** Deno's cache for bundling, outside of the checkout; the command line uses it too. */
const sharedCache = (): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'redisworker', 'code');

/**
 * As it lies in a cache of Deno's, which fetches it when it is not there: the one this Deno starts, and none of another
 * version or for another machine that the cache may hold as well. @throws CannotBuildImage
 */
export async function bundlerOf(denoPath: string, cache = sharedCache()): Promise<ResolverFiles> {
  const scratch = await mkdtemp(join(tmpdir(), 'redisworker-bundler-'));
  try {
    await writeFile(join(scratch, 'one.ts'), 'export default 1;\n');
    await bundleIn(cache, denoPath, scratch);
    const path = await startedBy(denoPath, await programsIn(join(cache, 'dl')), scratch);
    const content = await readFile(join(cache, 'dl', path));
    return {
      files: [{ kind: 'file', path: `${folder}/seed/dl/${path}`, content, executable: true }],
      parts: partOf(path),
    };
  } catch (cause) {
    throw new CannotBuildImage('Deno has no bundler yet and cannot fetch it: build with a registry of npm in reach', {
      cause,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** @throws Error when the bundler is not there and cannot be fetched */
async function bundleIn(cache: string, denoPath: string, scratch: string, more: Record<string, string> = {}) {
  const [module, bundle] = [join(scratch, 'one.ts'), join(scratch, 'one.js')];
  const args = ['bundle', '--quiet', '--no-config', '--no-lock', '-o', bundle, module];
  await run(denoPath, args, { env: { ...process.env, ...more, DENO_DIR: cache, DENO_NO_UPDATE_CHECK: '1' } });
}

/** Paths below a folder. */
async function programsIn(dl: string): Promise<{ readonly dl: string; readonly paths: readonly string[] }> {
  const entries = await readdir(dl, { recursive: true, withFileTypes: true });
  const files = entries.filter((one) => one.isFile()).map(({ parentPath, name }) => join(parentPath, name)).sort();
  return { dl, paths: files.map((path) => path.slice(dl.length + 1)) };
}

/** Alone in a cache, with nothing to fetch from, only the right one bundles. @throws Error when none does */
async function startedBy(
  denoPath: string,
  { dl, paths }: { readonly dl: string; readonly paths: readonly string[] },
  scratch: string,
): Promise<string> {
  const [only, ...others] = paths;
  if (only !== undefined && others.length === 0) return only;
  for (const path of paths) {
    const alone = await mkdtemp(join(scratch, 'cache-'));
    await mkdir(join(alone, 'dl', dirname(path)), { recursive: true });
    await copyFile(join(dl, path), join(alone, 'dl', path));
    const nowhere = { NPM_CONFIG_REGISTRY: 'http://127.0.0.1:1/' };
    if (await bundleIn(alone, denoPath, scratch, nowhere).then(() => true, () => false)) return path;
  }
  throw new Error(`none of ${paths.length} programs in ${dl} is the bundler of ${denoPath}`);
}

/** Deno keeps it as `esbuild-<version>-<its own number>/<program>`. */
function partOf(path: string): readonly Component[] {
  const [, version] = /^esbuild-(\d+\.\d+\.\d+)[^/]*\/[^/]+$/.exec(path) ?? [];
  if (version === undefined) return [];
  const purl = `pkg:npm/esbuild@${version}`;
  return [{
    'bom-ref': purl,
    type: 'application',
    name: 'esbuild',
    version,
    purl,
    licenses: [{ license: { id: 'MIT' } }],
  }];
}
