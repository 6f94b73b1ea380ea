import type { WorkerMsgCall } from 'redisworker/broker/worker';

const counts = new Map<string, number>();

/** Counts by caller, which the broker tells: no module can say it is another. */
export function count(this: WorkerMsgCall | void): number {
  const caller = this?.sourceSegregationId ?? 'the program';
  const visit = (counts.get(caller) ?? 0) + 1;
  counts.set(caller, visit);
  return visit;
}
