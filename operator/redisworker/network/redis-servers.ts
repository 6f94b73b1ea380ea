/** The servers a worker's Redis is made of: one text for one set of them. Pure. */
import { formatHostPort, type HostPort } from '../../../contract/host-port.ts';
import type { RedisAddress } from '../../../contract/redis-address.ts';

/** A server, with the addresses its host resolved to when that is a name outside the cluster. */
export interface RedisServer extends HostPort {
  readonly addresses: readonly string[];
}

/** The servers with the addresses of their hosts. */
export function resolved(
  servers: readonly HostPort[],
  addressesOf: (host: string) => readonly string[],
): RedisServer[] {
  return servers.map(({ host, port }) => ({ host, port, addresses: addressesOf(host) }));
}

/** Whose Redis it is: of the worker's spec, or of the operator. */
export type Whose = 'author' | 'operator';

const defaultRedis = "the operator's default Redis (--redis)";

/** How a sentence begins that is about one of the servers. */
export function whichServer(
  server: HostPort,
  { hosts, topology }: Pick<RedisAddress, 'hosts' | 'topology'>,
  whose: Whose,
): string {
  const text = formatHostPort(server);
  if (!hosts.some((named) => formatHostPort(named) === text)) return whichMember(server, whose);
  if (topology.kind === 'Standalone') return whose === 'operator' ? defaultRedis : 'spec.redis.url';
  return `${whose === 'operator' ? defaultRedis : 'spec.redis.urls'}: ${text}`;
}

/** How a sentence begins that is about a server nobody has written down: others have named it. */
export function whichMember(server: HostPort, whose: Whose): string {
  return `${whose === 'operator' ? defaultRedis : 'spec.redis'}: its member ${formatHostPort(server)}`;
}

/** Sorted by their text, each once: the same list whoever named them, and whichever of them leads. */
export function canonicalServers(servers: Iterable<HostPort>): HostPort[] {
  const byText = new Map(
    Array.from(servers, ({ host, port }) => [formatHostPort({ host, port }), { host, port }] as const),
  );
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, server]) => server);
}
