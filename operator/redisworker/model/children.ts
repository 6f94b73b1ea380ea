/** Reads the children of a worker: whose they are and how they are. */
import { env } from '../../../contract/pod.ts';
import { type KubeObject, type ObjectRef, type Resource, resources } from '../../cluster/cluster.ts';
import { annotations, deploymentName, labels, sourceNoteVolume, sourceVolume, workerContainer } from './names.ts';

/** Name and namespace of an object. */
export function objectRef({ metadata }: KubeObject): ObjectRef {
  return metadata.namespace === undefined
    ? { name: metadata.name }
    : { namespace: metadata.namespace, name: metadata.name };
}

/** UID of an object that came from the cluster. */
export function uidOf({ metadata }: KubeObject): string {
  return metadata.uid ?? '';
}

/** Consumer id of a Deployment or pod of ours. */
export function consumerIdOf({ metadata }: KubeObject): string | undefined {
  return metadata.annotations?.[annotations.consumer];
}

/**
 * True for a pod that a Deployment of the worker's has made, itself or by way of a ReplicaSet. Labels and annotations
 * anybody can write; what is not ours is neither counted nor deleted.
 */
export function isPodOf(worker: string, pod: KubeObject): boolean {
  const consumerId = consumerIdOf(pod);
  if (pod.metadata.annotations?.[annotations.worker] !== worker || consumerId === undefined) return false;
  const deployment = deploymentName(worker, consumerId);
  return pod.metadata.ownerReferences?.some(({ kind, name, controller }) =>
    controller === true &&
    (kind === resources.deployments.kind ? name === deployment : kind === 'ReplicaSet' && isMadeBy(deployment, name))
  ) === true;
}

/** A ReplicaSet is named after its Deployment and the hash of its template. */
function isMadeBy(deployment: string, replicaSet: string): boolean {
  return replicaSet.startsWith(`${deployment}-`) && /^[a-z0-9]{1,10}$/.test(replicaSet.slice(deployment.length + 1));
}

/** Net hash a pod was made for. */
export function netHashOf({ metadata }: KubeObject): string | undefined {
  return metadata.labels?.[labels.netHash];
}

/** The kind of a policy of ours, whichever flavor it has. */
export function policyResource({ kind }: KubeObject): Resource {
  return kind === resources.ciliumNetworkPolicies.kind ? resources.ciliumNetworkPolicies : resources.networkPolicies;
}

/** Net hash of the pods a policy of ours selects. */
export function policyHashOf({ spec }: KubeObject): string | undefined {
  const { podSelector, endpointSelector } = (spec ?? {}) as Partial<
    Record<'podSelector' | 'endpointSelector', { matchLabels?: Record<string, string> }>
  >;
  return (podSelector ?? endpointSelector)?.matchLabels?.[labels.netHash];
}

/** The end of a container, as its node tells it. */
export interface Termination {
  readonly exitCode?: number;
  readonly reason?: string;
  readonly message?: string;
}

/** One container of a pod, as its node tells it. */
export interface ContainerStatus {
  readonly name?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: { readonly startedAt?: string };
    readonly terminated?: Termination;
  };
  readonly lastState?: { readonly terminated?: Termination };
}

/** A condition of a pod or a Deployment. */
export interface ChildCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** What the domain reads of a pod's status. */
export interface PodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly ChildCondition[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

/** A pod's status; empty while the node has not written one. */
export function podStatus(pod: KubeObject): PodStatus {
  return pod.status ?? {};
}

/** A condition of a pod or a Deployment that holds. */
export function holding({ status }: KubeObject, type: string): ChildCondition | undefined {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly ChildCondition[] };
  return conditions.find((condition) => condition.type === type && condition.status === 'True');
}

/** What a Deployment says when its pods are not ready within the time they have for that, ten minutes. */
export function givingUpOf({ metadata, status }: KubeObject): ChildCondition | undefined {
  const { conditions = [], observedGeneration } = (status ?? {}) as {
    conditions?: readonly ChildCondition[];
    observedGeneration?: number;
  };
  if (observedGeneration !== metadata.generation) return undefined;
  return conditions.find(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded');
}

/**
 * Whether a Deployment has given up on a pod. What it says of progress stays as it was until the first pod of a new
 * template is there, so a word older than the pod is about another one.
 */
export function hasGivenUpOn(pod: KubeObject, deployment: KubeObject): boolean {
  const said = givingUpOf(deployment);
  if (said?.lastTransitionTime === undefined) return said !== undefined;
  return Date.parse(said.lastTransitionTime) >= Date.parse(pod.metadata.creationTimestamp ?? '');
}

/**
 * True when the cluster has taken notice of all a Deployment asks for and counts no pod of it: one that has just been
 * scaled to zero may still get the pod it asked for before.
 */
export function hasSettledWithoutPods({ metadata, status }: KubeObject): boolean {
  const { observedGeneration = 0, replicas = 0 } = (status ?? {}) as { observedGeneration?: number; replicas?: number };
  return observedGeneration >= (metadata.generation ?? 0) && replicas === 0;
}

/** The container the worker runs in: by its name, for admission may have put others before it. */
export function workerContainerOf(pod: KubeObject): ContainerStatus | undefined {
  return podStatus(pod).containerStatuses?.find(({ name }) => name === workerContainer);
}

/** Containers somebody added to a pod of ours: those that run before the worker, then those beside it. */
export function addedContainersOf(pod: KubeObject): ContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses = [] } = podStatus(pod);
  return [...initContainerStatuses, ...containerStatuses.filter(({ name }) => name !== workerContainer)];
}

/** Children by the consumer they are of, looked through once. */
export function byConsumer(children: readonly KubeObject[]): Map<string, KubeObject[]> {
  const found = new Map<string, KubeObject[]>();
  for (const child of children) {
    const id = consumerIdOf(child);
    if (id === undefined) continue;
    const known = found.get(id);
    if (known) known.push(child);
    else found.set(id, [child]);
  }
  return found;
}

/**
 * True while a process of the pod may run. A node ends all containers before it calls a pod `Failed` or
 * `Succeeded`; a pod on its way out, or on a node nobody hears of, may still run.
 */
export function mayStillRun(pod: KubeObject): boolean {
  const { phase } = podStatus(pod);
  return phase !== 'Succeeded' && phase !== 'Failed';
}

/** Digest of the template a pod was made from, or of the template a Deployment makes pods from. */
export function templateOf(object: KubeObject): string | undefined {
  const makesPods = object.kind === resources.deployments.kind;
  return makesPods ? deploymentView(object).template : object.metadata.annotations?.[annotations.template];
}

/** True when the pod is ready and not on its way out. */
export function isReady(pod: KubeObject): boolean {
  return pod.metadata.deletionTimestamp === undefined && holding(pod, 'Ready') !== undefined;
}

/** True for a pod whose worker has not been started yet: it may wait for something it is to be given. */
export function isComingUp(pod: KubeObject): boolean {
  const { restartCount = 0, state } = workerContainerOf(pod) ?? {};
  return mayStillRun(pod) && !isReady(pod) && restartCount === 0 && state?.running === undefined;
}

/** The part of a volume the domain reads. */
export interface Volume {
  readonly name?: string;
  readonly configMap?: { readonly name?: string };
  readonly projected?: { readonly sources?: readonly { readonly configMap?: { readonly name?: string } }[] };
}

/** Names of the ConfigMaps a pod has its source from, or the image with it is named by. */
export function configMapsOf(volumes: readonly Volume[] = []): readonly string[] {
  const sources = volumes.filter(({ name }) => name === sourceVolume || name === sourceNoteVolume)
    .flatMap((volume) => volume.projected?.sources ?? [volume]);
  return sources.flatMap(({ configMap }) => configMap?.name ?? []);
}

/** The part of a Deployment the domain reads. */
export interface DeploymentView {
  readonly replicas: number;
  /** Net hash and source digest of the pods it makes. */
  readonly netHash: string | undefined;
  /** The ConfigMaps they have their source from. */
  readonly sourceConfigMaps: readonly string[];
  /** The URL its pods are given. */
  readonly redisUrl: string | undefined;
  /** Digest of the template it makes pods from. */
  readonly template: string | undefined;
}

/** An object never changes, and the spec of one that is kept is a text, which is long. */
const views = new WeakMap<KubeObject, DeploymentView>();

/** Reads a Deployment of ours. */
export function deploymentView(deployment: KubeObject): DeploymentView {
  const known = views.get(deployment);
  if (known !== undefined) return known;
  const view = viewOf(deployment);
  views.set(deployment, view);
  return view;
}

function viewOf(deployment: KubeObject): DeploymentView {
  const { replicas, template } = (deployment.spec ?? {}) as {
    replicas?: number;
    template?: {
      metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
      spec?: {
        volumes?: Volume[];
        containers?: { env?: { name: string; value?: string }[] }[];
      };
    };
  };
  const variables = (template?.spec?.containers ?? []).flatMap((container) => container.env ?? []);
  return {
    replicas: replicas ?? 1,
    netHash: template?.metadata?.labels?.[labels.netHash],
    sourceConfigMaps: configMapsOf(template?.spec?.volumes),
    redisUrl: variables.find(({ name }) => name === env.redisUrl)?.value,
    template: template?.metadata?.annotations?.[annotations.template],
  };
}
