/** Decides what is to be done about an observation, faults included. Pure. */
import { configHashKey } from '../../../contract/keys.ts';
import { type Desired, desiredState } from '../desired/index.ts';
import { resourceOfParent } from '../desired/metadata.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import type { Plan } from '../model/action.ts';
import { plan } from './running.ts';
import { planDeletion, releaseFinalizer } from './removal.ts';
import { hashConflict, missing, notAHash, type Problem, terminal } from '../model/problem.ts';

/** A plan, or the problems that forbid one. */
export interface Decision {
  readonly plan: Plan;
  readonly desired: Desired | undefined;
  readonly problems: readonly Problem[];
}

const nothing: Plan = { actions: [], waitingFor: [] };

/** Decides. A worker with a problem keeps its pods and policies as they are. */
export function decide(observed: Observed): Decision {
  const { spec } = observed;
  if (observed.object.metadata.deletionTimestamp !== undefined) {
    return { plan: planEnd(observed), desired: undefined, problems: [] };
  }
  if (!spec) return { plan: nothing, desired: undefined, problems: observed.unreadable };
  const desired = desiredOf(observed, spec);
  const problems = problemsOf(spec, desired);
  if (problems.length > 0 || !desired) return { plan: nothing, desired, problems };
  return { plan: plan(observed, spec, desired), desired, problems: [] };
}

function planEnd(observed: Observed): Plan {
  const { spec } = observed;
  // A spec that was never readable has left nothing behind.
  if (!spec) return { actions: [releaseFinalizer(observed, 'CleanupFinished')], waitingFor: [] };
  return planDeletion(observed, spec);
}

function desiredOf({ aesKey }: Observed, spec: ObservedSpec): Desired | undefined {
  const { blueprint, source, secret, access, topology, resolved, problems } = spec;
  if (problems.length > 0 || !source.ok || !secret.ok || !access.ok) return undefined;
  return desiredState({
    blueprint,
    source: source.value,
    secret: secret.value,
    access: access.value,
    topology,
    resolved,
    aesKey,
  });
}

function problemsOf(spec: ObservedSpec, desired: Desired | undefined): Problem[] {
  const unresolved = [spec.access, spec.source, spec.secret].flatMap((part) => (part.ok ? [] : [part.problem]));
  return [
    ...spec.problems,
    ...rivalry(spec),
    ...refusedNames(desired),
    ...unreachableRedis(desired),
    ...foreignKeys(spec),
    ...unresolved,
  ];
}

function rivalry({ rival, blueprint }: ObservedSpec): Problem[] {
  return rival === undefined ? [] : [
    terminal(
      'TypeConflict',
      `worker type "${blueprint.type}" is taken by the older RedisWorker ${rival}: choose another spec.type, or delete that worker`,
    ),
  ];
}

function refusedNames(desired: Desired | undefined): Problem[] {
  return (desired?.policy.refusals ?? []).map(({ entry, reason }) =>
    terminal('NameRefused', `spec.permissions.net: "${entry}": ${reason}`)
  );
}

/** Pods that could never reach their Redis are not started. */
function unreachableRedis(desired: Desired | undefined): Problem[] {
  return (desired?.policy.problems ?? []).map((text) => missing('RedisNotOpened', text));
}

/** Keys of a wrong type, and hashes of other manifests. */
function foreignKeys({ redis, blueprint }: ObservedSpec): Problem[] {
  if (redis.kind !== 'answered') return [];
  const ours = resourceOfParent(blueprint.parent);
  return [
    ...redis.work.problems,
    ...blueprint.consumerIds.flatMap((id) => {
      const key = configHashKey(blueprint.type, id);
      const hash = redis.hashes.get(key) ?? 'absent';
      if (hash === 'wrongType') return [terminal('WrongRedisType', notAHash(key))];
      const owner = hash === 'absent' ? undefined : hash['resource'];
      return owner === undefined || owner === ours ? [] : [terminal('HashConflict', hashConflict(key, owner))];
    }),
  ];
}
