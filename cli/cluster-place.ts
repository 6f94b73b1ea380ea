/** The workers of a cluster, as the API server tells of them. */
import { z } from 'zod';
import {
  ClusterError,
  type FollowOptions,
  type KubeObject,
  type Resource,
  resources,
} from '../operator/cluster/cluster.ts';
import type { KubernetesCluster } from '../operator/cluster/kubernetes/index.ts';
import { annotations } from '../operator/redisworker/model/names.ts';
import type { ClusterAccess } from './access-words.ts';
import { connect } from './cluster-access.ts';
import { Failure, messageOf } from './failure.ts';
import { type Place, statusFreshMs } from './place.ts';
import { program } from './program.ts';
import type { ToldEvent } from './worker-page.ts';

const everyMs = 1000;

/** Which cluster, and which part of it. */
export interface ClusterWords extends ClusterAccess {
  /** Without it the one of the kubeconfig's context, or of the pod. */
  readonly namespace?: string | undefined;
  readonly allNamespaces?: true | undefined;
}

/** Opens no connection before it is asked. @throws Failure when no cluster is configured */
export async function openClusterPlace({ namespace, allNamespaces, ...access }: ClusterWords): Promise<Place> {
  const cluster = await connect(access);
  const chosen = allNamespaces ? undefined : namespace ?? cluster.ownNamespace ?? 'default';
  const name = chosen === undefined ? `the cluster at ${cluster.server}` : `the namespace ${chosen}`;
  return {
    name,
    everyMs,
    freshMs: statusFreshMs,
    manyNamespaces: chosen === undefined,
    view: () => viewOf(cluster, name, chosen === undefined ? {} : { namespace: chosen }),
    absence: () => Promise.resolve(new Failure(`there is no RedisWorker in ${name}`)),
    beside: (worker) => besideOf(cluster, worker),
    requestResolve: (worker, wish) => requestResolve(cluster, worker, wish),
    notes: () => Promise.resolve([]),
    close: () => cluster.close(),
  };
}

async function viewOf(cluster: KubernetesCluster, name: string, where: FollowOptions) {
  try {
    return { started: true, items: await cluster.list(resources.redisWorkers, where), problems: [] };
  } catch (error) {
    throw new Failure(whyNotListed(cluster, name, error), 1, { cause: error });
  }
}

async function requestResolve(cluster: KubernetesCluster, { metadata }: KubeObject, wish: string): Promise<void> {
  const { name, namespace, uid } = metadata;
  const patch = { metadata: { annotations: { [annotations.resolveRequestedAt]: wish } } };
  try {
    await cluster.patch(resources.redisWorkers, metadata, patch, uid === undefined ? {} : { uid });
  } catch (error) {
    const isForbidden = error instanceof ClusterError && error.status === 403;
    throw new Failure(
      isForbidden
        ? `you may not change the worker ${name}: ask for the right to patch redisworkers in the namespace ${namespace}`
        : messageOf(error),
      1,
      { cause: error },
    );
  }
}

/** The events of kubectl: whoever may view a namespace may list them. */
const coreEvents: Resource = { apiVersion: 'v1', kind: 'Event', plural: 'events', namespaced: true };

const eventSchema = z.object({
  type: z.string().catch(''),
  reason: z.string().catch(''),
  message: z.string().catch(''),
  count: z.number().nullish().catch(undefined),
  series: z.object({ count: z.number().catch(1), lastObservedTime: z.string().nullish().catch(undefined) }).nullish()
    .catch(undefined),
  lastTimestamp: z.string().nullish().catch(undefined),
  eventTime: z.string().nullish().catch(undefined),
  metadata: z.object({ creationTimestamp: z.string().catch('') }),
});

async function besideOf(
  cluster: KubernetesCluster,
  { metadata: { uid, namespace } }: KubeObject,
): Promise<Awaited<ReturnType<Place['beside']>>> {
  if (uid === undefined || namespace === undefined) return { faults: [] };
  try {
    const found = await cluster.list(coreEvents, { namespace, fieldSelector: `involvedObject.uid=${uid}` });
    const events = found.map(toldBy).sort((one, other) => Date.parse(one.lastTime) - Date.parse(other.lastTime));
    return { events, faults: [] };
  } catch (error) {
    return { faults: [`the events are not shown: ${messageOf(error)}`] };
  }
}

/** Who writes an event again tells it in the older fields, or as a series. */
function toldBy(event: KubeObject): ToldEvent {
  const { type, reason, message, count, series, lastTimestamp, eventTime, metadata } = eventSchema.parse(event);
  return {
    type,
    reason,
    message,
    count: series?.count ?? count ?? 1,
    lastTime: series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp,
  };
}

function whyNotListed({ server }: KubernetesCluster, name: string, error: unknown): string {
  const status = error instanceof ClusterError ? error.status : undefined;
  if (status === 401) return `the cluster at ${server} does not know who asks: log in again, as for kubectl`;
  if (status === 403) {
    return `you may not list RedisWorkers in ${name}: name a namespace you may look into with --namespace, or ask for the right to list redisworkers`;
  }
  if (status === 404) {
    return `the cluster at ${server} does not know RedisWorkers: install the operator, or "${program} crd | kubectl apply --server-side -f -"`;
  }
  return messageOf(error);
}
