/** Finds out where a worker's Redis is and how it is logged in to. */
import { formatHostPort, type HostPort } from '../../../contract/host-port.ts';
import { parseRedisUrl, type RedisTarget } from '../../redis/target.ts';
import { redisEntry } from '../network/allow-net/deno-flags.ts';
import type { Topology } from '../network/allow-net/topology.ts';
import { hostRefusal, type HostSurroundings, reachOf } from '../network/redis-hosts.ts';
import { canonicalServers, type RedisServer, whichMember, whichServer } from '../network/redis-servers.ts';
import type { Blueprint } from '../model/blueprint.ts';
import { redisOnLoopback } from '../plan/problems.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { ForeignKey, RedisAccess, RedisEndpoint, Referred } from '../model/observed.ts';
import { type Problem, type Resolved, terminal } from '../model/problem.ts';
import { readRedisTls } from './redis-tls.ts';
import { readSecretKey } from './secret-keys.ts';
import { annotations } from '../model/names.ts';
import type { DefaultLogin, World } from '../world.ts';
import { loginToDefault } from './redis-login.ts';

const noRedis = terminal(
  'NoRedis',
  'spec.redis.url is not given and the operator has no default Redis: give spec.redis.url, or start the operator with --redis',
);

/** The servers the worker's Redis is named by; none when its URL is not one, which {@link endpointOf} tells. */
export function namedServers(redisUrl: string | undefined): readonly HostPort[] {
  const url = parseRedisUrl(redisUrl ?? '');
  return url.ok ? url.target.hosts : [];
}

/** Where the Redis is. @param servers all of them, with the addresses of those that are names outside the cluster */
export function endpointOf({ redisUrl }: Blueprint, servers: readonly RedisServer[]): Resolved<RedisEndpoint> {
  if (redisUrl === undefined) return { ok: false, problem: noRedis };
  const url = parseRedisUrl(redisUrl);
  if (!url.ok) return { ok: false, problem: terminal('InvalidRedisUrl', `spec.redis.url: ${url.problem}`) };
  for (const server of url.target.hosts) {
    const entry = redisEntry(server);
    if (!entry.ok) return { ok: false, problem: terminal('InvalidRedisUrl', `spec.redis.url: ${entry.problem}`) };
  }
  return { ok: true, value: { url: redisUrl, target: url.target, servers } };
}

interface Looking {
  readonly blueprint: Blueprint;
  readonly endpoint: Resolved<RedisEndpoint>;
  readonly topology: Topology;
  readonly referred: Referred[];
  /** What the spec names that is another worker's. */
  readonly foreignKeys: readonly ForeignKey[];
  /** The worker, and the Secret that remembers its password. */
  readonly object: KubeObject;
  readonly runtimeSecret: KubeObject | undefined;
}

/** The target of a worker's connections, with the login its spec refers to. @throws ClusterError */
export async function observeAccess(world: World, looking: Looking): Promise<Resolved<RedisAccess>> {
  const { endpoint } = looking;
  if (!endpoint.ok) return endpoint;
  const reach = ownReach(world, looking, endpoint.value);
  if (!reach.ok) return reach;
  const { target } = endpoint.value;
  if (looking.blueprint.redis) {
    const login = await readLogin(world, looking, looking.blueprint.redis);
    if (!login.ok) return login;
    const given = login.value;
    return {
      ok: true,
      value: { target: { ...target, ...given, ...reach.value }, login: { kind: 'author', ...given } },
    };
  }
  return accessToDefault(world, looking, { ...endpoint.value, target: { ...target, ...world.defaults.login } });
}

async function accessToDefault(
  world: World,
  { blueprint, object: { metadata }, runtimeSecret, foreignKeys }: Looking,
  { target, servers }: RedisEndpoint,
): Promise<Resolved<RedisAccess>> {
  const rotation = metadata.annotations?.[annotations.rotateRedisPassword] ?? '';
  const withheld = foreignKeys.map(({ key }) => key);
  const login = await loginToDefault(world, { blueprint, target, servers, runtimeSecret, rotation, withheld });
  return login.ok ? { ok: true, value: { target, login: login.value } } : login;
}

/** Which of the servers a worker may have: all that are named, and the members nothing speaks against. */
export interface JudgedMembers {
  readonly servers: readonly RedisServer[];
  /** Why another member is none of them. */
  readonly refusal: Problem | undefined;
}

/** Judges the members an author's Redis has named: one that is refused is opened for nobody. */
export function judgedMembers(
  world: World,
  { blueprint, topology, named, servers }: {
    readonly blueprint: Blueprint;
    readonly topology: Topology;
    readonly named: readonly HostPort[];
    readonly servers: readonly RedisServer[];
  },
): JudgedMembers {
  const around = blueprint.redis && surroundingsOf(world, blueprint, topology);
  if (!around) return { servers, refusal: undefined };
  const isNamed = (server: HostPort) => named.some((other) => formatHostPort(other) === formatHostPort(server));
  const refused = servers.filter((server) => !isNamed(server)).flatMap((server) => {
    const refusal = hostRefusal(server, around);
    return refusal === undefined ? [] : [{ server, refusal: `${whichMember(server, 'author')} ${refusal}` }];
  });
  return {
    servers: servers.filter((server) => !refused.some((one) => one.server === server)),
    refusal: refused[0] && terminal('RedisHostRefused', refused[0].refusal),
  };
}

/** What hosts are judged by; undefined where there is no admin to say so. */
function surroundingsOf(
  { defaults, following }: World,
  { podNetwork }: Blueprint,
  topology: Topology,
): HostSurroundings | undefined {
  const { redisHosts: hosts, redisUrl } = defaults;
  return hosts && {
    hosts,
    topology,
    defaultRedis: canonicalServers([...namedServers(redisUrl), ...following.redisMembers.ofDefault()]),
    sharesLoopback: podNetwork === 'Shared',
  };
}

/** Judged before anything is dialled: the operator stands where authors do not. */
function ownReach(
  world: World,
  { blueprint, endpoint, topology }: Looking,
  { target, servers }: RedisEndpoint,
): Resolved<Pick<RedisTarget, 'foreign'>> {
  if (!blueprint.redis) return { ok: true, value: {} };
  const [onLoopback] = redisOnLoopback(blueprint, endpoint);
  if (onLoopback) return { ok: false, problem: onLoopback };
  const around = surroundingsOf(world, blueprint, topology);
  if (!around) return { ok: true, value: { foreign: { closed: [] } } };
  for (const server of servers) {
    const refusal = hostRefusal(server, around);
    if (refusal === undefined) continue;
    const subject = whichServer(server, target, 'author');
    return { ok: false, problem: terminal('RedisHostRefused', `${subject} ${refusal}`) };
  }
  return { ok: true, value: { foreign: reachOf(servers, around) } };
}

async function readLogin(
  world: World,
  looking: Looking,
  redis: NonNullable<Blueprint['redis']>,
): Promise<Resolved<DefaultLogin>> {
  const password = await readSecretKey(world, looking, redis.passwordSecretRef, {
    field: 'spec.redis.passwordSecretRef',
    as: 'values',
  });
  if (!password.ok) return password;
  const sentinel = redis.sentinel && await readSentinelLogin(world, looking, redis.sentinel);
  if (sentinel?.ok === false) return sentinel;
  const tls = redis.tls ? await readRedisTls(world, looking, redis.tls) : undefined;
  if (tls?.ok === false) return tls;
  return {
    ok: true,
    value: {
      ...(redis.username === undefined ? {} : { username: redis.username }),
      ...(password.value === undefined ? {} : { password: password.value }),
      ...(sentinel === undefined ? {} : { sentinel: sentinel.value }),
      ...(tls === undefined ? {} : { tls: tls.value }),
    },
  };
}

async function readSentinelLogin(
  world: World,
  looking: Looking,
  { username, passwordSecretRef }: NonNullable<NonNullable<Blueprint['redis']>['sentinel']>,
): Promise<Resolved<NonNullable<DefaultLogin['sentinel']>>> {
  const password = await readSecretKey(world, looking, passwordSecretRef, {
    field: 'spec.redis.sentinel.passwordSecretRef',
    as: 'values',
  });
  if (!password.ok) return password;
  return {
    ok: true,
    value: {
      ...(username === undefined ? {} : { username }),
      ...(password.value === undefined ? {} : { password: password.value }),
    },
  };
}
