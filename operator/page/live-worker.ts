/** A worker as the operator follows it: its object, and what was counted since the status was written. */
import { readStatus, type RedisWorkerStatus } from '../api/redisworker.ts';
import type { KubeObject } from '../cluster/cluster.ts';
import type { ResponseTally } from '../redis/response-tally.ts';

/** What is counted of the responses. */
export type Counted = Pick<ResponseTally, 'total' | 'failed' | 'codes' | 'perSecond' | 'perConsumer'>;

/** Numbers of the request stream. */
export type StreamNumbers = NonNullable<RedisWorkerStatus['stream']>;

/** A worker now. */
export interface LiveWorker {
  readonly uid: string;
  readonly object: KubeObject;
  readonly status: RedisWorkerStatus;
  readonly tally: Counted;
  readonly stream: StreamNumbers;
}

/** An object of a live copy is never changed, so what its status says is read once. */
const read = new WeakMap<KubeObject, RedisWorkerStatus>();

const nobody: Counted['perConsumer'] = new Map();

/** @param tally of the response stream, when this process follows it; else what the status tells */
export function liveWorker(object: KubeObject, tally: Counted | undefined): LiveWorker {
  const status = read.get(object) ?? readStatus(object) ?? {};
  read.set(object, status);
  const { total = 0, failed = 0, codes = {}, perSecond = 0 } = status.responses ?? {};
  return {
    uid: object.metadata.uid ?? '',
    object,
    status,
    tally: tally ?? { total, failed, codes, perSecond, perConsumer: nobody },
    stream: status.stream ?? {},
  };
}
