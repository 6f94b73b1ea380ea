/** The operator on any cluster: live copies in, keys through the queue, reconciles out. */
import { randomBytes } from 'node:crypto';
import { generateKey } from '../contract/secrets.ts';
import { type Clock, systemClock } from './clock.ts';
import { type Cluster, keyOf } from './cluster/cluster.ts';
import { startController } from './controller/controller.ts';
import { WorkQueue } from './controller/work-queue.ts';
import { defaultsOf, loginOf, type ShapingOptions } from './defaults.ts';
import type { CodeResolver } from './code/resolver.ts';
import type { LookUp } from './dns/lookup.ts';
import type { Followed } from './followed-files.ts';
import type { Log } from './observability/log.ts';
import type { Metrics } from './observability/metrics.ts';
import { type LiveWorker, liveWorker } from './page/live-worker.ts';
import { RedisConnections } from './redis/connections.ts';
import type { RedisTarget } from './redis/target.ts';
import { WorkerUsers } from './redis/worker-users.ts';
import type { Enqueue } from './redisworker/follow/changes.ts';
import { startFollowing, stopCopies, stopFollowing, synced } from './redisworker/follow/index.ts';
import { reconcile } from './redisworker/reconcile.ts';
import { WorkerEventCounts } from './redisworker/follow/worker-events.ts';
import { figuresOf } from './redisworker/status/figures.ts';
import type { World } from './redisworker/world.ts';
import { startResync } from './resync.ts';

/** What an operator is started with. */
export interface OperatorOptions extends ShapingOptions {
  readonly cluster: Cluster;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Why this process does not reach its canary; undefined when it does. */
  readonly canaryProblem?: () => string | undefined;
  /** Asks DNS for names outside the cluster the way pods do. */
  readonly lookUp: LookUp;
  /** Resolves code from elsewhere. */
  readonly code?: CodeResolver | undefined;
  /** Only this namespace; all when undefined. */
  readonly namespace?: string | undefined;
  /** How often counters reach the status, in milliseconds [15000]. */
  readonly countersEveryMs?: number;
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
  /** The workers as they are followed, with what was counted of their responses. */
  workers(): readonly LiveWorker[];
  /** The Redis of a worker by its key; undefined while nothing is read from it. */
  redisOf(worker: string): RedisTarget | undefined;
  /** Ends the reconciles under way after the write they are at; worker pods run on. */
  stop(): Promise<void>;
}

/** All workers are looked at again after this long even if nothing was heard of them, one after the other. */
const resyncMs = 600_000;
const resyncRoundMs = 60_000;

/** Pods of one worker come up by and by, each in some steps; who waits for a worker waits for the last of them. */
const comingUpMs = 1000;

/** Wakes do not wait for looks, however many are under way. */
const urgentConcurrency = 4;

/** Starts the operator; it waits for the CustomResourceDefinition by itself. */
export function startOperator(options: OperatorOptions): Operator {
  const { cluster, log, metrics, clock = systemClock } = options;
  const meter = metrics.queue('redisworker');
  const queue = new WorkQueue({ clock, meter });
  meter.longestRunning(() => queue.longestRunningSeconds);
  const enqueue: Enqueue = (key, why) => {
    if (why === 'AsksAnew') queue.renew(key);
    else if (why === 'ComesUp') queue.addWithin(key, comingUpMs);
    else queue.add(key, why === 'Woken' ? 'high' : 'normal');
  };
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
    defaultLogin: () => loginOf(options),
    lookUp: options.lookUp,
    code: options.code,
    clock,
    countersEveryMs: options.countersEveryMs ?? 15_000,
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
    defaults: defaultsOf(options),
  };
  let controller: ReturnType<typeof startController> | undefined;
  let stopping = false;
  let stopResync = (): void => undefined;
  const keys = () =>
    following.copies.workers.list().map(({ metadata: { namespace = 'default', name } }) => keyOf({ namespace, name }));
  const lookAtAll = () => {
    for (const key of keys()) queue.add(key, 'low');
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
  const resync = () =>
    startResync({
      clock,
      everyMs: resyncMs,
      roundMs: resyncRoundMs,
      keys,
      look(key) {
        following.runtimeSecrets.doubt(key);
        queue.add(key, 'low');
      },
      begins: () => void following.ciliumPolicies.openIfUsed(),
    });
  const begun = clock.now();
  const unseen = new Set<string>();
  const looked = (key: string) => {
    if (!unseen.delete(key) || unseen.size > 0) return;
    log.info({ seconds: (clock.now() - begun) / 1000 }, 'every worker has been looked at');
  };
  const started = synced(following).then(() => {
    if (stopping) return;
    for (const key of keys()) unseen.add(key);
    controller = startController({
      name: 'redisworker',
      queue,
      clock,
      log,
      reconcile: (key, signal) =>
        reconcile({ ...world, mayWrite: () => !signal.aborted && cluster.mayWrite() }, key).finally(() => looked(key)),
      concurrency: options.concurrency ?? 16,
      urgentConcurrency,
      metrics: metrics.controller('redisworker'),
    });
    const counts = new WorkerEventCounts(following.copies);
    metrics.workers(() =>
      following.copies.workers.list().map((worker) => {
        const key = keyOf({ namespace: worker.metadata.namespace ?? 'default', name: worker.metadata.name });
        return figuresOf(worker, following.responses.tally(key), counts.of(key));
      })
    );
    stopResync = resync();
    log.info({ workers: following.copies.workers.list().length }, 'the operator reconciles');
  });
  started.catch(() => undefined); // it was stopped before; told to whoever awaits it
  return {
    started,
    isStarted: () => controller !== undefined,
    workers: () =>
      following.copies.workers.list().map((worker) =>
        liveWorker(worker, following.responses.tally(keyOf(worker.metadata)))
      ),
    redisOf: (worker) => following.responses.target(worker),
    async stop() {
      stopping = true;
      stopResync();
      for (const file of files) file?.stop();
      stopCopies(following);
      await controller?.stop();
      await stopFollowing(following);
      redis.close();
    },
  };
}
