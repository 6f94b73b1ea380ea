/** Image archives that `ctr images import` and `docker load` read, made without a registry or a daemon. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../command.ts';

/** What the image says about the process it runs. */
export interface ImageConfig {
  readonly Entrypoint: readonly string[];
  /** For example `65532:65532`. */
  readonly User: string;
  readonly Env?: readonly string[];
}

/** The same files make the same archive. */
const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];

/** Writes a folder as an image of one layer under a tag such as `localhost/pause:test`. */
export async function writeArchive(archive: string, tag: string, rootfs: string, config: ImageConfig): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'redisworker-image-'));
  try {
    const layer = join(dir, 'layer.tar');
    await run('tar', [...reproducible, '-C', rootfs, '-cf', layer, '.']);
    await writeFile(join(dir, 'config.json'), JSON.stringify(imageConfig(`sha256:${await sha256(layer)}`, config)));
    await writeFile(
      join(dir, 'manifest.json'),
      JSON.stringify([{ Config: 'config.json', RepoTags: [tag], Layers: ['layer.tar'] }]),
    );
    await run('tar', [...reproducible, '-C', dir, '-cf', archive, 'manifest.json', 'config.json', 'layer.tar']);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function imageConfig(layer: string, config: ImageConfig): object {
  const created = new Date(0).toISOString();
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  return {
    architecture,
    os: 'linux',
    created,
    config,
    rootfs: { type: 'layers', diff_ids: [layer] },
    history: [{ created }],
  };
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
