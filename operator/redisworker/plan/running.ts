/**
 * Decides what to write next. Pure: the same observation gives the same plan, and a plan whose
 * actions were all done is followed by an empty one.
 */
import { type ConfigHashFields, operatorFields } from '../../../contract/config-hash.ts';
import { configHashKey } from '../../../contract/keys.ts';
import { type KubeObject, type Resource, resources } from '../../cluster/cluster.ts';
import type { Action, Why } from '../model/action.ts';
import { consumerIdOf, deploymentView, policyResource } from '../model/children.ts';
import type { Desired } from '../desired/index.ts';
import { hasDrifted, hasDriftedSince, policyHasDrifted, serviceHasDrifted } from '../desired/drift.ts';
import { sourceHasDrifted } from '../desired/source-config-map.ts';
import { finalizer } from '../model/names.ts';
import type { HashObservation, Observed, ObservedSpec } from '../model/observed.ts';
import { ownershipOf } from './adoption.ts';
import type { Plan, Steps } from './plan.ts';
import { finishedPods, planRemoval } from './removal.ts';
import { planStopping, policiesInUse } from './stopping.ts';
import { redisUser } from './redis-user.ts';
import { type Processes, processesOf, stalePid } from './stale-pid.ts';
import { unusedChildren } from './unused.ts';
import type { Texts } from '../model/work.ts';

/**
 * Plans the next writes of a worker that may run.
 * @param desired computed from the same observation; without Deployment and config hash of those that keep theirs
 */
export function planRunning(
  observed: Observed,
  spec: ObservedSpec,
  desired: Desired,
  { kept, held }: Pick<Plan, 'held'> & { readonly kept: readonly string[] },
): Steps {
  // Nothing of a worker is in a Redis that has never answered: it needs no cleaning up there, and may be deleted at once.
  const mayBegin = spec.redis.kind === 'answered' || isBegun(observed);
  const before: Action[] = [
    ...(mayBegin ? planFinalizer(observed) : []),
    ...desired.sources.flatMap((source) =>
      planObject(resources.configMaps, source, observed.children.configMaps, [
        'SourceMissing',
        'SourceDrifted',
      ], sourceHasDrifted)
    ),
    ...(mayBegin ? planRuntimeSecret(observed, desired) : []),
    ...planObject(policyResource(desired.policy.policy), desired.policy.policy, observed.children.networkPolicies, [
      'NetworkPolicyMissing',
      'NetworkPolicyDrifted',
    ], policyHasDrifted),
    ...(desired.service
      ? planObject(resources.services, desired.service, observed.children.services, [
        'ServiceMissing',
        'ServiceDrifted',
      ], serviceHasDrifted)
      : []),
  ];
  if (spec.redis.kind === 'fault') {
    // Pods read their hash at start: without Redis none may be made, and those that run are left alone.
    const stopping = planStopping(observed, spec, kept);
    return {
      actions: [...before, ...stopping.actions],
      waitingFor: [...new Set([...stopping.waitingFor, 'Redis to answer'])],
    };
  }
  const removal = planRemoval(observed, spec, kept, 'ConsumerRemoved');
  const processes = processesOf(observed, spec);
  const deployments = new Map(observed.children.deployments.map((object) => [object.metadata.name, object]));
  return {
    actions: [
      ...before,
      ...finishedPods(observed.children.pods),
      ...redisUser(spec),
      ...policiesInUse(observed.children, spec, heldElsewhere(observed, desired, held), 'NetworkPolicyDrifted'),
      ...spec.redis.work.start(spec.texts?.ok ? spec.texts.value : noTexts),
      ...kept.flatMap((id) => planConfigHash(processes, spec, id, desired.configHashes.get(id))),
      ...[...desired.deployments.values()].flatMap((object) =>
        planObject(resources.deployments, object, listOf(deployments.get(object.metadata.name)), [
          'DeploymentMissing',
          whyChanged(object, deployments.get(object.metadata.name), spec.blueprint.suspend),
        ])
      ),
      ...removal.actions,
      ...unusedChildren(observed.children, desired, spec.blueprint.source.keep),
    ],
    waitingFor: removal.waitingFor,
  };
}

/** Something of it may be in Redis. */
function isBegun({ object, children }: Observed): boolean {
  return object.metadata.finalizers?.includes(finalizer) === true || children.deployments.length > 0;
}

const noTexts: Texts = new Map();

/** A number of pods that is asked for anew says more than that something differs. */
function whyChanged(object: KubeObject, actual: KubeObject | undefined, isSuspended: boolean): Why {
  const more = deploymentView(object).replicas - (actual === undefined ? 0 : deploymentView(actual).replicas);
  if (actual === undefined || more === 0) return 'DeploymentDrifted';
  return more > 0 ? 'ConsumerWanted' : isSuspended ? 'Suspended' : 'ConsumerIdle';
}

/** Deployments that are held under another policy than the one asked for now. */
function heldElsewhere({ children }: Observed, desired: Desired, held: ReadonlySet<string>): KubeObject[] {
  return children.deployments.filter((deployment) =>
    held.has(consumerIdOf(deployment) ?? '') && deploymentView(deployment).netHash !== desired.netHash
  );
}

function planFinalizer({ object }: Observed): Action[] {
  const finalizers = object.metadata.finalizers ?? [];
  return finalizers.includes(finalizer)
    ? []
    : [{ do: 'setFinalizers', finalizers: [...finalizers, finalizer], why: 'FinalizerMissing' }];
}

function planRuntimeSecret({ children }: Observed, desired: Desired): Action[] {
  return planObject(resources.secrets, desired.runtimeSecret, listOf(children.runtimeSecret), [
    'RuntimeSecretMissing',
    'RuntimeSecretDrifted',
  ]);
}

function planObject(
  resource: Resource,
  object: KubeObject,
  existing: readonly KubeObject[],
  [missing, drifted]: [Why, Why],
  differs = hasDrifted,
): Action[] {
  const actual = existing.find(({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name);
  if (!actual) return [{ do: 'applyObject', resource, object, exists: false, why: missing }];
  return hasDriftedSince(differs, object, actual)
    ? [{ do: 'applyObject', resource, object, exists: true, why: drifted }]
    : [];
}

function planConfigHash(
  processes: Processes,
  spec: ObservedSpec,
  consumerId: string,
  fields: ConfigHashFields | undefined,
): Action[] {
  if (spec.redis.kind !== 'answered') return [];
  const hash = spec.redis.hashes.get(configHashKey(spec.blueprint.keyPrefix, consumerId)) ?? 'absent';
  const stale = stalePid(processes, consumerId, hash);
  const ownership = ownershipOf(spec.blueprint.parent, spec.redis.work, consumerId, hash);
  return [
    ...(stale ? [{ do: 'clearStalePid', consumerId, ...stale, why: 'OwnerPodGone' } as const] : []),
    ...(fields === undefined || isCurrent(hash, fields) ? [] : [
      {
        do: 'writeConfigHash',
        consumerId,
        fields,
        ...(ownership.kind === 'forsaken' ? { replaces: ownership.resource } : {}),
        removes: ownership.kind === 'ours' ? [] : tooMany(hash, fields),
        why: hash === 'absent'
          ? 'ConfigHashMissing'
          : ownership.kind === 'ours'
          ? 'ConfigHashStale'
          : 'ConfigHashAdopted',
      } as const,
    ]),
  ];
}

function isCurrent(hash: HashObservation, fields: ConfigHashFields): boolean {
  if (typeof hash === 'string') return false;
  return tooMany(hash, fields).length === 0 && Object.entries(fields).every(([field, value]) => hash[field] === value);
}

/** Fields of ours that the hash has and is not to have. */
function tooMany(hash: HashObservation, fields: ConfigHashFields): string[] {
  if (typeof hash === 'string') return [];
  return operatorFields.filter((field) => hash[field] !== undefined && fields[field] === undefined);
}

function listOf<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}
