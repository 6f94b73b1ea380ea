/**
 * An image as one archive: an OCI image layout (https://github.com/opencontainers/image-spec/blob/main/image-layout.md)
 * that also carries docker's manifest.json, so that `ctr images import`, `docker load` and skopeo all take it.
 */
import { createHash } from 'node:crypto';
import type { ContainerConfiguration } from './configuration.ts';
import { type ImageFile, textFile, withFolders } from './file.ts';
import { layerOf } from './tar.ts';

/** What an image is beside its layers. */
export interface ImageAbout {
  /** `name:tag`, with or without a registry. */
  readonly tag: string;
  readonly architecture: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly configuration: ContainerConfiguration;
}

interface Blob {
  readonly digest: string;
  readonly content: Uint8Array;
}

const created = new Date(0).toISOString();
const types = {
  layer: 'application/vnd.oci.image.layer.v1.tar',
  config: 'application/vnd.oci.image.config.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
};

/** The archive, and the digest of the image's manifest (`sha256:<hex>`). */
export async function imageArchive(
  layers: readonly Buffer[],
  about: ImageAbout,
): Promise<{ readonly archive: Buffer; readonly digest: string }> {
  const layerBlobs = layers.map(blobOf);
  const config = blobOf(json(imageConfig(layerBlobs, about)));
  const manifest = blobOf(json({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptor(types.config, config),
    layers: layerBlobs.map((layer) => descriptor(types.layer, layer)),
    annotations: about.labels,
  }));
  const files = [
    textFile('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    textFile(
      'index.json',
      json({
        schemaVersion: 2,
        mediaType: types.index,
        manifests: [{
          ...descriptor(types.manifest, manifest),
          platform: { architecture: about.architecture, os: 'linux' },
          annotations: namesOf(about.tag),
        }],
      }).toString(),
    ),
    textFile(
      'manifest.json',
      json([{ Config: pathOf(config), RepoTags: [about.tag], Layers: layerBlobs.map(pathOf) }]).toString(),
    ),
    ...[...layerBlobs, config, manifest].map((blob): ImageFile => ({
      kind: 'file',
      path: pathOf(blob),
      content: blob.content,
    })),
  ];
  return { archive: await layerOf(withFolders(files)), digest: manifest.digest };
}

function imageConfig(
  layers: readonly Blob[],
  { architecture, labels, configuration: { user, env, workingDir, entrypoint } }: ImageAbout,
): object {
  return {
    created,
    architecture,
    os: 'linux',
    config: {
      User: user,
      WorkingDir: workingDir,
      Entrypoint: entrypoint,
      Labels: labels,
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map(() => ({ created, created_by: 'images/build.ts' })),
  };
}

/** The full name for containerd, and the tag alone for the layout. */
function namesOf(tag: string): Record<string, string> {
  const first = tag.split('/', 1)[0] ?? '';
  const hasRegistry = tag.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  const full = hasRegistry ? tag : `docker.io/${tag.includes('/') ? tag : `library/${tag}`}`;
  return { 'io.containerd.image.name': full, 'org.opencontainers.image.ref.name': tag.slice(tag.lastIndexOf(':') + 1) };
}

function blobOf(content: Uint8Array): Blob {
  return { digest: `sha256:${createHash('sha256').update(content).digest('hex')}`, content };
}

function pathOf({ digest }: Blob): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function descriptor(mediaType: string, { digest, content }: Blob): object {
  return { mediaType, digest, size: content.length };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
