/** Writes the status. */
import type { Condition, ConditionType, RedisWorkerStatus } from '../../api/redisworker.ts';
import { ClusterError, keyOf, type KubeObject } from '../../cluster/cluster.ts';
import { objectRef } from '../model/children.ts';
import type { Observed } from '../model/observed.ts';
import { scaleEvent } from '../status/autoscale.ts';
import { missedEvent } from '../status/missed.ts';
import { statusOf } from '../status/index.ts';
import { progressReasons, urgencyOf } from '../status/urgency.ts';
import type { Problem } from '../model/problem.ts';
import type { EventReason } from '../model/reasons.ts';
import type { Plan } from '../plan/plan.ts';
import type { World } from '../world.ts';

/**
 * Writes the status when it differs from the one there is; a worker that is gone needs none.
 * @param failure why the writes of this reconcile stopped half way; they go on with the next
 * @returns milliseconds until it is to be written, when it differs in nothing that cannot wait
 */
export async function writeStatus(
  world: World,
  observed: Observed,
  plan: Plan,
  failure: Problem | undefined,
): Promise<number | undefined> {
  const { object } = observed;
  const { statusPace } = world.following;
  const before = object.status as RedisWorkerStatus | undefined;
  const status = statusOf(observed, plan, failure, before);
  const { namespace, name } = object.metadata;
  const key = keyOf({ namespace: namespace ?? 'default', name });
  const waitMs = statusPace.waitMs(key, urgencyOf(before, status));
  if (waitMs !== 0) return waitMs;
  recordFault(world, object, before, status);
  recordEnforcement(world, object, before, status);
  recordScale(world, object, before, status);
  recordMissed(world, object, before, status);
  try {
    await world.cluster.applyStatus({
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: { ...(namespace === undefined ? {} : { namespace }), name },
      status,
    }, 'redisworker-status');
    statusPace.wrote(key);
  } catch (error) {
    if (!(error instanceof ClusterError && error.reason === 'NotFound')) throw error;
  }
  return undefined;
}

/** One event for every number of consumers that was decided. */
function recordScale(
  world: World,
  regarding: KubeObject,
  before: RedisWorkerStatus | undefined,
  status: RedisWorkerStatus,
): void {
  const event = scaleEvent(before, status);
  if (!event) return;
  const { wanted, ...told } = event;
  if (!world.following.scaling.isNews(keyOf(objectRef(regarding)), wanted)) return;
  world.cluster.record({ regarding, type: 'Normal', ...told });
}

/** A Warning for every gap in what was counted. */
function recordMissed(
  world: World,
  regarding: KubeObject,
  before: RedisWorkerStatus | undefined,
  status: RedisWorkerStatus,
): void {
  const event = missedEvent(before, status);
  if (event) world.cluster.record({ regarding, type: 'Warning', ...event });
}

/** An event when it becomes known that the network holds the worker, or that it does not. */
function recordEnforcement(
  world: World,
  regarding: KubeObject,
  before: RedisWorkerStatus | undefined,
  status: RedisWorkerStatus,
): void {
  const now = conditionOf(status, 'NetworkPolicyEnforced');
  const event = enforcementEvents.get(now?.reason ?? '');
  if (!now || !event || now.reason === conditionOf(before, 'NetworkPolicyEnforced')?.reason) return;
  world.cluster.record({ regarding, ...event, message: now.message.slice(0, 1000) });
}

/** By the reason of the condition. */
const enforcementEvents: ReadonlyMap<string, { readonly type: 'Warning' | 'Normal'; readonly reason: EventReason }> =
  new Map([
    ['NotEnforced', { type: 'Warning', reason: 'NetworkPolicyNotEnforced' }],
    ['Refused', { type: 'Normal', reason: 'NetworkPolicyEnforced' }],
  ]);

/** A Warning when Ready turns to a new reason that is a fault. */
function recordFault(
  world: World,
  regarding: KubeObject,
  before: RedisWorkerStatus | undefined,
  status: RedisWorkerStatus,
): void {
  const now = conditionOf(status, 'Ready');
  if (
    !now || now.status === 'True' || now.reason === conditionOf(before, 'Ready')?.reason ||
    progressReasons.has(now.reason)
  ) return;
  world.cluster.record({ regarding, type: 'Warning', reason: now.reason, message: now.message.slice(0, 1000) });
}

function conditionOf(status: RedisWorkerStatus | undefined, type: ConditionType): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}
