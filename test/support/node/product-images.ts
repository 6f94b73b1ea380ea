/** The images of the product in a node, built from the sources as they are. */
import { createHash } from 'node:crypto';
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOperatorImage } from '../../../images/operator-image.ts';
import { buildWorkerImage } from '../../../images/worker-image.ts';
import { operatorImage, workerImage } from '../../../operator/version.ts';
import { images } from './images.ts';
import type { Node } from './node.ts';

const root = join(import.meta.dirname, '../../..');

/** How each is built, and the sources that shape it. */
const products = {
  worker: { build: buildWorkerImage, sources: ['worker/**/*.ts', 'operator/code/**/*.ts'] },
  operator: { build: buildOperatorImage, sources: ['operator/**/*.ts', 'cli/**/*.ts', 'page/**/*'] },
} as const;
const commonSources = ['contract/**/*.ts', 'images/**/*', 'package.json', 'package-lock.json'];

/** Makes the image of worker pods known to the node unless it is. @returns its name, which changes with the sources */
export function importWorkerImage(node: Node): Promise<string> {
  return importImage(node, 'worker');
}

/** Makes the image of the operator known to the node unless it is. @returns its name, which changes with the sources */
export function importOperatorImage(node: Node): Promise<string> {
  return importImage(node, 'operator');
}

async function importImage(node: Node, name: keyof typeof products): Promise<string> {
  const { build, sources } = products[name];
  const tag = `localhost/${name}:${await hashOf([...sources, ...commonSources])}`;
  const { stdout } = await node.ctr(['images', 'list', '--quiet']);
  if (stdout.split('\n').includes(tag)) return tag;
  const dir = await mkdtemp(join(tmpdir(), `redisworker-${name}-image-`));
  try {
    await node.importImages([(await build({ output: join(dir, 'image.tar'), tag })).archive]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return tag;
}

async function hashOf(sources: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  const files: string[] = [];
  for await (const entry of glob(sources, { cwd: root, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
  }
  for (const file of files.sort()) hash.update(file.slice(root.length)).update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}

/**
 * Gives the images the names that the chart has by default, so that nothing has to be set; the Redis is the one of this
 * machine.
 */
export async function importDefaultImages(node: Node): Promise<void> {
  const [operator, worker] = await Promise.all([importOperatorImage(node), importWorkerImage(node)]);
  const names = [[operator, operatorImage], [worker, workerImage], [images.redis, 'docker.io/library/redis:8.6.3']];
  for (const [found = '', name = ''] of names) {
    const { code, stderr } = await node.ctr(['images', 'tag', '--force', found, name]);
    if (code !== 0) throw new Error(`${found} cannot be called ${name}: ${stderr.trim()}`);
  }
}
