/** Finds out where a worker's Redis is and how it is logged in to. */
import { withoutLineEnds } from '../../../contract/secrets.ts';
import { type KubeObject, resources } from '../../cluster/cluster.ts';
import { parseRedisUrl, type RedisTarget } from '../../redis/target.ts';
import { redisEntry } from '../network/allow-net/deno-flags.ts';
import type { Blueprint } from '../model/blueprint.ts';
import { readNamed } from './references.ts';
import type { RedisAccess, RedisEndpoint, Referred } from '../model/observed.ts';
import { missing, type Resolved, terminal } from '../model/problem.ts';
import { refusedSecret, type SecretUse } from './secret-rules.ts';
import type { World } from '../world.ts';

const noRedis = terminal(
  'NoRedis',
  'spec.redis.url is not given and the operator has no default Redis: give spec.redis.url, or start the operator with --redis',
);

/** Where the Redis is. @param addresses of its host, when that is a name outside the cluster */
export function endpointOf({ redisUrl }: Blueprint, addresses: readonly string[]): Resolved<RedisEndpoint> {
  if (redisUrl === undefined) return { ok: false, problem: noRedis };
  const url = parseRedisUrl(redisUrl);
  if (!url.ok) return { ok: false, problem: terminal('InvalidRedisUrl', `spec.redis.url: ${url.problem}`) };
  const entry = redisEntry(url.target);
  if (!entry.ok) return { ok: false, problem: terminal('InvalidRedisUrl', `spec.redis.url: ${entry.problem}`) };
  return { ok: true, value: { url: redisUrl, target: url.target, addresses } };
}

interface Looking {
  readonly blueprint: Blueprint;
  readonly endpoint: Resolved<RedisEndpoint>;
  readonly referred: Referred[];
}

/** The target of a worker's connections, with the login its spec refers to. @throws ClusterError */
export async function observeAccess(world: World, looking: Looking): Promise<Resolved<RedisAccess>> {
  const { endpoint } = looking;
  if (!endpoint.ok) return endpoint;
  const login = await readLogin(world, looking);
  return login.ok ? { ok: true, value: { target: { ...endpoint.value.target, ...login.value } } } : login;
}

type Login = Pick<RedisTarget, 'username' | 'password' | 'tls'>;

async function readLogin(world: World, looking: Looking): Promise<Resolved<Login>> {
  const { redis } = looking.blueprint;
  if (!redis) return { ok: true, value: world.defaults.login };
  const password = await readKey(world, looking, redis.passwordSecretRef, {
    field: 'spec.redis.passwordSecretRef',
    as: 'values',
  });
  if (!password.ok) return password;
  const ca = await readKey(world, looking, redis.tls?.caSecretRef, {
    field: 'spec.redis.tls.caSecretRef',
    as: 'certificate',
  });
  if (!ca.ok) return ca;
  return {
    ok: true,
    value: {
      ...(redis.username === undefined ? {} : { username: redis.username }),
      ...(password.value === undefined ? {} : { password: password.value }),
      ...(ca.value === undefined ? {} : { tls: { ca: ca.value } }),
    },
  };
}

async function readKey(
  world: World,
  looking: Looking,
  ref: { name: string; key: string } | undefined,
  use: Omit<SecretUse, 'key'>,
): Promise<Resolved<string | undefined>> {
  if (!ref) return { ok: true, value: undefined };
  const { namespace } = looking.blueprint.parent;
  const secret = await readNamed(world.following.references, looking.referred, resources.secrets, {
    namespace,
    name: ref.name,
  });
  if (!secret.ok) return secret;
  if (!secret.value) {
    return {
      ok: false,
      problem: missing(
        'SecretNotFound',
        `Secret "${ref.name}" of ${use.field} does not exist: create it in namespace "${namespace}" with the key "${ref.key}"`,
      ),
    };
  }
  const refused = refusedSecret(secret.value, { ...use, key: ref.key }, world.defaults.secretConsent);
  if (refused) return { ok: false, problem: refused };
  const value = textOf(secret.value, ref.key);
  if (value === undefined) {
    return {
      ok: false,
      problem: missing('SecretKeyNotFound', `Secret "${ref.name}" of ${use.field} has no key "${ref.key}": add it`),
    };
  }
  return { ok: true, value };
}

/** Text of a key. */
function textOf(secret: KubeObject, key: string): string | undefined {
  const base64 = ((secret.data ?? {}) as Record<string, string>)[key];
  return base64 === undefined ? undefined : withoutLineEnds(Buffer.from(base64, 'base64').toString('utf8'));
}
