/** One Redis: where it is and how to log in, parsed once from what people write. */
import { createHmac, randomBytes } from 'node:crypto';
import { formatHostPort, type HostPort } from '../../contract/host-port.ts';
import { formatRedisAddress, parseRedisAddress, type RedisAddress } from '../../contract/redis-address.ts';
import type { RedisTls } from '../../contract/redis-tls.ts';
import { remembered } from '../remembered.ts';
import type { Reach } from './reach.ts';

/** A Redis database and the login for it. */
export interface RedisTarget extends Omit<RedisAddress, 'tls'> {
  /** ACL user; the server's `default` user when absent. */
  readonly username?: string;
  readonly password?: string;
  /** Login of the Sentinels, which know other users than the servers they watch. */
  readonly sentinel?: { readonly username?: string; readonly password?: string };
  /** Present: speak TLS, and always verify the certificate. */
  readonly tls?: RedisTls;
  /** Present for a server an author has named: dialled within this alone, read within bounds, and never quoted. */
  readonly foreign?: Reach;
  /** What faults name in its place: a server that foreign servers have told of is told by those the author named. */
  readonly namedAs?: Pick<RedisTarget, 'hosts' | 'topology'>;
}

/** A target without login, or the sentence that says what is wrong with the URL. */
export type ParsedRedisUrl =
  | { readonly ok: true; readonly target: RedisTarget }
  | { readonly ok: false; readonly problem: string };

/** Reads the address of a Redis; see contract/redis-address.ts. The problem never repeats the URL. */
export const parseRedisUrl: (text: string) => ParsedRedisUrl = remembered((text) => {
  try {
    const { tls, ...address } = parseRedisAddress(text);
    return { ok: true, target: { ...address, ...(tls ? { tls: {} } : {}) } };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  }
});

/** A Redis as people read it, with each server that is named. */
export function nameOf({ namedAs, ...target }: RedisTarget): string {
  const { hosts, topology } = namedAs ?? target;
  const servers = hosts.map(formatHostPort).join(', ');
  switch (topology.kind) {
    case 'Standalone':
      return `Redis at ${servers}`;
    case 'Sentinel':
      return `Redis "${topology.masterName}" of the Sentinels at ${servers}`;
    case 'Cluster':
      return `Redis Cluster at ${servers}`;
  }
}

/** One server of a Cluster, or of a set behind Sentinels, as a Redis of its own. */
export function serverTarget(target: RedisTarget, server: HostPort): RedisTarget {
  const { hosts, topology, foreign } = target;
  return {
    ...target,
    hosts: [server],
    topology: { kind: 'Standalone' },
    ...(foreign ? { namedAs: { hosts, topology } } : {}),
  };
}

/** One of the Sentinels, with their own login. */
export function sentinelTarget({ sentinel, tls, foreign }: RedisTarget, server: HostPort): RedisTarget {
  return {
    hosts: [server],
    topology: { kind: 'Standalone' },
    db: 0,
    ...sentinel,
    ...(tls ? { tls } : {}),
    ...(foreign ? { foreign } : {}),
  };
}

/** The canonical URL of a target, without credentials: equal for two spellings of one target. */
export function urlOf(target: RedisTarget): string {
  return formatRedisAddress({ ...target, tls: target.tls !== undefined });
}

/** Salted anew by every process, so that a key in a log cannot be used to guess a password. */
const salt = randomBytes(32);

/** Equal for equal targets within this process; contains no password, not even a hash that could be tried offline. */
export function targetKey(target: RedisTarget): string {
  const { password, sentinel, tls, foreign } = target;
  const rest = [
    password,
    sentinel,
    tls?.ca,
    tls?.client?.cert,
    tls?.client?.key,
    tls?.serverName,
    tls?.minVersion,
    foreign,
  ];
  const digest = saltedDigest(JSON.stringify(rest.map((one) => one ?? null)));
  return `${urlOf(target)}#${encodeURIComponent(target.username ?? '')}.${digest}`;
}

/** Of the few logins there are: every look asks for the same ones again. */
const digests = new Map<string, string>();
const maxDigests = 1000;

function saltedDigest(text: string): string {
  const known = digests.get(text);
  if (known !== undefined) return known;
  const digest = createHmac('sha256', salt).update(text).digest('hex').slice(0, 16);
  if (digests.size >= maxDigests) digests.clear();
  digests.set(text, digest);
  return digest;
}
