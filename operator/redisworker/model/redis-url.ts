/** The Redis a manifest names, as one address: see contract/redis-address.ts. Pure. */
import type { RedisTopology } from '../../../contract/redis-address.ts';
import type { RedisWorkerSpec } from '../../api/redisworker.ts';
import { parseRedisUrl } from '../../redis/target.ts';

/** What of `spec.redis` says where the Redis is. */
export type NamedRedis = Pick<NonNullable<RedisWorkerSpec['redis']>, 'url' | 'urls' | 'cluster'> & {
  readonly sentinel?: { readonly masterName: string };
};

/** The address of a worker's own Redis; undefined when it names none, and has the operator's. */
export function ownRedisUrl(redis: NamedRedis | undefined): string | undefined {
  const urls = redis?.urls ?? [redis?.url ?? ''];
  const [first = ''] = urls;
  if (redis === undefined || first === '') return undefined;
  if (redis.sentinel === undefined && redis.cluster === undefined) return first;
  const parts = urls.map((url) => /^([a-z]+):\/\/([^/]*)(?:\/(\d*))?$/.exec(url) ?? []);
  const [[, scheme = '', , db = ''] = []] = parts;
  const hosts = parts.map(([, , host = '']) => host).join(',');
  return redis.sentinel === undefined
    ? `${scheme}+cluster://${hosts}`
    : `${scheme}+sentinel://${hosts}/${redis.sentinel.masterName}/${db}`;
}

/** How the servers of an address hang together; as one server when it is no address, which is told elsewhere. */
export function topologyOf(redisUrl: string | undefined): RedisTopology {
  const parsed = parseRedisUrl(redisUrl ?? '');
  return parsed.ok ? parsed.target.topology : { kind: 'Standalone' };
}
