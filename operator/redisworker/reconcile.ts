/** One reconcile: observe, follow, plan, apply, status. */
import type { Outcome } from '../controller/controller.ts';
import { ClusterError } from '../cluster/cluster.ts';
import { TerminalError } from '../errors.ts';
import { Turns } from '../turns.ts';
import { apply } from './apply/index.ts';
import { failureOf } from './apply/failure.ts';
import { tellFindings } from './apply/redis-findings.ts';
import { wake } from './apply/wake.ts';
import { writeStatus } from './apply/status.ts';
import { follow } from './follow/index.ts';
import { observe } from './observe/index.ts';
import { planOf } from './plan/index.ts';
import { requeueAfter } from './plan/requeue.ts';
import type { World } from './world.ts';

/** There is one event loop, whoever looks. */
const turns = new Turns();

/** Until the live copy has what somebody else wrote. */
const conflictMs = 100;
/** Until a consumer that was woken is there to be looked at. */
const wokenMs = 1000;

/** Brings the worker `key` (`namespace/name`) one step nearer to its spec. @throws what should be tried again */
export async function reconcile(world: World, key: string): Promise<Outcome> {
  if (await wake(world, key)) return { kind: 'recheck', afterMs: wokenMs, why: 'Woken' };
  const observed = await observe(world, key);
  await turns.next(); // whoever is woken waits for one plan, and not for those of all who are looked at
  follow(world.following, key, observed);
  if (!observed) return { kind: 'settled' };
  tellFindings(world, observed);
  const plan = planOf(observed);
  const failure = await apply(world, observed, plan);
  // Somebody else wrote in between: nothing is wrong, the plan is only out of date.
  if (failure instanceof ClusterError && failure.reason === 'Conflict') {
    return { kind: 'recheck', afterMs: conflictMs, why: 'Conflict' };
  }
  // The worker goes with its namespace, and is looked at again then: until its turn comes there is nothing to mend.
  if (failure instanceof ClusterError && failure.reason === 'NamespaceTerminating') return { kind: 'settled' };
  const isFinal = failure instanceof TerminalError;
  const problems = isFinal ? [failureOf(failure)] : plan.problems;
  const unfinished = failure === undefined || isFinal ? undefined : failureOf(failure);
  const heldMs = await writeStatus(world, observed, { ...plan, problems }, unfinished);
  if (failure !== undefined && !isFinal) throw failure as Error;
  return sooner(requeueAfter(observed, { ...plan, problems }), heldMs);
}

/** A status that was held back is written by then. */
function sooner(outcome: Outcome, heldMs: number | undefined): Outcome {
  const isSooner = heldMs !== undefined && (outcome.kind === 'settled' || heldMs < outcome.afterMs);
  return isSooner ? { kind: 'recheck', afterMs: heldMs, why: 'StatusHeldBack' } : outcome;
}
