/** What the image of workers holds of ours, as a folder for nodes that run pods as processes: Jobs that resolve code, too. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { imageRoot } from '../../contract/pod.ts';
import { writeBundles } from '../../images/bundle.ts';
import { thisPlatform } from '../../images/platform.ts';
import { resolverFiles } from '../../images/resolver.ts';
import { unpack } from '../../images/unpack.ts';

/** A folder in the place of the image's root. */
export interface CodeImage {
  readonly root: string;
  remove(): Promise<void>;
}

/** Writes it. @throws CannotBuildImage where the bundler cannot be had */
export async function writeCodeImage(): Promise<CodeImage> {
  const folder = await mkdtemp(join(tmpdir(), 'redisworker-code-image-'));
  const root = join(folder, imageRoot);
  const deno = join(dirname(import.meta.dirname), '../node_modules', thisPlatform().denoPackage, 'deno');
  const { files } = await resolverFiles(deno);
  await unpack(files, folder);
  await writeBundles(root);
  return { root, remove: () => rm(folder, { recursive: true, force: true }) };
}
