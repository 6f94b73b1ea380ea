/** One connection to Redis for one command of a user. */
import { Redis } from 'ioredis';
import { Failure, messageOf, systemCode } from './failure.ts';

const connectTimeoutMs = 5000;

/**
 * Connects to `redis://` or `rediss://`; credentials may stand in the URL, `password` is taken when
 * the URL has none. The caller disconnects. A connection that is lost is not made again.
 * @throws Failure with one sentence that names the address, never the password.
 */
export async function connectRedis(url: string, password?: string): Promise<Redis> {
  const { target, hasPassword } = parseUserUrl(url);
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    ...(password !== undefined && !hasPassword ? { password } : {}),
  });
  let cause: unknown;
  redis.on('error', (error) => (cause ??= error)); // connect() itself only says that it is closed
  try {
    await redis.connect();
  } catch (error) {
    cause ??= error;
  }
  if (cause === undefined) return redis;
  redis.disconnect();
  throw new Failure(whyNoConnection(target, cause), 1, { cause });
}

/** How to reach a Redis: a URL without credentials, and the credentials. */
export interface RedisAccess {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
}

/**
 * Takes the credentials out of a URL that a user gave; `password` is taken when it has none.
 * @throws Failure (usage) when it is no Redis URL.
 */
export function splitCredentials(url: string, password?: string): RedisAccess {
  parseUserUrl(url);
  const bare = new URL(url);
  const username = decodeURIComponent(bare.username);
  const secret = bare.password === '' ? password : decodeURIComponent(bare.password);
  bare.username = '';
  bare.password = '';
  return {
    url: bare.href,
    ...(username === '' ? {} : { username }),
    ...(secret === undefined ? {} : { password: secret }),
  };
}

/**
 * The address in a Redis URL, without its credentials.
 * @throws Failure (usage) when it is no Redis URL.
 */
export function parseUserUrl(url: string): { target: string; hasPassword: boolean } {
  const parsed = URL.parse(url);
  if (parsed === null || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw new Failure('this is not a Redis URL; write redis://host:port/db, or rediss:// for TLS', 2);
  }
  return { target: `${parsed.hostname}:${parsed.port || 6379}`, hasPassword: parsed.password !== '' };
}

function whyNoConnection(target: string, error: unknown): string {
  const message = messageOf(error);
  const code = systemCode(error);
  if (code === 'ECONNREFUSED') return `no Redis answers at ${target}: start it, or name another with --redis`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `the host of Redis at ${target} is not known: check the name given with --redis`;
  }
  if (code === 'ETIMEDOUT') {
    return `Redis at ${target} did not answer within ${
      connectTimeoutMs / 1000
    } s: check the address, and whether it wants TLS (rediss://)`;
  }
  if (message.startsWith('NOAUTH')) {
    return `Redis at ${target} wants a password: set REDISCLI_AUTH, or write it in the URL of --redis`;
  }
  if (message.startsWith('WRONGPASS')) {
    return `Redis at ${target} refuses the password: check REDISCLI_AUTH or the URL of --redis`;
  }
  return `Redis at ${target} cannot be used: ${message}`;
}
