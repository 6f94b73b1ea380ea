/** Where a Redis is: `redis://host:port/db`, or `rediss://…` for TLS. */

/** The parts of a Redis URL. */
export interface RedisAddress {
  readonly hostname: string;
  readonly port: number;
  readonly db: number;
  readonly tls: boolean;
}

/**
 * Parses a Redis URL.
 * @throws Error with the rule it breaks; the text is never repeated, as it might carry a password.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    !url || (url.protocol !== 'redis:' && url.protocol !== 'rediss:') || url.hostname === '' || url.search !== '' ||
    url.hash !== ''
  ) {
    throw new Error('the Redis URL must read redis://host:port/db, or rediss://host:port/db for TLS');
  }
  if (url.username !== '' || url.password !== '') {
    throw new Error('the Redis URL must not carry credentials; give the password as a file');
  }
  const db = /^\/?(\d{0,5})$/.exec(url.pathname)?.[1];
  if (db === undefined) {
    throw new Error('the path of the Redis URL must be a database number, as in redis://host:6379/0');
  }
  return {
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 6379 : Number(url.port),
    db: Number(db),
    tls: url.protocol === 'rediss:',
  };
}
