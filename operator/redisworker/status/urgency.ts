/** Which changes of a status somebody waits for, and which may be told together with later ones. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Condition, ConsumerStatus, RedisWorkerStatus } from '../../api/redisworker.ts';
import type { Reason } from '../model/reasons.ts';

/**
 * `Now`: a condition, or what stands beside it, is another one. `Soon`: how many pods there are and how many are ready,
 * while nothing else changes. `Later`: names and states of pods that come up. `None`: nothing has changed.
 */
export type Urgency = 'Now' | 'Soon' | 'Later' | 'None';

/** Reasons for not being ready that are no fault. */
export const progressReasons: ReadonlySet<string> = new Set<Reason>([
  'ConsumersStarting',
  'ConsumersUpdating',
  'CanaryRunning',
  'Draining',
  'Deleting',
  'Waiting',
  'HandingOver',
]);

/** How urgent it is to write `after` where `before` stands. */
export function urgencyOf(before: RedisWorkerStatus | undefined, after: RedisWorkerStatus): Urgency {
  const [old, next] = [before ?? {}, JSON.parse(JSON.stringify(after)) as RedisWorkerStatus];
  if (isDeepStrictEqual(old, next)) return 'None';
  if (!isDeepStrictEqual(urgentPart(old), urgentPart(next))) return 'Now';
  return isDeepStrictEqual(amounts(old), amounts(next)) ? 'Later' : 'Soon';
}

const amountFields = ['replicas', 'readyReplicas', 'consumersReady'] as const;

/** What a canary has answered follows from what the responses tell: only its verdict cannot wait. */
const canaryCounts = ['requests', 'failed', 'otherRequests', 'otherFailed', 'from'] as const;

function amounts(status: RedisWorkerStatus): unknown[] {
  return [...amountFields.map((field) => status[field]), status.rollout];
}

function urgentPart(status: RedisWorkerStatus): object {
  const { conditions, consumers, stream, rollout } = status;
  return {
    ...without(status, amountFields),
    // A group that has just been made has nothing to tell.
    stream: { ...stream, lag: stream?.lag ?? 0, backlog: stream?.backlog ?? 0 },
    rollout: rollout && { ...rollout, canary: without(rollout.canary ?? {}, canaryCounts) },
    conditions: conditions?.map(withoutProgress),
    consumers: consumers?.map(withoutPod).filter((row) => row !== undefined),
  };
}

/** What the message of a worker that comes up counts. */
function withoutProgress(condition: Condition): object {
  return progressReasons.has(condition.reason) ? without(condition, ['message']) : condition;
}

/** A row that tells nothing but how a pod comes up is none. */
function withoutPod(row: ConsumerStatus): object | undefined {
  const { id, restarts = 0, pending = 0, state } = row;
  const isTrouble = state === 'Failing' || restarts > 0;
  const rest = without(row, isTrouble ? ['pod'] : ['pod', 'state', 'reason']);
  const isQuiet = !isTrouble && pending === 0 && Object.keys(without(rest, ['id', 'restarts', 'pending'])).length === 0;
  return isQuiet ? undefined : { ...rest, id, restarts, pending };
}

function without(object: object, fields: readonly string[]): object {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)));
}
