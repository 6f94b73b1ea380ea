/** Finds out how the pods of a worker log in to their Redis: by what its author gives, or as a user the operator keeps. */
import type { HostPort } from '../../../contract/host-port.ts';
import type { RedisTls } from '../../../contract/redis-tls.ts';
import { without } from '../../redis/acl.ts';
import { RedisFault } from '../../redis/fault.ts';
import type { RedisTarget } from '../../redis/target.ts';
import type { UserManagement } from '../../redis/user-management.ts';
import { passwordsOf, type RedisPasswords, rememberedPasswords } from '../desired/redis-password.ts';
import { redisUser } from '../desired/redis-user.ts';
import type { Blueprint, SharingNamespaces } from '../model/blueprint.ts';
import type { PodLogin } from '../model/observed.ts';
import { type Resolved, terminal } from '../model/problem.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { World } from '../world.ts';

/** What a login on the default Redis follows from. */
export interface LoggingIn {
  readonly blueprint: Blueprint;
  /** The default Redis, as the operator logs in there. */
  readonly target: RedisTarget;
  readonly servers: readonly HostPort[];
  readonly runtimeSecret: KubeObject | undefined;
  /** Keys the spec names that are another worker's. */
  readonly withheld: readonly string[];
  /** What the worker's annotation asks for. */
  readonly rotation: string;
}

/** The login of pods on the operator's default Redis. */
export async function loginToDefault(world: World, logging: LoggingIn): Promise<Resolved<PodLogin>> {
  const { target, servers, blueprint, runtimeSecret } = logging;
  const remembered = rememberedPasswords(runtimeSecret);
  const management = await world.workerUsers.management({ target, servers }).catch((error: unknown) => {
    if (!(error instanceof RedisFault)) throw error;
    return asBefore(runtimeSecret, remembered);
  });
  const { username, password, sentinel, tls } = world.defaults.login;
  if (management.kind === 'managed') return { ok: true, value: ownLogin(world, logging, remembered, management) };
  const { namespace } = blueprint.parent;
  if (!mayShare(world.defaults.defaultRedisNamespaces ?? [], namespace)) return noRedis(management, namespace);
  return {
    ok: true,
    value: {
      kind: 'shared',
      why: management.why,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(sentinel === undefined ? {} : { sentinel }),
      ...(tls === undefined ? {} : { tls }),
    },
  };
}

/** Of a server that does not answer: nothing is changed for it. */
function asBefore(secret: KubeObject | undefined, remembered: RedisPasswords | undefined): UserManagement {
  return secret === undefined || remembered !== undefined
    ? { kind: 'managed', unknown: new Set() }
    : { kind: 'shared', why: 'did not when it was last asked', fix: 'have it answer' };
}

function ownLogin(
  { defaults, clock, freshPassword }: World,
  { blueprint, target, rotation: asked, withheld }: LoggingIn,
  remembered: RedisPasswords | undefined,
  { unknown }: { readonly unknown: ReadonlySet<string> },
): PodLogin {
  const { current, ...kept } = passwordsOf(remembered, {
    now: clock.now(),
    maxAgeMs: defaults.redisPasswordMaxAgeMs,
    asked,
    fresh: freshPassword,
  });
  const passwords = kept.previous === undefined ? [current] : [current, kept.previous];
  const user = without(redisUser(blueprint, { passwords, address: target, withheld }), unknown);
  const login = { username: user.name, password: current };
  const { login: { sentinel, tls }, workerIdentity } = defaults;
  return {
    kind: 'own',
    ...login,
    ...(sentinel?.password === undefined ? {} : { sentinel: login }),
    ...(tls ? { tls: shownBy(workerIdentity, tls) } : {}),
    user,
    kept,
  };
}

/** The operator's own certificate may be all its login: it stays here. */
function shownBy(client: RedisTls['client'], { ca, serverName, minVersion }: RedisTls): RedisTls {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(client ? { client } : {}),
  };
}

function mayShare(namespaces: SharingNamespaces, namespace: string): boolean {
  return namespaces === 'All' || namespaces.includes(namespace);
}

function noRedis({ why, fix }: { why: string; fix: string }, namespace: string): Resolved<never> {
  return {
    ok: false,
    problem: terminal(
      'NoRedis',
      `the operator's default Redis ${why}, so this worker cannot have a login of its own there: ${fix}, have namespace "${namespace}" share the operator's login by --default-redis-namespaces, or give spec.redis.url`,
    ),
  };
}
