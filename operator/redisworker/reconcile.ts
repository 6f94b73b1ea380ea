/** One reconcile: observe, decide, apply, tell. */
import type { Outcome } from '../controller/controller.ts';
import { TerminalError } from '../errors.ts';
import type { Action } from './action.ts';
import { apply } from './apply.ts';
import { describe } from './describe.ts';
import { failureOf } from './failure.ts';
import { observe } from './observe.ts';
import type { Observed } from './observed.ts';
import { outcomeOf } from './outcome.ts';
import { tell } from './tell.ts';
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
