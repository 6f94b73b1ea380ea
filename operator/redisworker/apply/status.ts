/** Writes the status. */
import { isDeepStrictEqual } from 'node:util';
import type { Condition, ConditionType, RedisWorkerStatus } from '../../api/redisworker.ts';
import { ClusterError, keyOf, type KubeObject } from '../../cluster/cluster.ts';
import { objectRef } from '../model/children.ts';
import type { Observed } from '../model/observed.ts';
import { scaleEvent } from '../status/autoscale.ts';
import { statusOf } from '../status/index.ts';
import type { Problem } from '../model/problem.ts';
import type { EventReason, Reason } from '../model/reasons.ts';
import type { Plan } from '../plan/plan.ts';
import type { World } from '../world.ts';

/**
 * Writes the status when it differs from the one there is; a worker that is gone needs none.
 * @param failure why the writes of this reconcile stopped half way; they go on with the next
 */
export async function writeStatus(
  world: World,
  observed: Observed,
  plan: Plan,
  failure: Problem | undefined,
): Promise<void> {
  const { object } = observed;
  const before = object.status as RedisWorkerStatus | undefined;
  const status = statusOf(observed, plan, failure, before);
  if (isDeepStrictEqual(JSON.parse(JSON.stringify(status)), before)) return;
  recordFault(world, object, before, status);
  recordEnforcement(world, object, before, status);
  recordScale(world, object, before, status);
  const { namespace, name } = object.metadata;
  try {
    await world.cluster.applyStatus({
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: { ...(namespace === undefined ? {} : { namespace }), name },
      status,
    }, 'redisworker-status');
  } catch (error) {
    if (!(error instanceof ClusterError && error.reason === 'NotFound')) throw error;
  }
}

/** An event, and a count, for every number of consumers that was decided. */
function recordScale(
  world: World,
  regarding: KubeObject,
  before: RedisWorkerStatus | undefined,
  status: RedisWorkerStatus,
): void {
  const event = scaleEvent(before, status);
  if (!event) return;
  const { direction, ...told } = event;
  world.following.scaling.decided(keyOf(objectRef(regarding)), direction);
  world.cluster.record({ regarding, type: 'Normal', ...told });
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
    !now || now.status === 'True' || now.reason === conditionOf(before, 'Ready')?.reason || progress.has(now.reason)
  ) return;
  world.cluster.record({ regarding, type: 'Warning', reason: now.reason, message: now.message.slice(0, 1000) });
}

function conditionOf(status: RedisWorkerStatus | undefined, type: ConditionType): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** Reasons for not being ready that are no fault. */
const progress: ReadonlySet<string> = new Set<Reason>([
  'ConsumersStarting',
  'ConsumersUpdating',
  'Draining',
  'Deleting',
  'Waiting',
  'HandingOver',
]);
