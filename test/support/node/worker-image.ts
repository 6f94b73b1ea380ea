/** The image of worker pods in a node, built from the sources as they are. */
import { createHash } from 'node:crypto';
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWorkerImage } from '../../../images/worker-image.ts';
import type { Node } from './node.ts';

const root = join(import.meta.dirname, '../../..');
/** What shapes the image. */
const sources = ['worker/**/*.ts', 'contract/**/*.ts', 'images/**/*.ts', 'package-lock.json', 'worker/import_map.json'];

/** Makes the image known to the node unless it is. @returns its name, which changes with the sources */
export async function importWorkerImage(node: Node): Promise<string> {
  const tag = `localhost/worker:${await hashOfSources()}`;
  const { stdout } = await node.ctr(['images', 'list', '--quiet']);
  if (stdout.split('\n').includes(tag)) return tag;
  const dir = await mkdtemp(join(tmpdir(), 'redisworker-worker-image-'));
  try {
    await node.importImages([(await buildWorkerImage({ output: join(dir, 'worker.tar'), tag })).archive]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return tag;
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  const files: string[] = [];
  for await (const file of glob(sources, { cwd: root })) files.push(file);
  for (const file of files.sort()) hash.update(file).update(await readFile(join(root, file)));
  return hash.digest('hex').slice(0, 16);
}
