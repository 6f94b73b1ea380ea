/** One Redis: where it is and how to log in, parsed once from what people write. */
import { createHmac, randomBytes } from 'node:crypto';
import { formatHostPort } from '../../contract/host-port.ts';
import { formatRedisAddress, parseRedisAddress, type RedisAddress } from '../../contract/redis-address.ts';
import type { RedisTls } from '../../contract/redis-tls.ts';
import type { Reach } from './reach.ts';

/** A Redis database and the login for it. */
export interface RedisTarget extends Omit<RedisAddress, 'tls'> {
  /** ACL user; the server's `default` user when absent. */
  readonly username?: string;
  readonly password?: string;
  /** Present: speak TLS, and always verify the certificate. */
  readonly tls?: RedisTls;
  /** Present for a server an author has named: dialled within this alone, read within bounds, and never quoted. */
  readonly foreign?: Reach;
}

/** A target without login, or the sentence that says what is wrong with the URL. */
export type ParsedRedisUrl =
  | { readonly ok: true; readonly target: RedisTarget }
  | { readonly ok: false; readonly problem: string };

/** Reads the address of a Redis; see contract/redis-address.ts. The problem never repeats the URL. */
export function parseRedisUrl(text: string): ParsedRedisUrl {
  try {
    const { tls, ...address } = parseRedisAddress(text);
    return { ok: true, target: { ...address, ...(tls ? { tls: {} } : {}) } };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** `host:port` as people read it, of each server that is named. */
export function addressOf({ hosts }: RedisTarget): string {
  return hosts.map(formatHostPort).join(',');
}

/** The canonical URL of a target, without credentials: equal for two spellings of one target. */
export function urlOf(target: RedisTarget): string {
  return formatRedisAddress({ ...target, tls: target.tls !== undefined });
}

/** Salted anew by every process, so that a key in a log cannot be used to guess a password. */
const salt = randomBytes(32);

/** Equal for equal targets within this process; contains no password, not even a hash that could be tried offline. */
export function targetKey(target: RedisTarget): string {
  const { password, tls, foreign } = target;
  const rest = [password, tls?.ca, tls?.client?.cert, tls?.client?.key, tls?.serverName, tls?.minVersion, foreign];
  const digest = createHmac('sha256', salt).update(JSON.stringify(rest.map((one) => one ?? null))).digest('hex').slice(
    0,
    16,
  );
  return `${urlOf(target)}#${encodeURIComponent(target.username ?? '')}.${digest}`;
}
