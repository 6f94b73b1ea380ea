/** Whether a request that came may start the consumer that sleeps before anything else is looked at. Pure. */
import { parseRedisWorker } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { deploymentView } from '../model/children.ts';
import { annotations, finalizer } from '../model/names.ts';

/**
 * True when the Deployment waits with no pod for exactly this: its worker may run, is scaled by the operator, and has
 * asked for nothing else since the Deployment was written. Whatever is in doubt waits for a look.
 */
export function mayWake(worker: KubeObject, deployment: KubeObject): boolean {
  const { uid, deletionTimestamp, finalizers = [] } = worker.metadata;
  if (deletionTimestamp !== undefined || !finalizers.includes(finalizer)) return false;
  const owned = deployment.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
  if (!owned || deployment.metadata.deletionTimestamp !== undefined) return false;
  if (deployment.metadata.annotations?.[annotations.applied] === undefined) return false;
  const parsed = parseRedisWorker(worker);
  if (!parsed.ok || parsed.worker.spec.suspend || parsed.worker.spec.consumers.autoscale === undefined) return false;
  const { observedGeneration } = parsed.worker.status ?? {};
  return observedGeneration === worker.metadata.generation && deploymentView(deployment).replicas === 0;
}
