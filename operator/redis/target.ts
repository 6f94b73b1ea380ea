/** One Redis: where it is and how to log in, parsed once from what people write. */
import { createHmac, randomBytes } from 'node:crypto';

/** A Redis database and the login for it. */
export interface RedisTarget {
  /** DNS name or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Database number. */
  readonly db: number;
  /** ACL user; the server's `default` user when absent. */
  readonly username?: string;
  readonly password?: string;
  /** Present: speak TLS, and always verify the certificate. */
  readonly tls?: {
    /** PEM of the certificate authority; the system's when absent. */
    readonly ca?: string;
    /** Name the certificate must carry, when it is not the host. */
    readonly serverName?: string;
  };
}

/** A target without login, or the sentence that says what is wrong with the URL. */
export type ParsedRedisUrl =
  | { readonly ok: true; readonly target: RedisTarget }
  | { readonly ok: false; readonly problem: string };

const defaultPort = 6379;

/**
 * Reads `redis://host[:port][/db]` or `rediss://…` (TLS). Pure.
 * Credentials are refused: a URL ends up in manifests, logs and process lists. The problem never repeats the URL.
 */
export function parseRedisUrl(text: string): ParsedRedisUrl {
  if (!URL.canParse(text)) return refused('it is no URL; write redis://host:6379 or rediss://host:6379 for TLS');
  const url = new URL(text);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    return refused('it must begin with redis:// or rediss:// (TLS)');
  }
  if (url.username !== '' || url.password !== '') {
    return refused('it must not carry credentials; name the user in username and the password in a Secret');
  }
  if (url.hostname === '') return refused('it names no host; write redis://host:6379');
  if (url.search !== '' || url.hash !== '') return refused('it must end after the database number, without ? or #');
  const db = parseDb(url.pathname);
  if (db === undefined) return refused('what follows the port must be a database number, for example /0');
  return { ok: true, target: targetOf(url, db) };
}

/** `host:port` as people read it. */
export function addressOf(target: RedisTarget): string {
  return target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}

/** `redis://host:port/db` or `rediss://…` without credentials; {@link parseRedisUrl} reads it back. */
export function urlOf(target: RedisTarget): string {
  return `${target.tls ? 'rediss' : 'redis'}://${addressOf(target)}/${target.db}`;
}

/** Salted anew by every process, so that a key in a log cannot be used to guess a password. */
const salt = randomBytes(32);

/** Equal for equal targets within this process; contains no password, not even a hash that could be tried offline. */
export function targetKey(target: RedisTarget): string {
  const secrets = [target.password ?? null, target.tls?.ca ?? null, target.tls?.serverName ?? null];
  const digest = createHmac('sha256', salt).update(JSON.stringify(secrets)).digest('hex').slice(0, 16);
  return `${urlOf(target)}#${encodeURIComponent(target.username ?? '')}.${digest}`;
}

function targetOf(url: URL, db: number): RedisTarget {
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? defaultPort : Number(url.port),
    db,
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

function parseDb(path: string): number | undefined {
  if (path === '' || path === '/') return 0;
  const digits = /^\/(\d{1,5})\/?$/.exec(path)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function refused(problem: string): ParsedRedisUrl {
  return { ok: false, problem: `the Redis URL cannot be used: ${problem}` };
}
