/** Decides what is to be done about an observation, faults included. Pure. */
import { type Desired, desiredState } from '../desired/index.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import type { WorkView } from '../model/work.ts';
import type { Plan, Steps } from './plan.ts';
import { problemsOf } from './problems.ts';
import { planDeletion, releaseFinalizer } from './removal.ts';
import { priorOf, rolloutOf } from './rollout.ts';
import { planRunning } from './running.ts';
import { planStopping, planUnreadable } from './stopping.ts';
import { wantedOf } from './wanted.ts';

const none: ReadonlySet<string> = new Set();
const nobody = { ids: [], kept: [], scale: undefined };

/** Decides. A worker with a problem keeps its pods and policies as they are, but for what stops or closes something. */
export function planOf(observed: Observed): Plan {
  const { spec } = observed;
  const { ids: wanted, kept, scale } = spec ? wantedOf(spec.blueprint, workOf(spec), observed) : nobody;
  // What is known of a canary is kept while nothing can be decided about it.
  const plain = { wanted, scale, held: none, rollout: spec && priorOf(observed, spec) };
  if (observed.object.metadata.deletionTimestamp !== undefined) {
    return { ...planEnd(observed), ...plain, desired: undefined, problems: [] };
  }
  if (!spec) return { ...planUnreadable(observed), ...plain, desired: undefined, problems: observed.unreadable };
  const desired = desiredOf(observed, spec, { kept, wanted });
  const problems = problemsOf(spec, desired, kept);
  if (problems.length > 0 || !desired) return { ...planStopping(observed, spec, kept), ...plain, desired, problems };
  const { held, state: rollout, ...now } = rolloutOf(observed, spec, desired);
  const steps = planRunning(observed, spec, { ...desired, ...now }, { kept, held });
  return { ...steps, ...plain, held, rollout, desired, problems: [] };
}

function workOf({ redis }: ObservedSpec): WorkView | undefined {
  return redis.kind === 'answered' ? redis.work : undefined;
}

function planEnd(observed: Observed): Steps {
  const { spec } = observed;
  // Not even its type can be read: it cannot have run.
  if (!spec) return { actions: releaseFinalizer(observed, 'CleanupFinished'), waitingFor: [] };
  return planDeletion(observed, spec);
}

function desiredOf(
  { aesKey, children }: Observed,
  spec: ObservedSpec,
  { kept, wanted }: { readonly kept: readonly string[]; readonly wanted: readonly string[] },
): Desired | undefined {
  const { blueprint, source, secret, endpoint, access, topology, resolved, members, problems } = spec;
  if (problems.length > 0 || !source.ok || !secret.ok || !endpoint.ok || !access.ok) return undefined;
  return desiredState({
    blueprint,
    consumerIds: kept,
    asleep: new Set(kept.filter((id) => !wanted.includes(id))),
    source: source.value,
    secret: secret.value,
    endpoint: endpoint.value,
    access: access.value,
    topology,
    resolved,
    members,
    aesKey,
    pods: children.pods,
  });
}
