/**
 * A bundle as an image of one layer, for registries and for volumes that are images: a manifest by whose digest pods have
 * it, and what that names. The same files give the same digest.
 */
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { gzipped } from './pack.ts';

/** Bytes and the digest they are known by, `sha256:<hex>`. */
export interface ImageBlob {
  readonly digest: string;
  readonly content: Buffer;
}

/** All that a registry is given. */
export interface BundleImage {
  readonly manifest: ImageBlob;
  /** What the manifest names. */
  readonly blobs: readonly ImageBlob[];
}

/** Type of the manifest. */
export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** @param files by name, at the root of the image */
export async function bundleImage(files: Readonly<Record<string, string>>): Promise<BundleImage> {
  const tar = await tarOf(files);
  const layer = blobOf(gzipped(tar));
  const config = blobOf(json({
    created: new Date(0).toISOString(),
    // Runtimes want one; nothing in the layer is of any.
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
  }));
  const manifest = blobOf(json({
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(configType, config),
    layers: [descriptor(layerType, layer)],
  }));
  return { manifest, blobs: [layer, config] };
}

function descriptor(mediaType: string, { digest, content }: ImageBlob): object {
  return { mediaType, digest, size: content.length };
}

function blobOf(content: Buffer): ImageBlob {
  return { digest: digestOf(content), content };
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Regular files that all may read, owned by root, of 1970. */
async function tarOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, text] of Object.entries(files)) {
    tar.entry({ name, mode: 0o444, uid: 0, gid: 0, mtime: new Date(0), type: 'file' }, text);
  }
  tar.finalize();
  return await buffer(tar);
}
