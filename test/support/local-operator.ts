/** The whole operator on a local cluster, with real pods, inside the test's process. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RedisWorkerStatus } from '../../operator/api/redisworker.ts';
import { type KubeObject, refOf, resources } from '../../operator/cluster/cluster.ts';
import { type LocalCluster, openLocalCluster, startNode, startServices } from '../../operator/cluster/local/index.ts';
import type { DefaultRedisTls } from '../../operator/default-redis-tls.ts';
import { type Followed, unchanging } from '../../operator/followed-files.ts';
import { machineLookUp } from '../../operator/dns/lookup.ts';
import { createLog } from '../../operator/observability/log.ts';
import { createMetrics } from '../../operator/observability/metrics.ts';
import { startOperator } from '../../operator/operator.ts';
import type { SharingNamespaces } from '../../operator/redisworker/model/blueprint.ts';
import { parseCanary } from '../../operator/redisworker/network/gate.ts';
import type { DefaultLogin } from '../../operator/redisworker/world.ts';
import type { RedisHosts } from '../../operator/redisworker/network/redis-hosts.ts';
import { keptNodeFolder } from './keeper.ts';
import { startRedis, type TestRedis } from './redis.ts';
import { eventually } from './wait.ts';

const root = join(import.meta.dirname, '../..');

/** A running operator with its node. */
export interface TestOperator {
  readonly cluster: LocalCluster;
  /** Everything the operator, its node and its pods have logged. */
  output(): string;
  status(worker: string): Promise<RedisWorkerStatus>;
  pods(worker: string): Promise<readonly KubeObject[]>;
  /** Waits for a condition of a worker, which may be of another namespace: `namespace/name`. @returns its message */
  told(worker: string, type: string, status: 'True' | 'False', reason?: string, deadlineMs?: number): Promise<string>;
  stop(): Promise<void>;
}

/** What a test says about it. */
export interface TestOperatorOptions {
  /** `host:port`: as if this machine's network might enforce policies. */
  readonly canary?: string;
  /** As if there were a lease. */
  readonly mayWrite?: () => boolean;
  readonly redisUrl?: string;
  readonly redisLogin?: Omit<DefaultLogin, 'tls'>;
  readonly redisSentinelPassword?: string;
  /** All when absent, as on a laptop. */
  readonly defaultRedisNamespaces?: SharingNamespaces;
  readonly redisTls?: DefaultRedisTls;
  readonly redisPassword?: Followed<string>;
  /** As if there were an admin who says this. */
  readonly redisHosts?: RedisHosts;
}

/**
 * Starts it; workers that name no Redis have none, unless one is given.
 */
export async function startTestOperator(
  options: TestOperatorOptions = {},
): Promise<TestOperator> {
  const {
    canary,
    mayWrite = () => true,
    redisUrl,
    redisLogin = {},
    redisSentinelPassword,
    defaultRedisNamespaces = 'All',
    redisTls,
    redisPassword,
    redisHosts,
  } = options;
  const dataDir = keptNodeFolder();
  const lines: string[] = [];
  const log = createLog({ level: 'debug', destination: { write: (text: string) => void lines.push(text) } });
  const cluster = await openLocalCluster({ log, nodeName: 'test' });
  const node = await startNode({
    cluster,
    log,
    nodeName: 'test',
    dataDir,
    imageRoot: root,
    denoPath: join(root, 'node_modules/.bin/deno'),
    searchPath: process.env['PATH'] ?? '',
    backOff: { initialMs: 100, maxMs: 1000 },
    onLog: ({ pod, line }) => lines.push(`${pod.name} | ${line}\n`),
  });
  const stopServices = await startServices({ cluster, portOf: (podUid, port) => node.portOf(podUid, port), log });
  const operator = startOperator({
    cluster: { ...cluster, mayWrite },
    log,
    metrics: createMetrics(),
    redisUrl,
    redisLogin,
    redisSentinelPassword: redisSentinelPassword === undefined ? undefined : unchanging(redisSentinelPassword),
    defaultRedisNamespaces,
    redisTls,
    redisPassword,
    workerImage: 'local',
    policyEnforcement: canary === undefined ? 'None' : 'Unverified',
    canary: canary === undefined ? undefined : parseCanary(canary),
    redisHosts,
    lookUp: machineLookUp(),
    countersEveryMs: 500,
  });
  await operator.started;
  const status = async (name: string) =>
    ((await cluster.get(resources.redisWorkers, refOf(name.includes('/') ? name : `default/${name}`)))?.status ??
      {}) as RedisWorkerStatus;
  return {
    cluster,
    status,
    output: () => lines.join(''),
    pods: async (name) =>
      (await cluster.list(resources.pods)).filter(({ metadata }) => metadata.labels?.['redisworker.dev/name'] === name),
    told: (name, type, wanted, reason, deadlineMs = 45_000) =>
      eventually(`${type} of ${name} is ${wanted} ${reason ?? ''}`, async () => {
        const found = (await status(name)).conditions?.find((one) => one.type === type);
        return found?.status === wanted && (reason === undefined || found.reason === reason) && found.message;
      }, deadlineMs),
    async stop() {
      await operator.stop();
      await node.stop();
      await stopServices();
      await cluster.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** An operator whose workers use a Redis that nobody else does, unless they name another. */
export async function startOperatorOnRedis(): Promise<
  { readonly redis: TestRedis; readonly operator: TestOperator; readonly stop: () => Promise<void> }
> {
  const redis = await startRedis();
  const operator = await startTestOperator({ redisUrl: redis.url });
  return { redis, operator, stop: () => operator.stop().finally(() => redis.stop()) };
}
