/** The address of a Redis: `redis://host:port/database`, or `rediss://…` for TLS. One parser for both sides. */
import { formatHostPort, type HostPort, parseHost, parseHostPort } from './host-port.ts';

/** Where a Redis is. Who logs in there, and what its certificate must be, is never part of it. */
export interface RedisAddress {
  /** Servers to dial. One today; a list, because Sentinel and Cluster are reached through several. */
  readonly hosts: readonly [HostPort, ...HostPort[]];
  /** Database number. */
  readonly db: number;
  readonly tls: boolean;
}

const defaultPort = 6379;

const inGeneral = 'it must read redis://host:port/database, or rediss://host:port/database for TLS';

/**
 * Reads the address of a Redis; spellings of one target give one address.
 * @throws Error with the rule it breaks; the text is never repeated, as it might carry a password
 */
export function parseRedisAddress(text: string): RedisAddress {
  if (text.includes('@')) throw refused('it must not carry credentials; the user and the password are given beside it');
  if (/^(unix|redis(s?)[+-](unix|socket)):/i.test(text) || text.startsWith('/')) {
    throw refused('it must not name a Unix socket, which no pod can reach; write redis://host:6379');
  }
  const [, scheme, authority, path, rest] = /^(rediss?):\/\/([^/?#]*)([^?#]*)(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || authority === undefined) throw refused(inGeneral);
  if (rest !== '') throw refused('it must end after the database number, without ? or #');
  return { hosts: [parseServer(authority)], db: parseDatabase(path ?? ''), tls: scheme.toLowerCase() === 'rediss' };
}

/** The one text of an address: equal for equal targets, and {@link parseRedisAddress} reads it back. */
export function formatRedisAddress({ hosts, db, tls }: RedisAddress): string {
  return `${tls ? 'rediss' : 'redis'}://${hosts.map(formatHostPort).join(',')}/${db}`;
}

function parseServer(authority: string): HostPort {
  if (authority === '') throw refused('it names no host; write redis://host:6379');
  if (authority.includes(',')) throw refused('it must name one host; write redis://host:6379');
  const host = parseHost(authority);
  if (host !== undefined) return { host, port: defaultPort };
  const server = parseHostPort(authority);
  if (server === undefined) {
    throw refused('its host must be a name, an IPv4 address or an IPv6 address in brackets, and its port 1 to 65535');
  }
  return server;
}

function parseDatabase(path: string): number {
  const digits = /^\/?(\d{0,5})\/?$/.exec(path)?.[1];
  if (digits === undefined) throw refused('what follows the port must be a database number, as in redis://host:6379/0');
  return Number(digits);
}

function refused(rule: string): Error {
  return new Error(`the Redis URL cannot be used: ${rule}`);
}
