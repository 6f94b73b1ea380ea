/**
 * Takes consumers away without losing a request, one step after the other: no replicas, pods gone,
 * pending entries handed over, consumer deleted, hash deleted, Deployment deleted. The Deployment goes
 * last because it is what remembers the id when the operator dies in between.
 */
import { configHashKey } from '../../../contract/keys.ts';
import { type KubeObject, resources } from '../../cluster/cluster.ts';
import type { Action, Why } from '../model/action.ts';
import {
  byConsumer,
  consumerIdOf,
  deploymentView,
  hasSettledWithoutPods,
  mayStillRun,
  objectRef,
  uidOf,
} from '../model/children.ts';
import { resourceOfParent } from '../desired/metadata.ts';
import { finalizer } from '../model/names.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import { joined, type Steps } from './plan.ts';
import { removedRedisUser } from './redis-user.ts';

/** Plans the next step for every consumer id that exists and is not to be kept. */
export function planRemoval(observed: Observed, spec: ObservedSpec, kept: readonly string[], why: Why): Steps {
  const { deployments, pods } = observed.children;
  const [deploymentOf, podsOf] = [byConsumer(deployments), byConsumer(pods.filter(mayStillRun))];
  return joined(
    removedIds(observed, spec, kept).map((id) => {
      const removed = { id, heir: kept[0], why, deployment: deploymentOf.get(id)?.[0], runs: podsOf.has(id) };
      return removeConsumer(observed, spec, removed);
    }),
  );
}

/** Takes away pods that have ended for good, by eviction for one: nobody else does, and no process is in them. */
export function finishedPods(pods: readonly KubeObject[]): Action[] {
  return pods.filter((pod) => !mayStillRun(pod) && pod.metadata.deletionTimestamp === undefined).map((pod) => ({
    do: 'deleteObject',
    resource: resources.pods,
    ref: objectRef(pod),
    uid: uidOf(pod),
    why: 'PodFinished',
  }));
}

/**
 * Plans the end of a worker: all consumers, then the group, then the finalizer. Without an answer of Redis nobody knows
 * what is left there, even when no pod or Deployment is: it is waited for, but not for ever.
 */
export function planDeletion(observed: Observed, spec: ObservedSpec): Steps {
  const finished = { actions: finishedPods(observed.children.pods), waitingFor: [] };
  const removal = joined([finished, planRemoval(observed, spec, [], 'WorkerDeleted')]);
  if (removal.waitingFor.length > 0) return removal;
  if (spec.redis.kind === 'fault' && !observed.abandonRedis) return { ...removal, waitingFor: ['Redis to answer'] };
  const ending = spec.redis.kind === 'answered' ? spec.redis.work.end(spec.blueprint.deletionPolicy) : [];
  return {
    actions: [
      ...removal.actions,
      ...ending,
      ...removedRedisUser(spec),
      ...releaseFinalizer(observed, observed.abandonRedis ? 'CleanupAbandoned' : 'CleanupFinished'),
    ],
    waitingFor: [],
  };
}

/** Lets the worker go, unless that was done: the cluster may take a moment to remove it. */
export function releaseFinalizer({ object }: Observed, why: Why): Action[] {
  const { finalizers = [] } = object.metadata;
  if (!finalizers.includes(finalizer)) return [];
  return [{ do: 'setFinalizers', finalizers: finalizers.filter((name) => name !== finalizer), why }];
}

/** A consumer that is to go, with what there is of it. */
interface Removed {
  readonly id: string;
  readonly heir: string | undefined;
  readonly why: Why;
  readonly deployment: KubeObject | undefined;
  /** A process of it may still run. */
  readonly runs: boolean;
}

function removeConsumer(observed: Observed, spec: ObservedSpec, removed: Removed): Steps {
  const { id, heir, why, deployment } = removed;
  if (deployment && deploymentView(deployment).replicas > 0) {
    return {
      actions: [{ do: 'scaleToZero', ref: objectRef(deployment), uid: uidOf(deployment), why }],
      waitingFor: [`the pod of consumer "${id}" to end`],
    };
  }
  if (removed.runs || (deployment && !hasSettledWithoutPods(deployment))) {
    return { actions: [], waitingFor: [`the pod of consumer "${id}" to end`] };
  }
  if (spec.redis.kind === 'fault' && !observed.abandonRedis) return { actions: [], waitingFor: ['Redis to answer'] };
  return { actions: [...forgetInRedis(spec, { id, heir, why }), ...deletion(deployment, why)], waitingFor: [] };
}

function forgetInRedis(
  spec: ObservedSpec,
  { id, heir, why }: { id: string; heir: string | undefined; why: Why },
): Action[] {
  if (spec.redis.kind !== 'answered') return [];
  const retained = why === 'WorkerDeleted' && spec.blueprint.deletionPolicy === 'Retain';
  if (retained) return isOurs(spec, id) ? [{ do: 'releaseConfigHash', consumerId: id, why }] : [];
  return [
    ...spec.redis.work.leave({ id, heir, why }),
    ...(isOurs(spec, id) ? [{ do: 'deleteConfigHash', consumerId: id, why } as const] : []),
  ];
}

function deletion(deployment: KubeObject | undefined, why: Why): Action[] {
  return deployment
    ? [{ do: 'deleteObject', resource: resources.deployments, ref: objectRef(deployment), uid: uidOf(deployment), why }]
    : [];
}

/** Ids with a Deployment, a pod or a hash of ours, or left in the group. */
function removedIds(observed: Observed, spec: ObservedSpec, kept: readonly string[]): string[] {
  const { deployments, pods } = observed.children;
  const inCluster = [...deployments, ...pods].map(consumerIdOf).filter((id) => id !== undefined);
  const ids = new Set([...inCluster, ...hashIds(spec).filter((id) => isOurs(spec, id)), ...strayIds(spec)]);
  for (const id of kept) ids.delete(id);
  return [...ids].sort();
}

function hashIds({ redis }: ObservedSpec): readonly string[] {
  return redis.kind === 'answered' ? redis.ids : [];
}

/**
 * Numbers in our own group of which nothing else is left: a pod that was told of late has joined anew after its number
 * had been taken out. Who reads along by a name is left alone.
 */
function strayIds({ redis, blueprint: { parent, consumers, keyPrefix } }: ObservedSpec): readonly string[] {
  if (redis.kind !== 'answered' || redis.work.owner !== resourceOfParent(parent) || consumers.ids) return [];
  const hasHash = (id: string) => (redis.hashes.get(configHashKey(keyPrefix, id)) ?? 'absent') !== 'absent';
  return redis.work.members.map(({ id }) => id).filter((id) => /^[1-9]\d{0,3}$/.test(id) && !hasHash(id));
}

function isOurs({ redis, blueprint }: ObservedSpec, id: string): boolean {
  if (redis.kind !== 'answered') return false;
  const hash = redis.hashes.get(configHashKey(blueprint.keyPrefix, id));
  return typeof hash === 'object' && hash['resource'] === resourceOfParent(blueprint.parent);
}
