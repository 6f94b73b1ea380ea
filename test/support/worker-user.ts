/** The user a worker of a test logs in as: the rules are the product's own. */
import type { Redis } from 'ioredis';
import { env } from '../../contract/pod.ts';
import { parseRedisAddress } from '../../contract/redis-address.ts';
import { type AclUser, rulesOf, without } from '../../operator/redis/acl.ts';
import { redisUser } from '../../operator/redisworker/desired/redis-user.ts';
import { withSpec, worker } from './gen.ts';
import { observed } from './observed.ts';
import { type TestRedis, unknownOf } from './redis.ts';

/** What the rules of a worker follow from. */
export interface UserOf {
  readonly type: string;
  readonly runtime: 'Handler' | 'Script';
  readonly stream?: { readonly request?: string; readonly response?: string; readonly group?: string };
  readonly deadLetter?: string;
  /** Where its Redis is; in a Cluster its keys have another prefix. */
  readonly redisUrl?: string;
  /** Commands taken from the rules. */
  readonly denied?: readonly string[];
}

/** The user of such a worker. */
export function userOf({ type, runtime, stream = {}, deadLetter, redisUrl }: UserOf): AclUser {
  const handler = deadLetter === undefined ? {} : { deadLetter };
  const object = worker('w', withSpec({ type, runtime, stream, handler }));
  const defaults = redisUrl === undefined ? {} : { defaults: { redisUrl } };
  const { spec } = observed({ ...object, metadata: { ...object.metadata, uid: `of-${type}` } }, defaults);
  const { db, topology } = parseRedisAddress(redisUrl ?? 'redis://127.0.0.1');
  return redisUser(spec!.blueprint, { passwords: [passwordOf(type)], address: { db, topology }, withheld: [] });
}

/** Makes the user of a worker whose hash may be there. @returns the environment of its pod, without its password's file */
export async function giveUser(
  redis: TestRedis,
  hashKey: string,
  of: UserOf,
): Promise<{ readonly password: string; readonly env: Readonly<Record<string, string>> }> {
  const stream = { ...(redis.isUp() ? await streamsIn(redis.client, hashKey) : {}), ...of.stream };
  const user = userOf({ ...of, stream });
  await redis.addUser(user);
  return { password: passwordOf(of.type), env: { [env.redisUsername]: user.name } };
}

/**
 * Makes the user of a worker at each of several servers.
 * @returns what the options of a worker need to log in as that user
 */
export async function giveUserAt(
  servers: readonly Redis[],
  of: UserOf,
): Promise<{
  readonly env: Readonly<Record<string, string>>;
  readonly secretFiles: Readonly<Record<string, string>>;
}> {
  const user = userOf(of);
  for (const server of servers) {
    const missing = new Set([...await unknownOf(server), ...of.denied ?? []]);
    const rules = rulesOf(without(user, missing));
    await server.call('ACL', 'SETUSER', user.name, ...rules);
  }
  return {
    env: { [env.redisUsername]: user.name, [env.redisPasswordFile]: '<secret>/redis-password' },
    secretFiles: { 'redis-password': passwordOf(of.type) },
  };
}

async function streamsIn(client: Redis, hashKey: string): Promise<{ request?: string; response?: string }> {
  const [request, response] = await client.hmget(hashKey, 'requestStream', 'responseStream');
  return { ...(request ? { request } : {}), ...(response ? { response } : {}) };
}

function passwordOf(type: string): string {
  return `password of ${type}`;
}
