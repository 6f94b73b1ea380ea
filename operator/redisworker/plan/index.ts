/** Decides what is to be done about an observation, faults included. Pure. */
import { type Desired, desiredState } from '../desired/index.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import type { Plan, Steps } from './plan.ts';
import { problemsOf } from './problems.ts';
import { planDeletion, releaseFinalizer } from './removal.ts';
import { rolloutOf } from './rollout.ts';
import { planRunning } from './running.ts';
import { planStopping, planUnreadable } from './stopping.ts';
import { wantedIds } from './wanted.ts';

const none: ReadonlySet<string> = new Set();

/** Decides. A worker with a problem keeps its pods and policies as they are, but for what stops or closes something. */
export function planOf(observed: Observed): Plan {
  const { spec } = observed;
  const wanted = spec ? wantedIds(spec) : [];
  const plain = { wanted, held: none };
  if (observed.object.metadata.deletionTimestamp !== undefined) {
    return { ...planEnd(observed), ...plain, desired: undefined, problems: [] };
  }
  if (!spec) return { ...planUnreadable(observed), ...plain, desired: undefined, problems: observed.unreadable };
  const desired = desiredOf(observed, spec, wanted);
  const problems = problemsOf(spec, desired, wanted);
  if (problems.length > 0 || !desired) return { ...planStopping(observed, spec, wanted), ...plain, desired, problems };
  const { held, deployments } = rolloutOf(observed, spec, desired);
  const steps = planRunning(observed, spec, { ...desired, deployments }, { wanted, held });
  return { ...steps, wanted, held, desired, problems: [] };
}

function planEnd(observed: Observed): Steps {
  const { spec } = observed;
  // Not even its type can be read: it cannot have run.
  if (!spec) return { actions: [releaseFinalizer(observed, 'CleanupFinished')], waitingFor: [] };
  return planDeletion(observed, spec);
}

function desiredOf(
  { aesKey, children }: Observed,
  spec: ObservedSpec,
  consumerIds: readonly string[],
): Desired | undefined {
  const { blueprint, source, secret, endpoint, access, topology, resolved, members, problems } = spec;
  if (problems.length > 0 || !source.ok || !secret.ok || !endpoint.ok || !access.ok) return undefined;
  return desiredState({
    blueprint,
    consumerIds,
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
