/** What an operator is started with that shapes the objects of its workers. */
import type { DefaultRedisTls, Identity } from './default-redis-tls.ts';
import type { Followed } from './followed-files.ts';
import type { ObjectSettings } from './object-flags.ts';
import type { DefaultRedisSettings } from './redis-settings.ts';
import type {
  ConsentLabel,
  DeniablePodField,
  PodNetwork,
  PodUser,
  SharingNamespaces,
} from './redisworker/model/blueprint.ts';
import type { Block } from './redisworker/network/allow-net/address.ts';
import type { Canary, PolicyEnforcement } from './redisworker/network/gate.ts';
import type { RedisHosts } from './redisworker/network/redis-hosts.ts';
import type { DefaultLogin, World } from './redisworker/world.ts';

/** The part of the options of an operator. */
export interface ShapingOptions {
  /** Redis of workers that name none, and the login for it. */
  readonly redisUrl: string | undefined;
  readonly redisLogin: Omit<DefaultLogin, 'tls'>;
  /** Its password, when that may change while the operator runs; the one of `redisLogin` when absent. */
  readonly redisPassword?: Followed<string> | undefined;
  /** Login of its Sentinels, when it is behind some. */
  readonly redisSentinelUsername?: string | undefined;
  readonly redisSentinelPassword?: Followed<string> | undefined;
  /** How its certificate is checked and what it is shown; by the system's authorities when absent. */
  readonly redisTls?: DefaultRedisTls | undefined;
  /** What workers with a user of their own show it; nothing when absent. */
  readonly redisWorkerIdentity?: Followed<Identity> | undefined;
  /** Image of worker pods that name none. */
  readonly workerImage: string;
  readonly policyEnforcement: PolicyEnforcement;
  /** Search domains of the nodes; none when absent. */
  readonly searchDomains?: readonly string[];
  /** What a closed network refuses, as pods dial it; undefined verifies nothing. */
  readonly canary?: Canary | undefined;
  /** Blocks of pods, Services and nodes that no name outside opens; private ones need not be named. */
  readonly clusterBlocks?: readonly Block[];
  /** Fields of spec.pod no worker may set; none when absent. */
  readonly deniedPodFields?: readonly DeniablePodField[];
  /** Namespaces whose workers may have the operator's login where none gets one of its own; none when absent. */
  readonly defaultRedisNamespaces?: SharingNamespaces | undefined;
  /** Age in milliseconds at which a worker's own password is replaced; never when absent. */
  readonly redisPasswordMaxAgeMs?: number | undefined;
  /** What the admin says of the hosts of spec.redis; every host is taken when absent. */
  readonly redisHosts?: RedisHosts | undefined;
  /** Label demanded of every Secret a spec refers to; none when absent. */
  readonly secretConsent?: ConsentLabel | undefined;
  /** Addresses of the registries of npm and JSR; the public ones when absent. */
  readonly registries?: { readonly npm?: string; readonly jsr?: string } | undefined;
  /** Whether the loopback of pods is their own; shared with this process when absent. */
  readonly podNetwork?: PodNetwork;
  /** Whom pods run as; the user of the image when absent. */
  readonly podUser?: PodUser;
}

/** The options of an operator on a cluster, from its flags. */
export function shapingOptions(settings: DefaultRedisSettings & ObjectSettings): Omit<ShapingOptions, 'redisHosts'> {
  const { redisUsername: username } = settings;
  return {
    redisUrl: settings.redisUrl,
    redisLogin: username === undefined ? {} : { username },
    redisPassword: settings.redisPassword,
    redisSentinelUsername: settings.redisSentinelUsername,
    redisSentinelPassword: settings.redisSentinelPassword,
    redisTls: settings.redisTls,
    redisWorkerIdentity: settings.redisWorkerIdentity,
    defaultRedisNamespaces: settings.defaultRedisNamespaces,
    redisPasswordMaxAgeMs: settings.redisPasswordMaxAgeMs,
    workerImage: settings.workerImage,
    policyEnforcement: 'Unverified',
    searchDomains: settings.searchDomains,
    canary: settings.canary,
    clusterBlocks: settings.clusterBlocks,
    deniedPodFields: settings.deniedPodFields,
    secretConsent: settings.secretConsent,
    podNetwork: settings.podNetwork,
    podUser: settings.podUser,
  };
}

/** What a spec may leave open; what stands in files is as it is now at every look. */
export function defaultsOf(options: ShapingOptions): World['defaults'] {
  return {
    redisUrl: options.redisUrl,
    image: options.workerImage,
    get login() {
      return loginOf(options);
    },
    get workerIdentity() {
      return options.redisWorkerIdentity?.current();
    },
    clusterBlocks: options.clusterBlocks ?? [],
    deniedPodFields: options.deniedPodFields ?? [],
    defaultRedisNamespaces: options.defaultRedisNamespaces ?? [],
    redisPasswordMaxAgeMs: options.redisPasswordMaxAgeMs,
    redisHosts: options.redisHosts,
    secretConsent: options.secretConsent,
    registries: options.registries,
    podNetwork: options.podNetwork ?? 'Shared',
    podUser: options.podUser ?? 'Image',
    policyEnforcement: options.policyEnforcement,
    canary: options.canary,
    searchDomains: options.searchDomains ?? [],
  };
}

/** The login of the default Redis, as it is now. */
export function loginOf(options: ShapingOptions): DefaultLogin {
  return {
    ...options.redisLogin,
    ...(options.redisPassword ? { password: options.redisPassword.current() } : {}),
    ...sentinelLogin(options),
    ...(options.redisTls ? { tls: options.redisTls.current() } : {}),
  };
}

function sentinelLogin(
  { redisSentinelUsername: username, redisSentinelPassword }: ShapingOptions,
): Pick<DefaultLogin, 'sentinel'> {
  if (username === undefined && redisSentinelPassword === undefined) return {};
  return {
    sentinel: {
      ...(username === undefined ? {} : { username }),
      ...(redisSentinelPassword === undefined ? {} : { password: redisSentinelPassword.current() }),
    },
  };
}
