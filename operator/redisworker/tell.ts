/** Writes the status. Beside apply.ts the only place that writes. */
import { isDeepStrictEqual } from 'node:util';
import type { RedisWorkerStatus } from '../api/redisworker.ts';
import { ClusterError, type KubeObject } from '../cluster/cluster.ts';
import type { Observed } from './observed.ts';
import { statusOf } from './status.ts';
import type { Verdict } from './verdict.ts';
import type { World } from './world.ts';

/** Writes the status when it differs from the one there is; a worker that is gone needs none. */
export async function tell(world: World, observed: Observed, verdict: Verdict): Promise<void> {
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
