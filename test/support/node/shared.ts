/** The node that all `node` tests share, as a test sees it. */
import { randomBytes } from 'node:crypto';
import { describe, inject } from 'vitest';
import './global-setup.ts';
import { attach, type Node } from './node.ts';

/** `describe` for tests that need a node: skipped, hooks included, when this machine cannot have one. */
export const describeOnNode = describe.skipIf(inject('noNode') !== '');

/** The shared node. @throws Error outside {@link describeOnNode} on a machine without one */
export function sharedNode(): Node {
  const description = inject('node');
  if (description === undefined) throw new Error(`there is no node: ${inject('noNode')}`);
  return attach(description);
}

/** A namespace of the test's own that holds its pods to the restricted level. It goes with the node. */
export async function createRestrictedNamespace(node: Node, prefix = 'test'): Promise<string> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  const labels = {
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/enforce-version': 'latest',
  };
  await node.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  return name;
}
