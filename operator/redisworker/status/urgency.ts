/** Which changes of a status somebody waits for, and which may be told together with later ones. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Condition, ConsumerStatus, RedisWorkerStatus } from '../../api/redisworker.ts';
import type { Reason } from '../model/reasons.ts';

/**
 * `Now`: a condition, or what stands beside it, is another one. `Soon`: how many pods there are and how many are ready,
 * what holds up a pod, and whatever counts requests, while nothing else changes. `Later`: names and states of pods, and
 * that many more have come up of a worker that comes up. `Progress`: how far it is otherwise. `None`: nothing has changed.
 */
export type Urgency = 'Now' | 'Soon' | 'Later' | 'Progress' | 'None';

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
  if (!isDeepStrictEqual(counters(old), counters(next))) return 'Soon';
  if (comesUp(next)) return urgencyOfProgress(old, next);
  return isDeepStrictEqual(amounts(old), amounts(next)) ? 'Later' : 'Soon';
}

/** So many more that are ready are worth a word. */
const many = 10;

function urgencyOfProgress(old: RedisWorkerStatus, next: RedisWorkerStatus): Urgency {
  if (!isDeepStrictEqual(heldUp(old), heldUp(next))) return 'Soon';
  return Math.abs((next.readyReplicas ?? 0) - (old.readyReplicas ?? 0)) < many ? 'Progress' : 'Later';
}

/** Why a pod is not ready that is on its way. */
const onTheWay: ReadonlySet<string | undefined> = new Set([
  undefined,
  'NoPod',
  'NotReady',
  'ContainerCreating',
  'PodInitializing',
]);

/** Consumers that wait for something somebody may have to do, and for what. */
function heldUp({ consumers = [] }: RedisWorkerStatus): string[] {
  return consumers.filter(({ reason }) => !onTheWay.has(reason)).map(({ id, reason = '' }) => `${id} ${reason}`);
}

/** Whoever waits for it waits for all its consumers: that they are ready is told at once. */
function comesUp({ conditions }: RedisWorkerStatus): boolean {
  return conditions?.find(({ type }) => type === 'Ready')?.reason === ('ConsumersStarting' satisfies Reason);
}

const amountFields = ['replicas', 'readyReplicas', 'consumersReady'] as const;

/** What a canary has answered follows from what the responses tell: only its verdict cannot wait. */
const canaryCounts = ['requests', 'failed', 'otherRequests', 'otherFailed', 'from'] as const;

function amounts(status: RedisWorkerStatus): unknown[] {
  return [...amountFields.map((field) => status[field]), status.rollout];
}

/** What never stands still while there is work. */
function counters({ stream, responses, consumers }: RedisWorkerStatus): object {
  return {
    // A group that has just been made has nothing to tell.
    stream: { ...stream, lag: stream?.lag ?? 0, pending: stream?.pending ?? 0, backlog: stream?.backlog ?? 0 },
    responses,
    consumers: consumers?.map((row) => rowCounters.map((field) => row[field] ?? 0)).filter((row) => row.some(Boolean)),
  };
}

const rowCounters = ['pending', 'total', 'counted', 'failed', 'lastCode', 'lastTime', 'p50Ms', 'p99Ms'] as const;

function urgentPart(status: RedisWorkerStatus): object {
  const { conditions, consumers, rollout } = status;
  return {
    ...without(status, [...amountFields, 'stream', 'responses']),
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
  const { id, restarts = 0, state } = row;
  const isTrouble = state === 'Failing' || restarts > 0;
  const rest = without(row, [...rowCounters, ...(isTrouble ? ['pod'] : ['pod', 'state', 'reason'])]);
  const isQuiet = !isTrouble && Object.keys(without(rest, ['id', 'restarts'])).length === 0;
  return isQuiet ? undefined : { ...rest, id, restarts };
}

function without(object: object, fields: readonly string[]): object {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)));
}
