/** What a command needs to know of the Redis of a worker. */
import type { RedisTls } from '../contract/redis-tls.ts';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import type { WorkerStreams } from '../operator/redis/requests/worker-streams.ts';
import type { SentinelLogin } from './io.ts';
import { ownRedisUrl } from './worker-type.ts';

/** The Redis of a worker, and its keys there. */
export interface Target extends WorkerStreams {
  readonly redisUrl: string;
  readonly password: string | undefined;
  readonly sentinel: SentinelLogin | undefined;
  readonly tls: RedisTls;
  /** Workers that are known to have the same Redis, this one among them. */
  readonly neighbours: readonly KubeObject[];
  /** The worker as the session knows it, now. Absent for one outside the session. */
  readonly worker?: () => Promise<KubeObject | undefined>;
}

/** Of these workers those with the same Redis. @param url of their own; the shared one when absent */
export function sameRedis(workers: readonly KubeObject[], url: string | undefined): readonly KubeObject[] {
  return workers.filter((worker) => ownRedisUrl(worker) === url);
}
