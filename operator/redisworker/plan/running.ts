/**
 * Decides what to write next. Pure: the same observation gives the same plan, and a plan whose
 * actions were all done is followed by an empty one.
 */
import { type ConfigHashFields, operatorFields, ownerField, pidField } from '../../../contract/config-hash.ts';
import { configHashKey } from '../../../contract/keys.ts';
import { type KubeObject, type Resource, resources } from '../../cluster/cluster.ts';
import type { Action, Plan, Why } from '../model/action.ts';
import { consumerIdOf, isLive, policyResource, uidOf } from '../model/children.ts';
import type { Desired } from '../desired/index.ts';
import { hasDrifted, policyHasDrifted } from '../desired/drift.ts';
import { finalizer } from '../model/names.ts';
import type { HashObservation, Observed, ObservedSpec } from '../model/observed.ts';
import { planRemoval } from './removal.ts';
import { unusedChildren } from './unused.ts';

/** Plans the next writes of a worker that is to run. `desired` is computed from the same observation. */
export function plan(observed: Observed, spec: ObservedSpec, desired: Desired): Plan {
  const before: Action[] = [
    ...planFinalizer(observed),
    ...planObject(resources.configMaps, desired.source, observed.children.configMaps, [
      'SourceMissing',
      'SourceDrifted',
    ]),
    ...planObject(resources.secrets, desired.runtimeSecret, listOf(observed.children.runtimeSecret), [
      'RuntimeSecretMissing',
      'RuntimeSecretDrifted',
    ]),
    ...planObject(policyResource(desired.policy.policy), desired.policy.policy, observed.children.networkPolicies, [
      'NetworkPolicyMissing',
      'NetworkPolicyDrifted',
    ], policyHasDrifted),
  ];
  if (spec.redis.kind === 'fault') {
    // Pods read their hash at start: without Redis none may be made, and those that run are left alone.
    return { actions: before, waitingFor: ['Redis to answer'] };
  }
  const removal = planRemoval(observed, spec, 'ConsumerRemoved');
  return {
    actions: [
      ...before,
      ...spec.redis.work.start(),
      ...[...desired.configHashes].flatMap(([id, fields]) => planConfigHash(observed, spec, id, fields)),
      ...[...desired.deployments.values()].flatMap((object) =>
        planObject(resources.deployments, object, observed.children.deployments, [
          'DeploymentMissing',
          'DeploymentDrifted',
        ])
      ),
      ...removal.actions,
      ...unusedChildren(observed.children, desired),
    ],
    waitingFor: removal.waitingFor,
  };
}

function planFinalizer({ object }: Observed): Action[] {
  const finalizers = object.metadata.finalizers ?? [];
  return finalizers.includes(finalizer)
    ? []
    : [{ do: 'setFinalizers', finalizers: [...finalizers, finalizer], why: 'FinalizerMissing' }];
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
  return differs(object, actual) ? [{ do: 'applyObject', resource, object, exists: true, why: drifted }] : [];
}

function planConfigHash(
  observed: Observed,
  spec: ObservedSpec,
  consumerId: string,
  fields: ConfigHashFields,
): Action[] {
  if (spec.redis.kind !== 'answered') return [];
  const hash = spec.redis.hashes.get(configHashKey(spec.blueprint.type, consumerId)) ?? 'absent';
  const stale = stalePid(observed, spec, consumerId, hash);
  return [
    ...(stale ? [{ do: 'clearStalePid', consumerId, ...stale, why: 'OwnerPodGone' } as const] : []),
    ...(isCurrent(hash, fields) ? [] : [
      {
        do: 'writeConfigHash',
        consumerId,
        fields,
        why: hash === 'absent' ? 'ConfigHashMissing' : 'ConfigHashStale',
      } as const,
    ]),
  ];
}

/** Seconds without a read after which a pid that names no pod belongs to nobody. */
const silentConsumerMs = 60_000;

/** The pid of a process that is no more: its pod is gone, or it names none, has no pod here and has long been silent. */
function stalePid(
  observed: Observed,
  spec: ObservedSpec,
  consumerId: string,
  hash: HashObservation,
): { pid: string; owner: string | undefined } | undefined {
  if (typeof hash === 'string' || spec.redis.kind !== 'answered') return undefined;
  const pid = hash[pidField];
  const owner = hash[ownerField];
  if (pid === undefined) return undefined;
  if (owner !== undefined) {
    return observed.children.pods.some((pod) => uidOf(pod) === owner) ? undefined : { pid, owner };
  }
  const member = spec.redis.work.members.find(({ id }) => id === consumerId);
  const hasPod = observed.children.pods.some((pod) => consumerIdOf(pod) === consumerId && isLive(pod));
  const silent = member === undefined || member.idleMs > silentConsumerMs;
  return silent && !(hasPod && member === undefined) ? { pid, owner } : undefined;
}

function isCurrent(hash: HashObservation, fields: ConfigHashFields): boolean {
  if (typeof hash === 'string') return false;
  const wanted: Readonly<Record<string, string | undefined>> = fields;
  const noneTooMany = operatorFields.every((field) => hash[field] === undefined || wanted[field] !== undefined);
  return noneTooMany && Object.entries(fields).every(([field, value]) => hash[field] === value);
}

function listOf<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}
