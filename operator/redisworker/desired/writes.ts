/** The order in which a worker's objects are written: each waits for what it rests on. Pure. */
import type { KubeObject } from '../../cluster/cluster.ts';
import type { Desired } from './index.ts';

/** The objects that come before the config hashes, and those that come after them: pods read their hash at start. */
export interface Writes {
  readonly before: readonly KubeObject[];
  readonly after: readonly KubeObject[];
}

/** The objects in the order of writes. */
export function writesOf({ sources, runtimeSecret, policy, deployments }: Desired): Writes {
  return { before: [...sources, runtimeSecret, policy.policy], after: [...deployments.values()] };
}
