/** What commands need to know of a RedisWorker, read from the object as it is. */
import { z } from 'zod';
import { parseRedisAddress, type RedisTopology } from '../contract/redis-address.ts';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { streamsOf as streamsIn, usualStreams as usualIn, workerType } from '../operator/page/worker-streams.ts';
import type { WorkerStreams } from '../operator/redis/requests/worker-streams.ts';
import { ownRedisUrl as urlIn } from '../operator/redisworker/model/redis-url.ts';
import { splitCredentials } from './redis-login.ts';

const spec = z.object({
  redis: z.object({
    url: z.string().exactOptional(),
    urls: z.array(z.string()).exactOptional(),
    sentinel: z.object({ masterName: z.string() }).exactOptional(),
    cluster: z.literal('Enabled').exactOptional(),
    username: z.string().optional(),
  }).optional(),
});

const status = z.object({ readyReplicas: z.number().optional(), observedGeneration: z.number().optional() });

export { workerType };

/** A user may call a worker by its name or by its type. */
export function isNamed(worker: KubeObject, name: string): boolean {
  return worker.metadata.name === name || workerType(worker) === name;
}

/** URL of the worker's own Redis, when it has one, with its user and without a password. */
export function ownRedisUrl(worker: KubeObject): string | undefined {
  const redis = spec.safeParse(worker.spec).data?.redis;
  const user = redis?.username === undefined ? '' : `${encodeURIComponent(redis.username)}@`;
  return urlIn(redis)?.replace('://', `://${user}`);
}

/** Consumers that take requests now. */
export function readyReplicas(worker: KubeObject): number {
  return status.safeParse(worker.status).data?.readyReplicas ?? 0;
}

/** The status speaks of the manifest as it is now. */
export function isCurrent(worker: KubeObject): boolean {
  const { generation } = worker.metadata;
  return generation === undefined || status.safeParse(worker.status).data?.observedGeneration === generation;
}

/** The streams of a worker. @param redisUrl of the Redis it has, its own or not */
export function streamsOf(worker: KubeObject, redisUrl: string): WorkerStreams {
  return streamsIn(worker, topologyOf(redisUrl));
}

/** The streams of a worker type whose manifest names no others. @throws Failure (usage) when it is no URL */
export function usualStreams(type: string, redisUrl: string): WorkerStreams {
  return usualIn(type, topologyOf(redisUrl));
}

function topologyOf(redisUrl: string): RedisTopology {
  return parseRedisAddress(splitCredentials(redisUrl).url).topology;
}
