/** Pods as the Deployments of a worker make them. */
import type { KubeObject } from '../../operator/cluster/cluster.ts';

/** What differs from a pod that is ready. */
export interface PodChange {
  readonly name?: string;
  readonly status?: object;
  readonly deleted?: boolean;
  /** Seconds after the first pod was made. */
  readonly age?: number;
}

const ready = {
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True' }],
  containerStatuses: [{ name: 'worker', ready: true, restartCount: 0, state: { running: {} } }],
};

/** A pod of a Deployment's template. */
export function podOf(
  deployment: KubeObject,
  { name = '', status = ready, deleted = false, age = 0 }: PodChange = {},
): KubeObject {
  const { template } = deployment.spec as { template: { metadata: object; spec: object } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...template.metadata,
      name: `${deployment.metadata.name}${name}`,
      namespace: 'default',
      uid: `pod-${deployment.metadata.name}${name}`,
      creationTimestamp: new Date(Date.UTC(2030, 0, 1, 0, 0, age)).toISOString(),
      ...(deleted ? { deletionTimestamp: '2030-01-01T00:10:00Z' } : {}),
    },
    spec: template.spec,
    status,
  };
}
