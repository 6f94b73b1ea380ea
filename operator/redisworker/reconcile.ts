/** One reconcile: observe, decide, apply, tell. */
import type { Outcome } from '../controller/controller.ts';
import { ClusterError, keyOf } from '../cluster/cluster.ts';
import { TerminalError } from '../errors.ts';
import type { Action } from './model/action.ts';
import { apply } from './apply/index.ts';
import { objectRef } from './model/children.ts';
import { describe, eventOf } from './apply/events.ts';
import { failureOf } from './apply/failure.ts';
import { observe } from './observe/index.ts';
import type { Observed } from './model/observed.ts';
import { outcomeOf } from './plan/requeue.ts';
import { tell } from './apply/status.ts';
import type { Verdict } from './model/verdict.ts';
import { decide } from './plan/index.ts';
import type { World } from './world.ts';

/** Until the live copy has what somebody else wrote. */
const conflictMs = 100;

/** Brings the worker `key` (`namespace/name`) one step nearer to its spec. @throws what should be tried again */
export async function reconcile(world: World, key: string): Promise<Outcome> {
  const observed = await observe(world, key);
  if (!observed) {
    world.responses.unfollow(key);
    world.references.keepOnly(key, []);
    world.outside.forget(key);
    return { kind: 'settled' };
  }
  const decision = decide(observed);
  const failure = await attempt(world, observed, decision.plan.actions);
  // Somebody else wrote in between: nothing is wrong, the plan is only out of date.
  if (failure instanceof ClusterError && failure.reason === 'Conflict') {
    return { kind: 'recheck', afterMs: conflictMs, why: 'Conflict' };
  }
  const terminal = failure instanceof TerminalError;
  const verdict: Verdict = {
    ...decision,
    problems: terminal ? [failureOf(failure)] : decision.problems,
    failure: failure === undefined || terminal ? undefined : failureOf(failure),
  };
  await tell(world, observed, verdict);
  if (failure !== undefined && !terminal) throw failure as Error;
  return outcomeOf(observed, verdict);
}

async function attempt(world: World, observed: Observed, actions: readonly Action[]): Promise<unknown> {
  try {
    await apply(actions, {
      world,
      observed,
      spec: observed.spec,
      onDone: (action) => {
        world.log.info(
          { worker: keyOf(objectRef(observed.object)), why: action.why, what: describe(action) },
          'applied',
        );
        world.cluster.record({ regarding: observed.object, type: 'Normal', ...eventOf(action) });
      },
    });
    return undefined;
  } catch (error) {
    return error;
  }
}
