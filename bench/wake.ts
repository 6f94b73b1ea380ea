/**
 * From a request to a sleeping worker: `npm run bench:wake` measures, on this machine and against a Redis of its own,
 * how soon the reply comes in local mode, and how soon one of a thousand workers is scaled up on a cluster without
 * nodes. Writes bench/results/wake.json.
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { replyListKey, requestStreamKey } from '../contract/keys.ts';
import { encodeRequest } from '../contract/request.ts';
import { openLocalCluster } from '../operator/cluster/local/index.ts';
import { type KubeObject, resources } from '../operator/cluster/cluster.ts';
import { machineLookUp } from '../operator/dns/lookup.ts';
import { createLog } from '../operator/observability/log.ts';
import { createMetrics } from '../operator/observability/metrics.ts';
import { startOperator } from '../operator/operator.ts';
import { deploymentView } from '../operator/redisworker/model/children.ts';
import { withSpec, worker } from '../test/support/gen.ts';
import { startTestOperator } from '../test/support/local-operator.ts';
import { startRedis } from '../test/support/redis.ts';
import { eventually } from '../test/support/wait.ts';

const [replies, workers, decisions] = [15, 1000, 300];
const patience = 600_000;

const redis = await startRedis();
try {
  const local = await localWakes();
  await redis.client.flushall();
  const decided = await wakeDecisions();
  const results = {
    measured: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    figures: {
      localWakeMsP50: quantile(local, 0.5),
      localWakeMsMax: quantile(local, 1),
      idleWorkers: workers,
      wakeDecisionMsP50: quantile(decided, 0.5),
      wakeDecisionMsP99: quantile(decided, 0.99),
    },
  };
  const text = `${JSON.stringify(results, undefined, 2)}\n`;
  writeFileSync(new URL('results/wake.json', import.meta.url), text);
  process.stdout.write(text);
} finally {
  await redis.stop();
}

/** From XADD to the reply of a worker of which no process runs. */
async function localWakes(): Promise<number[]> {
  const operator = await startTestOperator({ redisUrl: redis.url });
  try {
    await operator.cluster.apply(sleeper('local', 1), 'user');
    const taken: number[] = [];
    while (taken.length < replies) {
      await operator.told('local', 'Ready', 'True', 'ScaledToZero');
      await eventually('nothing runs', async () => (await operator.pods('local')).length === 0, patience);
      const ref = randomUUID();
      const begin = performance.now();
      await request('local', ref);
      if (await redis.client.blpop(replyListKey(ref), 60) === null) throw new Error('no reply came');
      taken.push(performance.now() - begin);
    }
    return taken;
  } finally {
    await operator.stop();
  }
}

/** From XADD to the write that scales the worker up, one worker after the other. */
async function wakeDecisions(): Promise<number[]> {
  const log = createLog({ level: 'warn' });
  const cluster = await openLocalCluster({ log, nodeName: 'none' });
  const operator = startOperator({
    cluster,
    log,
    metrics: createMetrics(),
    redisUrl: redis.url,
    redisLogin: {},
    workerImage: 'local',
    policyEnforcement: 'None',
    canary: undefined,
    defaultRedisNamespaces: 'All',
    lookUp: machineLookUp(),
  });
  try {
    await operator.started;
    const names = Array.from({ length: workers }, (_, at) => `w${at}`);
    for (const name of names) await cluster.apply(sleeper(name, 3600), 'user');
    await eventually(
      'all sleep',
      async () =>
        (await cluster.list(resources.redisWorkers)).filter(({ status }) =>
          (status as { autoscale?: { wanted: number } } | undefined)?.autoscale?.wanted === 0
        ).length === workers,
      patience,
    );
    const scaled = new Map<string, (at: number) => void>();
    cluster.follow(resources.deployments).onChange((_, changed: KubeObject) => {
      if (deploymentView(changed).replicas > 0) scaled.get(changed.metadata.name)?.(performance.now());
    });
    const taken: number[] = [];
    for (const name of names.slice(0, decisions)) {
      const scaledUp = new Promise<number>((resolve) => scaled.set(`${name}-1`, resolve));
      const begin = performance.now();
      await request(name, randomUUID());
      taken.push(await scaledUp - begin);
    }
    return taken;
  } finally {
    await operator.stop();
    await cluster.close();
  }
}

function sleeper(name: string, idleSeconds: number): KubeObject {
  return worker(name, withSpec({ consumers: { autoscale: { max: 3, backlogPerConsumer: 10, idleSeconds } } }));
}

function request(type: string, ref: string): Promise<unknown> {
  return redis.client.xadd(
    requestStreamKey(type),
    '*',
    ...Object.entries(encodeRequest(ref, type, '{}')).flat(),
  );
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const at = Math.min(Math.ceil(share * sorted.length), sorted.length) - 1;
  return Math.round((sorted[Math.max(at, 0)] ?? NaN) * 10) / 10;
}
