/** What is measured of a worker, out of its status and of what was counted since that was written. Pure. */
import type { ConsumerStatus, RedisWorkerStatus } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { WorkerFigures } from '../../observability/worker-figures.ts';
import type { ResponseTally } from '../../redis/response-tally.ts';
import { standingOf } from './standing.ts';

/** What this process has counted of a worker's pods and of its autoscaler. */
export type WorkerEvents = Pick<WorkerFigures, 'restarts' | 'scaledOut' | 'scaledIn'>;

/** @param tally of its responses, when this process reads them */
export function figuresOf(object: KubeObject, tally: ResponseTally | undefined, events: WorkerEvents): WorkerFigures {
  const { namespace = 'default', name, creationTimestamp = '' } = object.metadata;
  const { stream = {}, responses = {}, consumers = [], consumersReady = '' } =
    (object.status ?? {}) as RedisWorkerStatus;
  const { backlog, lag, pending, scheduled, deadLetters, oldestPendingTime: oldest } = stream;
  const [serving, wanted] = consumersReady === '' ? [] : consumersReady.split('/').map(Number);
  return {
    namespace,
    worker: name,
    created: creationTimestamp,
    ...standingOf(object),
    ...{ backlog, lag, pending, scheduled, deadLetters },
    oldestPending: oldest === undefined ? undefined : Date.parse(oldest),
    ...{ serving, wanted },
    states: statesOf(consumers),
    codes: tally?.codes ?? responses.codes ?? {},
    retries: tally?.retries ?? 0,
    durations: tally?.durations,
    ...events,
  };
}

function statesOf(consumers: readonly ConsumerStatus[]): Record<string, number> {
  const states: Record<string, number> = {};
  for (const { state } of consumers) states[state] = (states[state] ?? 0) + 1;
  return states;
}
