/** The servers a worker's Redis is made of: one text for one set of them. Pure. */
import { formatHostPort, type HostPort } from '../../../contract/host-port.ts';

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

/** How a sentence begins that is about one of the servers. @param named those that were written down, not discovered */
export function subjectOf(server: HostPort, named: readonly HostPort[], whose: Whose): string {
  const text = formatHostPort(server);
  const isNamed = named.some((other) => formatHostPort(other) === text);
  if (whose === 'operator') {
    const field = "the operator's default Redis (--redis)";
    return isNamed ? (named.length === 1 ? field : `${field}: ${text}`) : `${field}: its member ${text}`;
  }
  if (!isNamed) return `spec.redis: its member ${text}`;
  return named.length === 1 ? 'spec.redis.url' : `spec.redis.urls: ${text}`;
}

/** Sorted by their text, each once: the same list whoever named them, and whichever of them leads. */
export function canonicalServers(servers: Iterable<HostPort>): HostPort[] {
  const byText = new Map(
    Array.from(servers, ({ host, port }) => [formatHostPort({ host, port }), { host, port }] as const),
  );
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, server]) => server);
}
