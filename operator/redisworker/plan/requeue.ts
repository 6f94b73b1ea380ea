/** When to look at a worker again although nothing was heard of it. */
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import type { Outcome } from '../../controller/controller.ts';
import type { Observed } from '../model/observed.ts';
import type { Plan } from './plan.ts';

/** Backlog and pending are not told by any event: they are looked up this often. */
const routineMs = 10_000;
/** Something is under way that may end without an event. */
const waitingMs = 1_000;
/** A canary is judged by its requests; what was found out of it is acted upon once the status has it. */
const canaryMs = 1_000;
const verdictMs = 100;
/** A Redis that does not answer, or a hash that belongs to somebody else. */
const faultMs = 5_000;

/** The outcome of a reconcile that went through. */
export function requeueAfter(observed: Observed, plan: Plan): Outcome {
  const routine = routineOf(observed, plan);
  const lookAt = plan.scale?.lookAt;
  const scale = lookAt === undefined ? Infinity : Math.max(lookAt - observed.now, 0);
  return sooner(sooner(routine, canaryDue(observed, plan), 'Canary'), scale, 'Scale');
}

function sooner(routine: Outcome, afterMs: number, why: string): Outcome {
  if (afterMs === Infinity || (routine.kind === 'recheck' && routine.afterMs <= afterMs)) return routine;
  return { kind: 'recheck', afterMs, why };
}

function canaryDue({ object }: Observed, { rollout }: Plan): number {
  if (!rollout?.canary) return Infinity;
  const { revision, canary } = (object.status as RedisWorkerStatus | undefined)?.rollout ?? {};
  if (revision !== rollout.revision || canary?.verdict !== rollout.canary.verdict) return verdictMs;
  return canary.verdict === 'Running' ? canaryMs : Infinity;
}

function routineOf(observed: Observed, { actions, problems, waitingFor }: Plan): Outcome {
  if (!observed.spec) return { kind: 'settled' };
  if (observed.spec.redis.kind === 'fault') {
    return { kind: 'recheck', afterMs: faultMs, why: observed.spec.redis.reason };
  }
  if (problems[0]) return { kind: 'recheck', afterMs: faultMs, why: problems[0].reason };
  if (waitingFor.length > 0) return { kind: 'recheck', afterMs: waitingMs, why: 'Waiting' };
  // What was written is not told to us again, see the live copies: whether it has all come to be is seen here.
  if (actions.length > 0) return { kind: 'recheck', afterMs: waitingMs, why: 'Applied' };
  return { kind: 'recheck', afterMs: routineMs, why: 'Routine' };
}
