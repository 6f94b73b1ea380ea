/** One reconcile: observe, decide, apply, tell. */
import { isDeepStrictEqual } from 'node:util';
import type { RedisWorkerStatus } from '../api/redisworker.ts';
import { ClusterError, type KubeObject } from '../cluster/cluster.ts';
import type { Outcome } from '../controller/controller.ts';
import { TerminalError } from '../errors.ts';
import type { Action } from './action.ts';
import { apply } from './apply.ts';
import { describe } from './describe.ts';
import { failureOf } from './failure.ts';
import { observe } from './observe.ts';
import type { Observed } from './observed.ts';
import { outcomeOf } from './outcome.ts';
import { statusOf } from './status.ts';
import type { Verdict } from './verdict.ts';
import { decide } from './decide.ts';
import type { World } from './world.ts';

/** Brings the worker `key` (`namespace/name`) one step nearer to its spec. @throws what should be tried again */
export async function reconcile(world: World, key: string): Promise<Outcome> {
  const observed = await observe(world, key);
  if (!observed) {
    world.responses.unfollow(key);
    world.references.keepOnly(key, []);
    return { kind: 'settled' };
  }
  const decision = decide(observed);
  const failure = await attempt(world, observed, decision.plan.actions);
  const terminal = failure instanceof TerminalError;
  const verdict: Verdict = {
    ...decision,
    problems: terminal ? [failureOf(failure)] : decision.problems,
    failure: failure === undefined || terminal ? undefined : failureOf(failure),
    policyEnforcement: world.policyEnforcement,
  };
  await tell(world, observed, verdict);
  if (failure !== undefined && !terminal) throw failure as Error;
  return outcomeOf(observed, verdict);
}

async function attempt(world: World, observed: Observed, actions: readonly Action[]): Promise<unknown> {
  try {
    await apply(actions, {
      world, observed, spec: observed.spec,
      onDone: (action) => world.cluster.record({ regarding: observed.object, type: 'Normal', reason: action.why, message: describe(action) }),
    });
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Writes the status when it differs from the one there is; a worker that is gone needs none. */
async function tell(world: World, observed: Observed, verdict: Verdict): Promise<void> {
  const { object } = observed;
  const before = object.status as RedisWorkerStatus | undefined;
  const status = statusOf(observed, verdict, before);
  if (isDeepStrictEqual(JSON.parse(JSON.stringify(status)), before)) return;
  recordFault(world, object, before, status);
  const { namespace, name } = object.metadata;
  try {
    await world.cluster.applyStatus({ apiVersion: object.apiVersion, kind: object.kind, metadata: { ...(namespace === undefined ? {} : { namespace }), name }, status }, 'redisworker-status');
  } catch (error) {
    if (!(error instanceof ClusterError && error.reason === 'NotFound')) throw error;
  }
}

/** A Warning when Ready turns to a new reason that is a fault. */
function recordFault(world: World, regarding: KubeObject, before: RedisWorkerStatus | undefined, status: RedisWorkerStatus): void {
  const ready = (of: RedisWorkerStatus | undefined) => of?.conditions?.find(({ type }) => type === 'Ready');
  const now = ready(status);
  if (!now || now.status === 'True' || now.reason === ready(before)?.reason || progress.has(now.reason)) return;
  world.cluster.record({ regarding, type: 'Warning', reason: now.reason, message: now.message.slice(0, 1000) });
}

/** Reasons for not being ready that are no fault. */
const progress = new Set(['ConsumersStarting', 'Applying', 'Draining', 'Deleting', 'HandingOver']);
