/** Two manifests must not run one worker type on one Redis: the older one keeps it. */
import type { RedisWorker } from '../../api/redisworker.ts';
import { keyOf, type KubeObject } from '../../cluster/cluster.ts';

/** `namespace/name` of the oldest other worker with the same type on the same Redis, when it is older. */
export function rivalOf(
  worker: RedisWorker,
  all: readonly KubeObject[],
  defaultRedisUrl: string | undefined,
): string | undefined {
  const mine = claimOf(worker.metadata.name, worker.spec, defaultRedisUrl);
  const elders = all
    .filter(({ metadata, spec }) =>
      metadata.uid !== worker.metadata.uid && claimOf(metadata.name, spec, defaultRedisUrl) === mine
    )
    .filter((other) => seniority(other.metadata) < seniority(worker.metadata))
    .sort((a, b) => (seniority(a.metadata) < seniority(b.metadata) ? -1 : 1));
  return elders[0] && keyOf({ namespace: elders[0].metadata.namespace ?? 'default', name: elders[0].metadata.name });
}

/** The type a worker claims, and where. */
export function claimOf(name: string, spec: unknown, defaultRedisUrl: string | undefined): string {
  const { type, redis } = (spec ?? {}) as { type?: string; redis?: { url?: string } };
  return `${type ?? name} on ${redis?.url ?? defaultRedisUrl ?? ''}`;
}

function seniority({ creationTimestamp, uid }: { creationTimestamp?: string; uid?: string }): string {
  return `${creationTimestamp ?? ''} ${uid ?? ''}`;
}
