/** Finds out where a worker's Redis is and how it is logged in to. */
import { parseRedisUrl, type RedisTarget } from '../../redis/target.ts';
import { redisEntry } from '../network/allow-net/deno-flags.ts';
import type { Topology } from '../network/allow-net/topology.ts';
import { hostRefusal, type HostSurroundings, reachOf } from '../network/redis-hosts.ts';
import type { Blueprint } from '../model/blueprint.ts';
import { redisOnLoopback } from '../plan/problems.ts';
import type { RedisAccess, RedisEndpoint, Referred } from '../model/observed.ts';
import { type Resolved, terminal } from '../model/problem.ts';
import { readRedisTls } from './redis-tls.ts';
import { readSecretKey } from './secret-keys.ts';
import type { DefaultLogin, World } from '../world.ts';

const noRedis = terminal(
  'NoRedis',
  'spec.redis.url is not given and the operator has no default Redis: give spec.redis.url, or start the operator with --redis',
);

/** Where the Redis is. @param addresses of its host, when that is a name outside the cluster */
export function endpointOf({ redisUrl }: Blueprint, addresses: readonly string[]): Resolved<RedisEndpoint> {
  if (redisUrl === undefined) return { ok: false, problem: noRedis };
  const url = parseRedisUrl(redisUrl);
  if (!url.ok) return { ok: false, problem: terminal('InvalidRedisUrl', `spec.redis.url: ${url.problem}`) };
  const entry = redisEntry(url.target.hosts[0]);
  if (!entry.ok) return { ok: false, problem: terminal('InvalidRedisUrl', `spec.redis.url: ${entry.problem}`) };
  return { ok: true, value: { url: redisUrl, target: url.target, addresses } };
}

interface Looking {
  readonly blueprint: Blueprint;
  readonly endpoint: Resolved<RedisEndpoint>;
  readonly topology: Topology;
  readonly referred: Referred[];
}

/** The target of a worker's connections, with the login its spec refers to. @throws ClusterError */
export async function observeAccess(world: World, looking: Looking): Promise<Resolved<RedisAccess>> {
  const { endpoint } = looking;
  if (!endpoint.ok) return endpoint;
  const reach = ownReach(world, looking, endpoint.value);
  if (!reach.ok) return reach;
  const login = await readLogin(world, looking);
  return login.ok
    ? { ok: true, value: { target: { ...endpoint.value.target, ...login.value, ...reach.value } } }
    : login;
}

/** Judged before anything is dialled: the operator stands where authors do not. */
function ownReach(
  { defaults }: World,
  { blueprint, endpoint, topology }: Looking,
  { target, addresses }: RedisEndpoint,
): Resolved<Pick<RedisTarget, 'foreign'>> {
  if (!blueprint.redis) return { ok: true, value: {} };
  const [onLoopback] = redisOnLoopback(blueprint, endpoint);
  if (onLoopback) return { ok: false, problem: onLoopback };
  const { redisHosts: hosts } = defaults;
  if (!hosts) return { ok: true, value: { foreign: { closed: [] } } };
  const parsed = parseRedisUrl(defaults.redisUrl ?? '');
  const around: HostSurroundings = {
    hosts,
    topology,
    defaultRedis: parsed.ok ? parsed.target.hosts[0] : undefined,
    sharesLoopback: blueprint.podNetwork === 'Shared',
  };
  const { hosts: [{ host, port }] } = target;
  const refusal = hostRefusal({ host, port, addresses }, around);
  return refusal === undefined
    ? { ok: true, value: { foreign: reachOf({ host, port, addresses }, around) } }
    : { ok: false, problem: terminal('RedisHostRefused', `spec.redis.url ${refusal}`) };
}

async function readLogin(world: World, looking: Looking): Promise<Resolved<DefaultLogin>> {
  const { redis } = looking.blueprint;
  if (!redis) return { ok: true, value: world.defaults.login };
  const password = await readSecretKey(world, looking, redis.passwordSecretRef, {
    field: 'spec.redis.passwordSecretRef',
    as: 'values',
  });
  if (!password.ok) return password;
  const tls = redis.tls ? await readRedisTls(world, looking, redis.tls) : undefined;
  if (tls?.ok === false) return tls;
  return {
    ok: true,
    value: {
      ...(redis.username === undefined ? {} : { username: redis.username }),
      ...(password.value === undefined ? {} : { password: password.value }),
      ...(tls === undefined ? {} : { tls: tls.value }),
    },
  };
}
