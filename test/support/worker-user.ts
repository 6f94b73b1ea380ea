/** The user a worker of a test logs in as: the rules are the product's own. */
import type { Redis } from 'ioredis';
import { env } from '../../contract/pod.ts';
import type { AclUser } from '../../operator/redis/acl.ts';
import { redisUser } from '../../operator/redisworker/desired/redis-user.ts';
import { withSpec, worker } from './gen.ts';
import { observed } from './observed.ts';
import type { TestRedis } from './redis.ts';

/** What the rules of a worker follow from. */
export interface UserOf {
  readonly type: string;
  readonly runtime: 'Handler' | 'Script';
  readonly stream?: { readonly request?: string; readonly response?: string; readonly group?: string };
  readonly deadLetter?: string;
}

/** The user of such a worker. */
export function userOf({ type, runtime, stream = {}, deadLetter }: UserOf): AclUser {
  const handler = deadLetter === undefined ? {} : { deadLetter };
  const object = worker('w', withSpec({ type, runtime, stream, handler }));
  const { spec } = observed({ ...object, metadata: { ...object.metadata, uid: `of-${type}` } });
  return redisUser(spec!.blueprint, {
    passwords: [passwordOf(type)],
    address: { db: 0, topology: { kind: 'Standalone' } },
    withheld: [],
  });
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

async function streamsIn(client: Redis, hashKey: string): Promise<{ request?: string; response?: string }> {
  const [request, response] = await client.hmget(hashKey, 'requestStream', 'responseStream');
  return { ...(request ? { request } : {}), ...(response ? { response } : {}) };
}

function passwordOf(type: string): string {
  return `password of ${type}`;
}
