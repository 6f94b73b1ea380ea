/** From files to the archive of an image. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import type { ContainerConfiguration } from './configuration.ts';
import { type ImageFile, withFolders } from './file.ts';
import { imageArchive } from './oci.ts';
import type { DebianPackage } from './packages.ts';
import type { Platform } from './platform.ts';
import { billOfMaterial, type Component, imageComponent } from './sbom.ts';
import { layerOf } from './tar.ts';

const { version, license } = manifest;

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
  /** Path of its bill of material, beside the archive. */
  readonly bill: string;
}

/** What an image is made of. */
export interface ImageContents {
  /** Files of each layer, the one that changes least first. */
  readonly layers: readonly (readonly ImageFile[])[];
  readonly labels: Readonly<Record<string, string>>;
  readonly configuration: ContainerConfiguration;
  /** `redisworker/operator` */
  readonly name: string;
  /** What was put into it that has a name and a version. */
  readonly parts: readonly Component[];
}

/**
 * Writes one archive for `ctr images import`, `docker load` or skopeo, which is there whole or not at all; and beside it
 * the bill of what is in it.
 */
export async function writeImage(
  { output, tag }: ImageRequest,
  { layers, labels, configuration, name, parts }: ImageContents,
  { architecture }: Platform,
): Promise<BuiltImage> {
  const tars = await Promise.all(layers.map((files) => layerOf(withFolders(files))));
  const { archive, digest } = await imageArchive(tars, { tag, architecture, labels, configuration });
  await mkdir(dirname(output), { recursive: true });
  await writeFile(`${output}.unfinished`, archive);
  await rename(`${output}.unfinished`, output);
  const bill = `${output.replace(/\.tar$/, '')}.cdx.json`;
  await writeFile(bill, billOfMaterial(imageComponent(name, version, digest), parts));
  return { archive: output, digest, bill };
}

/** What an image says of itself. */
export interface ImageLabels {
  readonly title: string;
  readonly description: string;
  /** The program it is built around, and its version. */
  readonly program: readonly [name: string, version: string];
}

/** The labels, with everything the image was made from. */
export function labelsOf(
  packages: readonly DebianPackage[],
  { title, description, program: [program, programVersion] }: ImageLabels,
): Record<string, string> {
  return {
    'org.opencontainers.image.title': title,
    'org.opencontainers.image.description': description,
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': license,
    [`dev.redisworker.${program}`]: programVersion,
    'dev.redisworker.packages': packages.map(({ fileName, sha256 }) => `${fileName}@sha256:${sha256}`).join(' '),
  };
}
