/** From files to the archive of an image. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ContainerConfiguration } from './configuration.ts';
import { type ImageFile, withFolders } from './file.ts';
import { imageArchive } from './oci.ts';
import type { DebianPackage } from './packages.ts';
import type { Platform } from './platform.ts';
import { layerOf } from './tar.ts';

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

/** What an image is made of. */
export interface ImageContents {
  /** Files of each layer, the one that changes least first. */
  readonly layers: readonly (readonly ImageFile[])[];
  readonly labels: Readonly<Record<string, string>>;
  readonly configuration: ContainerConfiguration;
}

/** Writes one archive for `ctr images import`, `docker load` or skopeo; it is there whole or not at all. */
export async function writeImage(
  { output, tag }: ImageRequest,
  { layers, labels, configuration }: ImageContents,
  { architecture }: Platform,
): Promise<BuiltImage> {
  const tars = await Promise.all(layers.map((files) => layerOf(withFolders(files))));
  const { archive, digest } = await imageArchive(tars, { tag, architecture, labels, configuration });
  await mkdir(dirname(output), { recursive: true });
  await writeFile(`${output}.unfinished`, archive);
  await rename(`${output}.unfinished`, output);
  return { archive: output, digest };
}

/** What an image says of itself. */
export interface ImageLabels {
  readonly title: string;
  readonly description: string;
  /** The program it is built around, and its version. */
  readonly program: readonly [name: string, version: string];
}

/** The labels, with everything the image was made from. */
export async function labelsOf(
  packages: readonly DebianPackage[],
  { title, description, program: [program, programVersion] }: ImageLabels,
): Promise<Record<string, string>> {
  const { version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, string>;
  return {
    'org.opencontainers.image.title': title,
    'org.opencontainers.image.description': description,
    'org.opencontainers.image.version': version ?? '',
    'org.opencontainers.image.licenses': license ?? '',
    [`dev.redisworker.${program}`]: programVersion,
    'dev.redisworker.packages': packages.map(({ fileName, sha256 }) => `${fileName}@sha256:${sha256}`).join(' '),
  };
}
