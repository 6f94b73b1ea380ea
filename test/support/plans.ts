/** Plans in tests: workers with everything in place, and what a plan asks for in few words. */
import { configHashKey } from '../../contract/keys.ts';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { desiredState } from '../../operator/redisworker/desired/index.ts';
import type { Action } from '../../operator/redisworker/model/action.ts';
import { declaredIds } from '../../operator/redisworker/model/consumers.ts';
import { finalizer } from '../../operator/redisworker/model/names.ts';
import type { Observed } from '../../operator/redisworker/model/observed.ts';
import { observed, type Surroundings } from './observed.ts';

/** What was applied, as the cluster gives it back. */
export const stored = (object: KubeObject, uid: string): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, uid, generation: 1, resourceVersion: '1' },
  ...(object.kind === 'Deployment' ? { status: { observedGeneration: 1 } } : {}),
});

/** `do why name` of each action: short enough to read, long enough to tell apart. */
export const steps = ({ actions }: { actions: readonly Action[] }) =>
  actions.map((action) => {
    if (action.do === 'changeWork') return `${action.step.step} ${action.why}`;
    const subject = 'object' in action
      ? action.object.kind
      : 'consumerId' in action
      ? action.consumerId
      : 'ref' in action
      ? action.ref.name
      : '';
    return `${action.do} ${action.why} ${subject}`.trim();
  });

/** The same worker with everything its plan asks for in place. */
export function settled(object: KubeObject, around: Surroundings = {}): Observed {
  const first = observed(object, around);
  const { spec } = first;
  if (!spec?.source.ok || !spec.secret.ok || !spec.endpoint.ok || !spec.access.ok) throw new Error('unresolved');
  const desired = desiredState({
    blueprint: spec.blueprint,
    consumerIds: declaredIds(spec.blueprint.consumers),
    source: spec.source.value,
    secret: spec.secret.value,
    endpoint: spec.endpoint.value,
    access: spec.access.value,
    topology: spec.topology,
    aesKey: first.aesKey,
    pods: [],
  });
  return observed({ ...object, metadata: { ...object.metadata, finalizers: [finalizer] } }, {
    ...around,
    children: {
      configMaps: desired.sources.map((one, at) => stored(one, `source-${at}`)),
      runtimeSecret: stored(desired.runtimeSecret, 'secret'),
      services: desired.service ? [stored(desired.service, 'service')] : [],
      networkPolicies: [stored(desired.policy.policy, 'policy')],
      deployments: [...desired.deployments].map(([id, deployment]) => stored(deployment, `deployment-${id}`)),
      ...around.children,
    },
    hashes: {
      ...Object.fromEntries(
        [...desired.configHashes].map((
          [id, fields],
        ) => [configHashKey(spec.blueprint.type, id), fields as Record<string, string>]),
      ),
      ...around.hashes,
    },
  });
}

/** A pod of the consumer `id`, before the node has said anything of it. */
export const pod = (id: string, uid = `pod-${id}`): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `w-${id}`,
    namespace: 'default',
    uid,
    annotations: { 'redisworker.dev/consumer-id': id, 'redisworker.dev/worker': 'w' },
  },
});
