/** A whole node with its control plane, in namespaces of its own: started, and stopped without a trace. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlPlanePrograms } from '../control-plane/build.ts';
import { Daemons } from '../control-plane/daemons.ts';
import { type Progress, toStderr } from '../control-plane/tool.ts';
import { collectRights } from '../control-plane/used-rights.ts';
import { bringUp } from './bring-up.ts';
import { nodeParts } from './build.ts';
import { openNamespaces } from './namespaces.ts';
import { attach, type Node, type NodeDescription } from './node.ts';

/** A node that this process started. */
export interface RunningNode extends Node {
  /** Ends everything; nothing of the node is left on this machine. */
  stop(): Promise<void>;
}

/** What a node is started with. */
export interface NodeOptions {
  /** Image archives to import beside those every node has. */
  readonly images?: readonly string[];
  readonly progress?: Progress;
}

/**
 * A node somebody else started, by the file `node.json` in its folder.
 * @throws Error when the file is not there: the node has ended
 */
export async function findNode(file: string): Promise<Node> {
  return attach(JSON.parse(await readFile(file, 'utf8')) as NodeDescription);
}

/**
 * Starts a node and waits until its DNS is ready; programs and images are built first when they are not in the cache.
 * It ends with this process, however that ends.
 * @throws CannotBuild when this machine has no Go; Error with the log of a program that does not start
 */
export async function startNode({ images = [], progress = toStderr }: NodeOptions = {}): Promise<RunningNode> {
  const kubeBin = await controlPlanePrograms(progress);
  const parts = await nodeParts(progress);
  const dir = await mkdtemp(join(tmpdir(), 'redisworker-test-node-'));
  const namespaces = await openNamespaces(dir);
  const daemons = await Daemons.open(dir);
  // Namespaces end once those outside them that wait for a process inside have been told of its end: both go together.
  const stop = async (): Promise<void> => {
    await Promise.all([namespaces.close(), daemons.close()]);
  };
  try {
    const node = await bringUp({ dir, kubeBin, parts, namespaces, daemons });
    await node.importImages(images);
    await writeFile(join(dir, 'node.json'), JSON.stringify(node.description));
    return { ...node, stop: () => collectRights(dir, 'node').finally(stop) };
  } catch (error) {
    await stop();
    throw error;
  }
}
