/**
 * Gives the `node` tests one node, and makes sure that it leaves nothing behind. A machine that cannot have one skips
 * them, with the reason printed here. REDISWORKER_NODE names the `node.json` of a node that runs already.
 */
import type { TestProject } from 'vitest/node';
import { CannotBuild } from '../control-plane/tool.ts';
import type { NodeDescription } from './node.ts';
import { whyNoNode } from './preflight.ts';
import { findNode, type RunningNode, startNode } from './start.ts';
import { networkNamespaceOf, tracesOf } from './traces.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The shared node; undefined when there is none. */
    node: NodeDescription | undefined;
    /** Why there is no node; empty when there is one. */
    noNode: string;
  }
}

/** Called by vitest before the first test of the project; what it returns is called after the last. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const running = process.env['REDISWORKER_NODE'];
  if (running !== undefined) {
    provide(project, (await findNode(running)).description);
    return undefined;
  }
  const node = await startUnlessImpossible();
  if (typeof node === 'string') {
    process.stderr.write(`The node tests are skipped: ${node}\n`);
    provide(project, undefined, node);
    return undefined;
  }
  provide(project, node.description);
  return () => stopWithoutTrace(node);
}

function provide(project: TestProject, node: NodeDescription | undefined, reason = ''): void {
  project.provide('node', node);
  project.provide('noNode', reason);
}

/** @returns the node, or why this machine cannot have one */
async function startUnlessImpossible(): Promise<RunningNode | string> {
  const reason = await whyNoNode();
  if (reason !== undefined) return reason;
  return startNode().catch((error: unknown) => {
    if (error instanceof CannotBuild && error.reason === 'NoGo') return error.message;
    throw error;
  });
}

async function stopWithoutTrace(node: RunningNode): Promise<void> {
  const namespace = await networkNamespaceOf(node.description.pid);
  await node.stop();
  const traces = await tracesOf(node.description, namespace);
  if (traces.length > 0) throw new Error(`the node has left behind:\n${traces.join('\n')}`);
}
