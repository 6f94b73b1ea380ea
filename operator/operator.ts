/** The operator on any cluster: live copies in, keys through the queue, reconciles out. */
import { randomBytes } from 'node:crypto';
import { generateKey } from '../contract/secrets.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Cluster } from './cluster/cluster.ts';
import { startController } from './controller/controller.ts';
import { WorkQueue } from './controller/work-queue.ts';
import type { DefaultRedisTls, Identity } from './default-redis-tls.ts';
import type { LookUp } from './dns/lookup.ts';
import type { Followed } from './followed-files.ts';
import type { Log } from './observability/log.ts';
import type { Metrics } from './observability/metrics.ts';
import { RedisConnections } from './redis/connections.ts';
import { WorkerUsers } from './redis/worker-users.ts';
import type { ConsentLabel, DeniablePodField, PodNetwork, SharingNamespaces } from './redisworker/model/blueprint.ts';
import type { Block } from './redisworker/network/allow-net/address.ts';
import type { Canary, PolicyEnforcement } from './redisworker/network/gate.ts';
import type { RedisHosts } from './redisworker/network/redis-hosts.ts';
import type { Enqueue } from './redisworker/follow/changes.ts';
import { startFollowing, stopCopies, stopFollowing, synced } from './redisworker/follow/index.ts';
import { reconcile } from './redisworker/reconcile.ts';
import type { DefaultLogin, World } from './redisworker/world.ts';

/** What an operator is started with. */
export interface OperatorOptions {
  readonly cluster: Cluster;
  readonly log: Log;
  readonly metrics: Metrics;
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
  /** Why this process does not reach it; undefined when it does. */
  readonly canaryProblem?: () => string | undefined;
  /** Asks DNS for names outside the cluster the way pods do. */
  readonly lookUp: LookUp;
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
  /** Whether the loopback of pods is their own; shared with this process when absent. */
  readonly podNetwork?: PodNetwork;
  /** Only this namespace; all when undefined. */
  readonly namespace?: string | undefined;
  /** Reconciles that run at once. */
  readonly concurrency?: number;
  readonly clock?: Clock;
}

/** A running operator. */
export interface Operator {
  /** Settles when every live copy is complete and reconciles have begun. */
  readonly started: Promise<void>;
  /** True from then on. */
  isStarted(): boolean;
  /** Ends the reconciles under way after the write they are at; worker pods run on. */
  stop(): Promise<void>;
}

/** All workers are looked at again after this long even if nothing was heard of them. */
const resyncMs = 600_000;

/** Starts the operator; it waits for the CustomResourceDefinition by itself. */
export function startOperator(options: OperatorOptions): Operator {
  const { cluster, log, metrics, clock = systemClock } = options;
  const meter = metrics.queue('redisworker');
  const queue = new WorkQueue({ clock, meter });
  meter.longestRunning(() => queue.longestRunningSeconds);
  const enqueue: Enqueue = (key, why) => (why === 'AsksAnew' ? queue.renew(key) : queue.add(key));
  const login = (): DefaultLogin => ({
    ...options.redisLogin,
    ...(options.redisPassword ? { password: options.redisPassword.current() } : {}),
    ...sentinelLogin(options),
    ...(options.redisTls ? { tls: options.redisTls.current() } : {}),
  });
  const redis = new RedisConnections({
    clock,
    meter: metrics.redis,
    onMoved: (target) => following.redisMembers.doubt(target),
  });
  const workerUsers = new WorkerUsers(redis, clock);
  const following = startFollowing({
    cluster,
    namespace: options.namespace,
    redis,
    workerUsers,
    defaultRedisUrl: options.redisUrl,
    defaultLogin: login,
    lookUp: options.lookUp,
    clock,
    enqueue,
  });
  const world: Omit<World, 'mayWrite'> = {
    cluster,
    following,
    redis,
    workerUsers,
    clock,
    log,
    freshKey: generateKey,
    freshPassword: () => randomBytes(32).toString('base64url'),
    canaryProblem: options.canaryProblem ?? (() => undefined),
    defaults: {
      redisUrl: options.redisUrl,
      image: options.workerImage,
      get login() {
        return login();
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
      podNetwork: options.podNetwork ?? 'Shared',
      policyEnforcement: options.policyEnforcement,
      canary: options.canary,
      searchDomains: options.searchDomains ?? [],
    },
  };
  let controller: ReturnType<typeof startController> | undefined;
  let stopping = false;
  let cancelResync = (): void => undefined;
  const lookAtAll = () => {
    for (const { metadata } of following.copies.workers.list()) {
      queue.add(`${metadata.namespace ?? 'default'}/${metadata.name}`, 'low');
    }
  };
  const followLogin = (what: string, followed: Followed<unknown> | undefined) =>
    followed?.follow(clock, {
      changed() {
        log.info(`the ${what} of the default Redis changed`);
        lookAtAll();
      },
      problem: (problem) => log.warn({ problem }, `a new ${what} of the default Redis is not used`),
    });
  const files = [
    followLogin('certificate', options.redisTls),
    followLogin('certificate of workers', options.redisWorkerIdentity),
    followLogin('password', options.redisPassword),
    followLogin('password of the Sentinels', options.redisSentinelPassword),
  ];
  const resync = () => {
    lookAtAll();
    void following.ciliumPolicies.openIfUsed();
    cancelResync = clock.after(resyncMs * (0.9 + Math.random() * 0.2), resync);
  };
  const started = synced(following).then(() => {
    if (stopping) return;
    controller = startController({
      name: 'redisworker',
      queue,
      clock,
      log,
      reconcile: (key, signal) => reconcile({ ...world, mayWrite: () => !signal.aborted && cluster.mayWrite() }, key),
      concurrency: options.concurrency ?? 8,
      metrics: metrics.controller('redisworker'),
    });
    resync();
    log.info({ workers: following.copies.workers.list().length }, 'the operator reconciles');
  });
  started.catch(() => undefined); // it was stopped before; told to whoever awaits it
  return {
    started,
    isStarted: () => controller !== undefined,
    async stop() {
      stopping = true;
      cancelResync();
      for (const file of files) file?.stop();
      stopCopies(following);
      await controller?.stop();
      await stopFollowing(following);
      redis.close();
    },
  };
}

function sentinelLogin(
  { redisSentinelUsername: username, redisSentinelPassword }: OperatorOptions,
): Pick<DefaultLogin, 'sentinel'> {
  if (username === undefined && redisSentinelPassword === undefined) return {};
  return {
    sentinel: {
      ...(username === undefined ? {} : { username }),
      ...(redisSentinelPassword === undefined ? {} : { password: redisSentinelPassword.current() }),
    },
  };
}
