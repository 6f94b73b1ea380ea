/** What a Deployment wants done to its pods, and the status they give it. Pure. */
import { createHash } from 'node:crypto';
import type { KubeObject, ObjectMeta } from '../../cluster.ts';
import { sameJson } from '../store/objects.ts';

/** Label every pod carries: the digest of the template it was made from. */
export const templateHashLabel = 'pod-template-hash';

/** The fields of a Deployment the controller reads. */
export interface DeploymentSpec {
  readonly replicas?: number;
  readonly template: { readonly metadata?: Partial<ObjectMeta>; readonly spec: object };
}

/** Pods to make and pods to delete, in this order: deletions first. */
export interface PodPlan {
  readonly remove: readonly KubeObject[];
  readonly create: number;
}

interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly lastUpdateTime: string;
  readonly lastTransitionTime: string;
}

/** Digest of a pod template, ten hex digits. */
export function templateHash({ template }: DeploymentSpec): string {
  return createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
}

/**
 * Recreate, whatever the strategy says: pods of another template go first, and a pod that still ends holds
 * its place, so that two pods of one consumer never run at once.
 */
export function planPods(spec: DeploymentSpec, pods: readonly KubeObject[]): PodPlan {
  const wanted = spec.replicas ?? 1;
  const hash = templateHash(spec);
  const isCurrent = (pod: KubeObject) => pod.metadata.labels?.[templateHashLabel] === hash && !isFinished(pod);
  const live = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const outdated = live.filter((pod) => !isCurrent(pod));
  if (outdated.length > 0) return { remove: outdated, create: 0 };
  const surplus = [...live].sort(leastUsefulFirst).slice(0, Math.max(0, live.length - wanted));
  return { remove: surplus, create: pods.every(isCurrent) ? Math.max(0, wanted - pods.length) : 0 };
}

/** The status of a Deployment whose pods are these; times move only when the condition turns. */
export function deploymentStatus(deployment: KubeObject, pods: readonly KubeObject[], now: string): object {
  const spec = deployment.spec as DeploymentSpec;
  const hash = templateHash(spec);
  const live = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && !isFinished(pod));
  const ready = live.filter(isReady).length;
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: live.length,
    updatedReplicas: live.filter((pod) => pod.metadata.labels?.[templateHashLabel] === hash).length,
    readyReplicas: ready,
    availableReplicas: ready,
    unavailableReplicas: Math.max(0, (spec.replicas ?? 1) - ready),
    conditions: [available(deployment, ready >= (spec.replicas ?? 1), now)],
  };
}

function available(deployment: KubeObject, enough: boolean, now: string): Condition {
  const condition = enough
    ? {
      type: 'Available',
      status: 'True',
      reason: 'MinimumReplicasAvailable',
      message: 'Deployment has minimum availability.',
    } as const
    : {
      type: 'Available',
      status: 'False',
      reason: 'MinimumReplicasUnavailable',
      message: 'Deployment does not have minimum availability.',
    } as const;
  const { conditions = [] } = (deployment.status ?? {}) as { conditions?: readonly Condition[] };
  const before = conditions.find(({ type }) => type === 'Available');
  return before?.status === condition.status
    ? { ...condition, lastUpdateTime: before.lastUpdateTime, lastTransitionTime: before.lastTransitionTime }
    : { ...condition, lastUpdateTime: now, lastTransitionTime: now };
}

function leastUsefulFirst(one: KubeObject, other: KubeObject): number {
  return Number(isReady(one)) - Number(isReady(other)) ||
    Number(other.metadata.resourceVersion) - Number(one.metadata.resourceVersion);
}

function isReady(pod: KubeObject): boolean {
  const { conditions = [] } = (pod.status ?? {}) as { conditions?: readonly { type: string; status: string }[] };
  return conditions.some((condition) => sameJson([condition.type, condition.status], ['Ready', 'True']));
}

function isFinished(pod: KubeObject): boolean {
  const { phase } = (pod.status ?? {}) as { phase?: string };
  return phase === 'Failed' || phase === 'Succeeded';
}
