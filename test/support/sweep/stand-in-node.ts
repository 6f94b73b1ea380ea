/** Stands in for a node and its worker processes: pods become ready and end at once, and every end is a crash. */
import type { Redis } from 'ioredis';
import { configHashKey } from '../../../contract/keys.ts';
import { type Cluster, type KubeObject, resources } from '../../../operator/cluster/cluster.ts';
import { consumerIdOf } from '../../../operator/redisworker/model/children.ts';

/**
 * Moves every pod one step on. A process takes its consumer's place only when nobody holds it, and leaves
 * its pid behind when it ends, as one that was killed does.
 * @returns whether anything moved
 */
export async function moveNode(cluster: Cluster, redis: Redis, type: string): Promise<boolean> {
  const pods = await cluster.list(resources.pods);
  const moved = await Promise.all(
    pods.map((
      pod,
    ) => (pod.metadata.deletionTimestamp === undefined ? run(cluster, redis, type, pod) : end(cluster, pod))),
  );
  return moved.includes(true);
}

async function run(cluster: Cluster, redis: Redis, type: string, pod: KubeObject): Promise<boolean> {
  const key = configHashKey(type, consumerIdOf(pod) ?? '');
  if ((pod.status as { phase?: string }).phase === 'Running') return false;
  if ((await redis.hexists(key, 'type')) === 0 || (await redis.hexists(key, 'pid')) === 1) return false;
  await redis.hset(key, { pid: '7', owner: pod.metadata.uid ?? '' });
  const { apiVersion, kind, metadata: { name, namespace = '' } } = pod;
  await cluster.applyStatus({
    apiVersion,
    kind,
    metadata: { name, namespace },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  }, 'redisworker-node');
  return true;
}

async function end(cluster: Cluster, { metadata: { name, namespace = '' } }: KubeObject): Promise<boolean> {
  await cluster.delete(resources.pods, { name, namespace }, { gracePeriodSeconds: 0 });
  return true;
}
