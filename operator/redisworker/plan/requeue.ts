/** When to look at a worker again although nothing was heard of it. */
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import type { Outcome } from '../../controller/controller.ts';
import type { Observed, RedisObservation } from '../model/observed.ts';
import type { Plan } from './plan.ts';

/** Something is under way that may end without an event. */
const waitingMs = 1_000;
/** A canary is judged by its requests; what was found out of it is acted upon once the status has it. */
const canaryMs = 1_000;
const verdictMs = 100;
/** A Redis that does not answer, or a hash that belongs to somebody else. */
const faultMs = 5_000;
/** Requests wait: no server tells that one was read or acknowledged. */
const busyMs = 5_000;
/** What waits has not changed since it was last told, or the server does not tell when anything changes. */
const gentleMs = 15_000;

/** The outcome of a reconcile that went through. */
export function requeueAfter(observed: Observed, plan: Requeued): Outcome {
  const routine = routineOf(observed, plan);
  const lookAt = plan.scale?.lookAt;
  const scale = lookAt === undefined ? Infinity : Math.max(lookAt - observed.now, 0);
  return sooner(sooner(routine, canaryDue(observed, plan), 'Canary'), scale, 'Scale');
}

function sooner(routine: Outcome, afterMs: number, why: string): Outcome {
  if (afterMs === Infinity || (routine.kind === 'recheck' && routine.afterMs <= afterMs)) return routine;
  return { kind: 'recheck', afterMs, why };
}

function canaryDue({ object }: Observed, { rollout }: Requeued): number {
  if (!rollout?.canary) return Infinity;
  const { revision, canary } = (object.status as RedisWorkerStatus | undefined)?.rollout ?? {};
  if (revision !== rollout.revision || canary?.verdict !== rollout.canary.verdict) return verdictMs;
  return canary.verdict === 'Running' ? canaryMs : Infinity;
}

/** What of a plan decides it. */
type Requeued = Pick<Plan, 'actions' | 'problems' | 'rollout' | 'scale' | 'waitingFor'>;

function routineOf(observed: Observed, { actions, problems, waitingFor }: Requeued): Outcome {
  const { spec } = observed;
  if (!spec) return { kind: 'settled' };
  if (spec.redis.kind === 'fault') return { kind: 'recheck', afterMs: faultMs, why: spec.redis.reason };
  if (problems[0]) return { kind: 'recheck', afterMs: faultMs, why: problems[0].reason };
  if (waitingFor.length > 0) return { kind: 'recheck', afterMs: waitingMs, why: 'Waiting' };
  // What was written is not told to us again, see the live copies: whether it has all come to be is seen here.
  if (actions.length > 0) return { kind: 'recheck', afterMs: waitingMs, why: 'Applied' };
  const afterMs = untilWorkIsLookedAt(observed, spec.redis);
  return afterMs === undefined ? { kind: 'settled' } : { kind: 'recheck', afterMs, why: 'Routine' };
}

/** A worker without work costs nothing: its Redis tells of the next request, and of whatever else changes there. */
function untilWorkIsLookedAt(
  { object }: Observed,
  { work, isTold }: Extract<RedisObservation, { kind: 'answered' }>,
): number | undefined {
  if (work.isIdle) return isTold ? undefined : gentleMs;
  const told = object.status as { readonly stream?: unknown } | undefined;
  return JSON.stringify(told?.stream) === JSON.stringify(work.status.stream) ? gentleMs : busyMs;
}
