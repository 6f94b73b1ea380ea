/** Where a Redis is: `redis://host:port/db`, or `rediss://…` for TLS. */

/** The parts of a Redis URL. */
export interface RedisAddress {
  readonly hostname: string;
  readonly port: number;
  readonly db: number;
  readonly tls: boolean;
}

const form = /^(redis|rediss):\/\/(?:\[([0-9a-f:.]+)\]|([^\s:/?#@[\]]+))(?::(\d{1,5}))?(?:\/([^\s?#]*))?$/i;

/**
 * Parses a Redis URL. Not with `URL`: Deno loads that class when it is first used, which takes longer than a request.
 * @throws Error with the rule it breaks; the text is never repeated, as it might carry a password.
 */
export function parseRedisUrl(text: string): RedisAddress {
  if (/^rediss?:\/\/[^/?#]*@/i.test(text)) throw new Error('the Redis URL must not carry credentials; give the password as a file');
  const [, scheme, v6, name, port = '6379', path = ''] = form.exec(text) ?? [];
  const hostname = v6 ?? name;
  if (scheme === undefined || hostname === undefined || Number(port) > 65_535) {
    throw new Error('the Redis URL must read redis://host:port/db, or rediss://host:port/db for TLS');
  }
  if (!/^\d{0,5}$/.test(path)) throw new Error('the path of the Redis URL must be a database number, as in redis://host:6379/0');
  return { hostname, port: Number(port), db: Number(path), tls: scheme.toLowerCase() === 'rediss' };
}
