/** What the worker image has to resolve code from elsewhere: our program, and the bundler that Deno fetches once. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
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
  const [program, bundler, license] = await Promise.all([
    bundleForNode({ entries: { 'resolve-job': 'operator/code/resolve-job.ts' }, node: 24 }),
    bundlerOf(denoPath),
    readFile(join(import.meta.dirname, 'licenses/esbuild.txt'), 'utf8'),
  ]);
  const licenses = [
    textFile('usr/share/doc/esbuild/copyright', license),
    textFile('usr/share/doc/redisworker/third-party.txt', await notices(program.packages)),
  ];
  const ours = [...program.files].map(([path, text]) => textFile(`${folder}/${path}`, text));
  return {
    files: [...ours, ...bundler.files, ...licenses],
    parts: [...bundler.parts, ...await npmComponents(program.packages)],
  };
}

/** As it lies in a cache of Deno's, which keeps it outside of the checkout and fetches it when it is not there. */
async function bundlerOf(denoPath: string): Promise<ResolverFiles> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'redisworker', 'code');
  const scratch = await mkdtemp(join(tmpdir(), 'redisworker-bundler-'));
  try {
    const [module, bundle] = [join(scratch, 'one.ts'), join(scratch, 'one.js')];
    await writeFile(module, 'export default 1;\n');
    const args = ['bundle', '--quiet', '--no-config', '--no-lock', '-o', bundle, module];
    await run(denoPath, args, { env: { ...process.env, DENO_DIR: cache, DENO_NO_UPDATE_CHECK: '1' } });
    const entries = await readdir(join(cache, 'dl'), { recursive: true, withFileTypes: true });
    const paths = entries.filter((one) => one.isFile()).map(({ parentPath, name }) => join(parentPath, name)).sort();
    const files = await Promise.all(paths.map(async (path): Promise<ImageFile> => ({
      kind: 'file',
      path: `${folder}/seed/${path.slice(cache.length + 1)}`,
      content: await readFile(path),
      executable: true,
    })));
    return { files, parts: paths.flatMap(partOf) };
  } catch (cause) {
    throw new CannotBuildImage('Deno has no bundler yet and cannot fetch it: build with a registry of npm in reach', {
      cause,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Deno keeps it as `esbuild-<version>-<its own number>/<program>`. */
function partOf(path: string): readonly Component[] {
  const [, version] = /\/esbuild-(\d+\.\d+\.\d+)[^/]*\/[^/]+$/.exec(path) ?? [];
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
