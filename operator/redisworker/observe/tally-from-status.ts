/** The status is the cursor of the response stream: totals and the last id counted are written together. */
import type { ConsumerStatus, RedisWorkerStatus } from '../../api/redisworker.ts';
import { latencyFrom } from '../../redis/latency.ts';
import { emptyTally, type ResponseTally } from '../../redis/response-tally.ts';

/** The tally a status tells; counting goes on behind its `lastId`. */
export function tallyFrom(status: RedisWorkerStatus | undefined): ResponseTally {
  const known = status?.responses;
  if (!known) return emptyTally;
  return {
    ...emptyTally,
    total: known.total ?? 0,
    succeeded: known.succeeded ?? 0,
    failed: known.failed ?? 0,
    unreadable: known.unreadable ?? 0,
    codes: known.codes ?? {},
    counted: known.counted ?? {},
    sampled: known.sampled ?? 0,
    missed: known.missed ?? 0,
    ...(known.entriesAdded === undefined ? {} : { entriesAdded: known.entriesAdded }),
    ...(known.lastId === undefined ? {} : { lastId: known.lastId }),
    ...(known.lastCode === undefined ? {} : { lastCode: known.lastCode }),
    ...(known.lastTime === undefined ? {} : { lastTime: known.lastTime }),
    perConsumer: new Map((status.consumers ?? []).flatMap(resultOf)),
  };
}

function resultOf({ id, total, counted, failed, lastCode, lastTime, p50Ms, p99Ms }: ConsumerStatus) {
  if (lastCode === undefined || lastTime === undefined) return [];
  const latency = latencyFrom(p50Ms, p99Ms);
  const own = counted === undefined ? {} : { counted };
  return [[id, { total: total ?? 0, ...own, failed: failed ?? 0, lastCode, lastTime, latency }] as const];
}
