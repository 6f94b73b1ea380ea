/** One connection to Redis for one command of a user. */
import { Redis } from 'ioredis';
import { formatHostPort } from '../contract/host-port.ts';
import { type RedisTls, tlsCodeOf, tlsFault } from '../contract/redis-tls.ts';
import { parseRedisAddress } from '../contract/redis-address.ts';
import { tlsFlags } from '../operator/default-redis-tls.ts';
import { clientOptions, openRequests, type RedisClient } from '../operator/redis/requests/client.ts';
import type { RedisTarget } from '../operator/redis/target.ts';
import { fail, Failure, messageOf, systemCode } from './failure.ts';
import type { SentinelLogin } from './io.ts';
import { splitCredentials } from './redis-login.ts';

const connectTimeoutMs = 5000;

/**
 * Connects to a Redis by any of the addresses of contract/redis-address.ts; credentials may stand in the URL,
 * `password` is taken when the URL has none, and `tls` says how a certificate is checked. The caller disconnects. A
 * connection that is lost is not made again.
 * @throws Failure with one sentence that names the address, never the password.
 */
export async function connectRedis(
  userUrl: string,
  { password, tls = {}, sentinel }: Login = {},
): Promise<RedisClient> {
  const { url, ...login } = splitCredentials(userUrl, password);
  const { tls: speaksTls, ...address } = parseRedisAddress(url);
  const target = { ...address, ...login, ...(speaksTls ? { tls } : {}), ...(sentinel ? { sentinel } : {}) };
  return target.topology.kind === 'Standalone'
    ? await connectAlone(target)
    : await openRequests(target, connectTimeoutMs).catch(fail);
}

async function connectAlone(target: RedisTarget): Promise<Redis> {
  const { hosts: [server], db } = target;
  const redis = new Redis({
    ...clientOptions(target, connectTimeoutMs),
    ...server,
    db,
    lazyConnect: true,
    retryStrategy: () => null,
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
  throw new Failure(whyNoConnection(formatHostPort(server), cause), 1, { cause });
}

/** Beside the URL. */
interface Login {
  readonly password?: string | undefined;
  readonly tls?: RedisTls;
  readonly sentinel?: SentinelLogin | undefined;
}

function whyNoConnection(target: string, error: unknown): string {
  const message = messageOf(error);
  const tlsCode = tlsCodeOf(error);
  if (tlsCode !== undefined) return whyNoTls(target, tlsCode);
  const code = systemCode(error);
  if (code === 'ECONNREFUSED') return `no Redis answers at ${target}: start it, or name another with --redis`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `the host of Redis at ${target} is not known: check the name given with --redis`;
  }
  if (code === 'ETIMEDOUT') {
    return `Redis at ${target} did not answer within ${
      connectTimeoutMs / 1000
    } s: check the address, and whether it speaks TLS there (rediss://) or not (redis://)`;
  }
  if (code === 'ECONNRESET' || code === 'EPIPE' || message === 'Connection is closed.') {
    return `Redis at ${target} hangs up: check whether it speaks TLS there (rediss://) or not (redis://), and whether it asks for a certificate (${tlsFlags.cert})`;
  }
  if (message.startsWith('NOAUTH')) {
    return `Redis at ${target} wants a password: set REDISCLI_AUTH, or write it in the URL of --redis`;
  }
  if (message.startsWith('WRONGPASS')) {
    return `Redis at ${target} refuses the password: check REDISCLI_AUTH or the URL of --redis`;
  }
  return `Redis at ${target} cannot be used: ${message}`;
}

function whyNoTls(target: string, code: string): string {
  return `Redis at ${target} ${tlsFault.what}: ${code}; ${tlsFault.fix}: see ${tlsFlags.ca}, ${tlsFlags.serverName}, ${tlsFlags.cert} and ${tlsFlags.key}`;
}
