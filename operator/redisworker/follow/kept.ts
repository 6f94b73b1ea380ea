/** What the operator keeps of each kind of object: what its looks read, and nothing else. Pure. */
import type { KubeObject, ObjectMeta } from '../../cluster/cluster.ts';
import type { ChildCondition, ContainerStatus, PodStatus, Volume } from '../model/children.ts';
import { isManaged } from '../model/belonging.ts';
import { labels, sourceVolume } from '../model/names.ts';

/** A worker: all its user and we have said. */
export function keptWorker(worker: KubeObject): KubeObject {
  const all = Object.entries(worker.metadata.annotations ?? {});
  const annotations = Object.fromEntries(all.filter(([key]) => key !== lastApplied));
  return { ...worker, metadata: { ...worker.metadata, annotations } };
}

/** Where `kubectl apply` puts the whole object once more. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * A Deployment: its spec, and of its status why it makes no pod or waits for none any more; of one that is to
 * have none, how far that has come.
 */
export function keptDeployment({ apiVersion, kind, metadata, spec, status }: KubeObject): KubeObject {
  const { conditions = [], observedGeneration, replicas } = (status ?? {}) as {
    conditions?: readonly ChildCondition[];
    observedGeneration?: number;
    replicas?: number;
  };
  const isScaledDown = (spec as { replicas?: number } | undefined)?.replicas === 0;
  const telling = conditions.filter(({ type, status: holds, reason }) =>
    type === 'ReplicaFailure' ? holds === 'True' : reason === 'ProgressDeadlineExceeded'
  );
  return {
    apiVersion,
    kind,
    metadata: ourMetadata(metadata),
    spec,
    ...(telling.length === 0 && !isScaledDown ? {} : {
      status: withoutAbsent({
        observedGeneration,
        replicas: isScaledDown ? replicas : undefined,
        conditions: telling.length === 0 ? undefined : telling,
      }),
    }),
  };
}

/** A policy: its spec, and all else it says: what somebody adds beside the spec opens as much. */
export function keptPolicy(policy: KubeObject): KubeObject {
  const said = Object.fromEntries(Object.entries(policy).filter(([field]) => field !== 'status')) as KubeObject;
  return { ...said, metadata: ourMetadata(policy.metadata) };
}

/** A pod: where it is, which source it mounts, and how it is. */
export function keptPod({ apiVersion, kind, metadata, spec, status }: KubeObject): KubeObject {
  const { nodeName, volumes = [] } = (spec ?? {}) as {
    nodeName?: string;
    volumes?: readonly Volume[];
  };
  return {
    apiVersion,
    kind,
    metadata: ourMetadata(metadata),
    spec: {
      ...(nodeName === undefined ? {} : { nodeName }),
      volumes: volumes.flatMap(keptVolume),
    },
    ...(status === undefined || status === null ? {} : { status: keptPodStatus(status) }),
  };
}

/** What a pod has its source from; service meshes and the API server add volumes of theirs. */
function keptVolume({ name, configMap, projected }: Volume): Volume[] {
  const named = name === undefined ? {} : { name };
  if (configMap !== undefined) return [{ ...named, configMap: nameOnly(configMap) }];
  const sources = projected?.sources?.flatMap(({ configMap: one }) => (one ? [{ configMap: nameOnly(one) }] : [])) ??
    [];
  return name === sourceVolume && sources.length > 0 ? [{ name, projected: { sources } }] : [];
}

function nameOnly({ name }: { readonly name?: string }): { readonly name?: string } {
  return name === undefined ? {} : { name };
}

function keptPodStatus(
  { phase, reason, message, conditions, initContainerStatuses, containerStatuses }: PodStatus,
): object {
  return withoutAbsent({
    phase,
    reason,
    message,
    // One that holds tells nothing, but for these.
    conditions: conditions?.filter(({ type, status }) =>
      status !== 'True' || type === 'Ready' || type === 'DisruptionTarget'
    ).map((condition) => withoutAbsent({ ...condition, lastProbeTime: undefined, observedGeneration: undefined })),
    initContainerStatuses: initContainerStatuses?.map(keptContainer),
    containerStatuses: containerStatuses?.map(keptContainer),
  });
}

function keptContainer({ name, ready, restartCount, state, lastState }: ContainerStatus): object {
  return withoutAbsent({ name, ready, restartCount, state, lastState });
}

/** A Service: where its name and its addresses lead; of ours also whose it is, and where it is to be had beside the cluster. */
export function keptService({ apiVersion, kind, metadata, spec, status }: KubeObject): KubeObject {
  const { type, selector, clusterIP, clusterIPs, externalName, ports } = (spec ?? {}) as Record<string, unknown>;
  const { loadBalancer } = (status ?? {}) as { loadBalancer?: object };
  const isOurs = isManaged({ apiVersion, kind, metadata });
  return {
    apiVersion,
    kind,
    metadata: isOurs ? ourMetadata(metadata) : identity(metadata),
    spec: withoutAbsent({ type, selector, clusterIP, clusterIPs, externalName, ports }),
    ...(isOurs && loadBalancer !== undefined ? { status: { loadBalancer } } : {}),
  };
}

/** Labels and annotations of others are nothing to us, and change by themselves. */
function ourMetadata(metadata: ObjectMeta): ObjectMeta {
  const { generation, creationTimestamp, deletionTimestamp, ownerReferences } = metadata;
  return withoutAbsent({
    ...identity(metadata),
    generation,
    creationTimestamp,
    deletionTimestamp,
    ownerReferences,
    labels: ours(metadata.labels),
    annotations: ours(metadata.annotations),
  }) as ObjectMeta;
}

function identity({ name, namespace, uid, resourceVersion }: ObjectMeta): ObjectMeta {
  return withoutAbsent({ name, namespace, uid, resourceVersion }) as ObjectMeta;
}

const prefix = labels.worker.slice(0, labels.worker.indexOf('/') + 1);

function ours(all: Readonly<Record<string, string>> | undefined): Record<string, string> | undefined {
  if (all === undefined) return undefined;
  return Object.fromEntries(Object.entries(all).filter(([key]) => key === labels.managedBy || key.startsWith(prefix)));
}

function withoutAbsent<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
