/** The image of worker pods, made without a registry and without a daemon. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { imageRoot } from '../contract/pod.ts';
import { bundleWorker } from './bundle.ts';
import { configuration, systemFiles } from './configuration.ts';
import { type ImageFile, textFile, withFolders } from './file.ts';
import { imageArchive } from './oci.ts';
import { type DebianPackage, debianPackages } from './packages.ts';
import { type Platform, thisPlatform } from './platform.ts';
import { CannotBuildImage } from './run.ts';
import { layerOf } from './tar.ts';
import { unpack } from './unpack.ts';
import { warmCache } from './warm.ts';

const root = join(import.meta.dirname, '..');

/** Where the image goes and what it is called. */
export interface ImageRequest {
  /** Path of the archive. */
  readonly output: string;
  /** `name:tag`. */
  readonly tag: string;
}

/** An image that was built. */
export interface BuiltImage {
  /** Path of the archive. */
  readonly archive: string;
  /** Digest of its manifest: `sha256:<hex>`. The same sources and packages give the same. */
  readonly digest: string;
}

/**
 * Writes the image of worker pods as one archive for `ctr images import`, `docker load` or skopeo.
 * @throws CannotBuildImage with what this machine lacks
 */
export async function buildWorkerImage({ output, tag }: ImageRequest): Promise<BuiltImage> {
  const platform = thisPlatform();
  const { system, worker, labels } = await imageFiles(platform);
  const layers = await Promise.all([system, worker].map((files) => layerOf(withFolders(files))));
  const { archive, digest } = await imageArchive(layers, {
    tag,
    architecture: platform.architecture,
    labels,
    configuration,
  });
  await mkdir(dirname(output), { recursive: true });
  await writeFile(`${output}.unfinished`, archive);
  await rename(`${output}.unfinished`, output);
  return { archive: output, digest };
}

/** Writes what the image holds into a folder, for images/Dockerfile. @throws CannotBuildImage */
export async function writeWorkerFiles(folder: string): Promise<void> {
  const { system, worker } = await imageFiles(thisPlatform());
  await unpack([...system, ...worker], folder);
}

/** What the image holds: a layer that changes with Deno and Debian, and one that changes with our sources. */
export async function imageFiles(
  platform: Platform,
): Promise<{ readonly system: ImageFile[]; readonly worker: ImageFile[]; readonly labels: Record<string, string> }> {
  const [packages, deno, bundles] = await Promise.all([debianPackages(platform), readDeno(platform), bundleWorker()]);
  const system: ImageFile[] = [
    ...packages.flatMap(({ files }) => files),
    ...deno.files,
    ...Object.entries(systemFiles).map(([path, text]) => textFile(path, text)),
    { kind: 'directory', path: 'tmp', shared: true },
  ];
  const ours = [...bundles].map(([path, text]) => textFile(`${imageRoot.slice(1)}/${path}`, text));
  ours.push(textFile('usr/share/doc/redisworker/copyright', await readFile(join(root, 'LICENSE'), 'utf8')));
  const worker = [...ours, ...await warmCache([...system, ...ours])];
  return { system, worker, labels: await labelsOf(packages, deno.version) };
}

/** Deno as package-lock.json pins it. */
async function readDeno({ denoPackage }: Platform): Promise<{ readonly files: ImageFile[]; readonly version: string }> {
  const folder = join(root, 'node_modules', denoPackage);
  try {
    const [content, about, license] = await Promise.all(
      [join(folder, 'deno'), join(folder, 'package.json'), join(root, 'node_modules/deno/LICENSE')].map((path) =>
        readFile(path)
      ),
    ) as [Buffer, Buffer, Buffer];
    const { version } = JSON.parse(about.toString()) as { version: string };
    return {
      version,
      files: [{ kind: 'file', path: 'usr/bin/deno', content, executable: true }, {
        kind: 'file',
        path: 'usr/share/doc/deno/copyright',
        content: license,
      }],
    };
  } catch (cause) {
    throw new CannotBuildImage(`Deno is not in node_modules/${denoPackage}; run "npm ci"`, { cause });
  }
}

async function labelsOf(packages: readonly DebianPackage[], denoVersion: string): Promise<Record<string, string>> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return {
    'org.opencontainers.image.title': 'redisworker worker',
    'org.opencontainers.image.description': 'Deno and the runtime of redisworker pods',
    'org.opencontainers.image.version': version,
    'dev.redisworker.deno': denoVersion,
    'dev.redisworker.packages': packages.map(({ fileName, sha256 }) => `${fileName}@sha256:${sha256}`).join(' '),
  };
}
