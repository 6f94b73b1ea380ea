/** Which of two workers was there first. Pure. */
import { keyOf, type KubeObject } from '../../cluster/cluster.ts';

/** A text that is less for the older of two. */
export function seniority({ creationTimestamp, uid }: { creationTimestamp?: string; uid?: string }): string {
  return `${creationTimestamp ?? ''} ${uid ?? ''}`;
}

/** `namespace/name` of a worker. */
export function nameOf({ metadata: { namespace = 'default', name } }: Pick<KubeObject, 'metadata'>): string {
  return keyOf({ namespace, name });
}
