/** A Redis without replicas, as the operator dials it. */
import type { HostPort } from '../../contract/host-port.ts';
import type { RedisTarget } from '../../operator/redis/target.ts';

/** @param server on this machine unless its host says otherwise */
export function targetAt(
  { host = '127.0.0.1', port = 6379 }: Partial<HostPort>,
  more: Partial<RedisTarget> = {},
): RedisTarget {
  return { hosts: [{ host, port }], topology: { kind: 'Standalone' }, db: 0, ...more };
}
