/** How a worker stands, as its status tells it, for those who count workers. Pure. */
import type { Condition } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';

/** The condition Ready in two words. */
export interface Standing {
  readonly ready: string;
  readonly reason: string;
}

/** Before anybody has looked at a worker, nothing is known of it. */
export function standingOf({ status }: KubeObject): Standing {
  const { conditions = [] } = (status ?? {}) as { readonly conditions?: readonly Condition[] };
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready === undefined
    ? { ready: 'Unknown', reason: 'NotObserved' }
    : { ready: ready.status, reason: ready.reason };
}
