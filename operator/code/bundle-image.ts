/**
 * A bundle as an image of one layer, for registries and for volumes that are images: a manifest by whose digest pods have
 * it, and what that names. The same files give the same digest. Pure.
 */
import { createHash } from 'node:crypto';
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
export function bundleImage(files: Readonly<Record<string, string>>): BundleImage {
  const tar = tarOf(files);
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

const blockBytes = 512;

/** Regular files that all may read, owned by root, of 1970. */
function tarOf(files: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(files).flatMap(([name, text]) => {
    const content = Buffer.from(text);
    const padding = Buffer.alloc((blockBytes - content.length % blockBytes) % blockBytes);
    return [headerOf(name, content.length), content, padding];
  });
  return Buffer.concat([...entries, Buffer.alloc(2 * blockBytes)]);
}

/** As POSIX has it (ustar); names are short. */
function headerOf(name: string, bytes: number): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0, 100);
  header.write('0000444\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
