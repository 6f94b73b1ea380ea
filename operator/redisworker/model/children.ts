/** Reads the children of a worker: whose they are and how they are. */
import { env } from '../../../contract/pod.ts';
import { type KubeObject, type ObjectRef, type Resource, resources } from '../../cluster/cluster.ts';
import { annotations, labels } from './names.ts';

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

/** What the domain reads of a pod's status. */
export interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
  readonly containerStatuses?: readonly {
    restartCount?: number;
    state?: {
      waiting?: { reason?: string; message?: string };
      running?: object;
      terminated?: { exitCode?: number; reason?: string; message?: string };
    };
    lastState?: { terminated?: { exitCode?: number; reason?: string; message?: string } };
  }[];
}

/** A pod's status; empty while the node has not written one. */
export function podStatus(pod: KubeObject): PodStatus {
  return pod.status ?? {};
}

/** True while a process of the pod may run. */
export function isLive(pod: KubeObject): boolean {
  const { phase } = podStatus(pod);
  return phase !== 'Succeeded' && phase !== 'Failed';
}

/** True when the pod is ready and not on its way out. */
export function isReady(pod: KubeObject): boolean {
  return pod.metadata.deletionTimestamp === undefined &&
    (podStatus(pod).conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** The part of a Deployment the domain reads. */
export interface DeploymentView {
  readonly replicas: number;
  /** Net hash and source digest of the pods it makes. */
  readonly netHash: string | undefined;
  readonly sourceConfigMap: string | undefined;
  /** The URL its pods are given. */
  readonly redisUrl: string | undefined;
}

/** Reads a Deployment of ours. */
export function deploymentView(deployment: KubeObject): DeploymentView {
  const { replicas, template } = deployment.spec as {
    replicas?: number;
    template?: {
      metadata?: { labels?: Record<string, string> };
      spec?: {
        volumes?: { configMap?: { name?: string } }[];
        containers?: { env?: { name: string; value?: string }[] }[];
      };
    };
  };
  const variables = (template?.spec?.containers ?? []).flatMap((container) => container.env ?? []);
  return {
    replicas: replicas ?? 1,
    netHash: template?.metadata?.labels?.[labels.netHash],
    sourceConfigMap: template?.spec?.volumes?.find(({ configMap }) => configMap !== undefined)?.configMap?.name,
    redisUrl: variables.find(({ name }) => name === env.redisUrl)?.value,
  };
}
