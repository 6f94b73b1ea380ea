/** The address of a Redis, alone, behind Sentinels or as a Cluster, as one text. One parser for all sides. */
import { formatHostPort, type HostPort, parseHost, parseHostPort } from './host-port.ts';

/** How the servers of a Redis hang together. */
export type RedisTopology =
  | { readonly kind: 'Standalone' }
  | {
    readonly kind: 'Sentinel';
    /** What the Sentinels call the set of servers. */
    readonly masterName: string;
  }
  | { readonly kind: 'Cluster' };

/** Where a Redis is. Who logs in there, and what its certificate must be, is never part of it. */
export interface RedisAddress {
  /** The server, the Sentinels, or some nodes of the Cluster: in the order of their texts, none twice. */
  readonly hosts: readonly [HostPort, ...HostPort[]];
  /** Database number; 0 in a Cluster, which has no other. */
  readonly db: number;
  /** TLS to the servers, and to the Sentinels. */
  readonly tls: boolean;
  readonly topology: RedisTopology;
}

const topologies = { '': 'Standalone', '+sentinel': 'Sentinel', '+cluster': 'Cluster' } as const;
const suffixes = { Standalone: '', Sentinel: '+sentinel', Cluster: '+cluster' } as const;

const inGeneral =
  'it must read redis://host:port/database, redis+sentinel://host:port,host:port/master-name/database or redis+cluster://host:port,host:port; with rediss in place of redis for TLS';

/**
 * Reads the address of a Redis; spellings of one target give one address.
 * @throws Error with the rule it breaks; the text is never repeated, as it might carry a password
 */
export function parseRedisAddress(text: string): RedisAddress {
  if (text.includes('@')) throw refused('it must not carry credentials; the user and the password are given beside it');
  if (/^(unix|redis(s?)[+-](unix|socket)):/i.test(text) || text.startsWith('/')) {
    throw refused('it must not name a Unix socket, which no pod can reach; write redis://host:6379');
  }
  const [, scheme, suffix, authority, path, rest] =
    /^(rediss?)((?:\+sentinel|\+cluster)?):\/\/([^/?#]*)([^?#]*)(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || authority === undefined) throw refused(inGeneral);
  if (rest !== '') throw refused('it must end after the database number, without ? or #');
  const kind = topologies[(suffix ?? '').toLowerCase() as keyof typeof topologies];
  return {
    hosts: parseServers(authority, kind),
    ...parsePath(path ?? '', kind),
    tls: scheme.toLowerCase() === 'rediss',
  };
}

/** The one text of an address: equal for equal targets, and {@link parseRedisAddress} reads it back. */
export function formatRedisAddress({ hosts, db, tls, topology }: RedisAddress): string {
  const servers = `${tls ? 'rediss' : 'redis'}${suffixes[topology.kind]}://${
    inOrder(hosts).map(formatHostPort).join(',')
  }`;
  if (topology.kind === 'Cluster') return servers;
  return topology.kind === 'Sentinel' ? `${servers}/${topology.masterName}/${db}` : `${servers}/${db}`;
}

function parseServers(authority: string, kind: RedisTopology['kind']): RedisAddress['hosts'] {
  const [first, ...others] = kind === 'Standalone' ? [authority] : authority.split(',');
  if (authority === '' || first === undefined) {
    throw refused(`it names no host; write redis${suffixes[kind]}://host:${defaultPorts[kind]}`);
  }
  if (first.includes(',')) {
    throw refused(
      'it must name one host; write redis://host:6379, or name several with redis+sentinel or redis+cluster',
    );
  }
  return inOrder([parseServer(first, kind), ...others.map((other) => parseServer(other, kind))]);
}

/** Which of the servers is asked first says nothing of the target. */
function inOrder(servers: RedisAddress['hosts']): RedisAddress['hosts'] {
  const byText = new Map(servers.map((server) => [formatHostPort(server), server]));
  const [first = servers[0], ...others] = [...byText.keys()].sort().flatMap((text) => byText.get(text) ?? []);
  return [first, ...others];
}

const defaultPorts = { Standalone: 6379, Sentinel: 26_379, Cluster: 6379 } as const;

function parseServer(text: string, kind: RedisTopology['kind']): HostPort {
  const host = parseHost(text);
  if (host !== undefined) return { host, port: defaultPorts[kind] };
  const server = parseHostPort(text);
  if (server === undefined) {
    throw refused('its host must be a name, an IPv4 address or an IPv6 address in brackets, and its port 1 to 65535');
  }
  return server;
}

function parsePath(path: string, kind: RedisTopology['kind']): { topology: RedisTopology; db: number } {
  if (kind !== 'Sentinel') return { topology: { kind }, db: parseDatabase(path, kind) };
  const [, masterName, rest = ''] = /^\/([A-Za-z0-9._-]{1,255})(\/.*)?$/s.exec(path) ?? [];
  if (masterName === undefined) {
    throw refused(
      'after the Sentinels it must name the set they watch, in letters, digits, dots, dashes and underscores, as in redis+sentinel://host:26379/mymaster',
    );
  }
  return { topology: { kind, masterName }, db: parseDatabase(rest, kind) };
}

function parseDatabase(path: string, kind: RedisTopology['kind']): number {
  const digits = /^\/?(\d{0,5})\/?$/.exec(path)?.[1];
  if (digits === undefined) {
    throw refused(
      `what follows the ${kind === 'Sentinel' ? 'name of the set' : 'port'} must be a database number, as in ${
        example(kind)
      }`,
    );
  }
  if (kind === 'Cluster' && Number(digits) !== 0) throw refused('a Cluster has database 0 alone; leave the number out');
  return Number(digits);
}

function example(kind: RedisTopology['kind']): string {
  return kind === 'Sentinel' ? 'redis+sentinel://host:26379/mymaster/0' : `redis${suffixes[kind]}://host:6379/0`;
}

function refused(rule: string): Error {
  return new Error(`the Redis URL cannot be used: ${rule}`);
}
