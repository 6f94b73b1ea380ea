/** Decides what is to be done about an observation, faults included. Pure. */
import { type Desired, desiredState } from '../desired/index.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import { noSteps, type Plan } from './plan.ts';
import { problemsOf } from './problems.ts';
import { planDeletion, releaseFinalizer } from './removal.ts';
import { planRunning } from './running.ts';
import { wantedIds } from './wanted.ts';

/** Decides. A worker with a problem keeps its pods and policies as they are. */
export function planOf(observed: Observed): Plan {
  const { spec } = observed;
  const wanted = spec ? wantedIds(spec) : [];
  if (observed.object.metadata.deletionTimestamp !== undefined) {
    return { ...planEnd(observed), wanted, desired: undefined, problems: [] };
  }
  if (!spec) return { ...noSteps, wanted, desired: undefined, problems: observed.unreadable };
  const desired = desiredOf(observed, spec, wanted);
  const problems = problemsOf(spec, desired, wanted);
  if (problems.length > 0 || !desired) return { ...noSteps, wanted, desired, problems };
  return { ...planRunning(observed, spec, desired, wanted), wanted, desired, problems: [] };
}

function planEnd(observed: Observed) {
  const { spec } = observed;
  // A spec that was never readable has left nothing behind.
  if (!spec) return { actions: [releaseFinalizer(observed, 'CleanupFinished')], waitingFor: [] };
  return planDeletion(observed, spec);
}

function desiredOf({ aesKey }: Observed, spec: ObservedSpec, consumerIds: readonly string[]): Desired | undefined {
  const { blueprint, source, secret, access, topology, resolved, problems } = spec;
  if (problems.length > 0 || !source.ok || !secret.ok || !access.ok) return undefined;
  return desiredState({
    blueprint,
    consumerIds,
    source: source.value,
    secret: secret.value,
    access: access.value,
    topology,
    resolved,
    aesKey,
  });
}
