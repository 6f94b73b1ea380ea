/** The operator of the image, started as a pod's container is, and what it takes: time until it is ready, memory. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { operatorConfiguration } from '../images/configuration.ts';
import { type ControlPlane, startControlPlane } from '../test/support/control-plane/control-plane.ts';
import { freePort, type TestProcess } from '../test/support/processes.ts';
import { startRedis, type TestRedis } from '../test/support/redis.ts';
import { openOperatorImage, operatorNamespace as namespace, ready } from './operator/contained.ts';
import { anonymousMb, residentMb } from './proc.ts';

/** What was measured of one process: ms from its exec until it is ready, MB it takes then without anything to do. */
export interface Resting {
  readonly readyMs: number;
  readonly rssMb: number;
  /** Without pages of files, which processes share. */
  readonly anonymousMb: number;
}

/** A cluster, a Redis, and the files of the operator's image. */
export interface OperatorStage {
  readonly imageBytes: number;
  /** An operator that has no worker. */
  rest(): Promise<Resting>;
  /** Nothing but a server that answers, on the Node of the image. */
  restBareNode(): Promise<Resting>;
  /** One that has so many workers: MB when it has done what they ask for, and the most it ever took. */
  work(workers: number): Promise<{ readonly rssMb: number; readonly mostMb: number }>;
  stop(): Promise<void>;
}

/** Long enough for what was left by the start to be cleared away. */
const settleMs = 10_000;
/** Until so many workers have their objects. */
const workMs = 180_000;

/** Builds and starts what is needed; for root, since the root folder is made another one. */
export async function openOperatorStage(): Promise<OperatorStage> {
  const image = await openOperatorImage();
  const [cluster, redis] = await Promise.all([startControlPlane(), startRedis()]);
  await image.serve(cluster);
  const start = (command: readonly string[]) => image.start(command);
  return {
    imageBytes: image.bytes,
    rest: () => rest(start, (port) => [...operatorConfiguration.entrypoint, ...flags(redis, port)]),
    restBareNode: () => rest(start, (port) => ['/usr/bin/node', '-e', `${bareServer}.listen(${port},'127.0.0.1')`]),
    async work(workers) {
      const port = await freePort();
      const operator = start([...operatorConfiguration.entrypoint, ...flags(redis, port)]);
      try {
        await ready(operator, port);
        await applyWorkers(cluster, workers);
        await settled(cluster, workers);
        await delay(settleMs);
        return { rssMb: residentMb(operator.pid), mostMb: mostMb(operator.pid) };
      } finally {
        await operator.stop();
      }
    },
    async stop() {
      await Promise.all([cluster.stop(), redis.stop()]);
      image.remove();
    },
  };
}

const bareServer = "require('node:http').createServer((_,answer)=>answer.end())";

function flags(redis: TestRedis, port: number): string[] {
  const quiet = [
    '--log-level',
    'warn',
    '--no-leader-elect',
    '--dns-server',
    '127.0.0.1:1',
    '--default-redis-namespaces',
    '*',
  ];
  return ['--http', `127.0.0.1:${port}`, '--redis', redis.url, '--pod-network', 'Shared', ...quiet];
}

async function rest(
  start: (command: readonly string[]) => TestProcess,
  command: (port: number) => readonly string[],
): Promise<Resting> {
  const port = await freePort();
  const begun = performance.now();
  const process = start(command(port));
  try {
    await ready(process, port);
    const readyMs = Math.round(performance.now() - begun);
    await delay(settleMs);
    return { readyMs, rssMb: residentMb(process.pid), anonymousMb: anonymousMb(process.pid) };
  } finally {
    await process.stop();
  }
}

function mostMb(pid: number): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kib) * 1024) / 1e6;
}

async function applyWorkers(cluster: ControlPlane, count: number): Promise<void> {
  const items = Array.from({ length: count }, (_, at) => ({
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name: `worker-${at}`, namespace },
    spec: { source: { inline: 'export default () => 1;' }, consumers: { count: 2 } },
  }));
  const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const { code, stderr } = await cluster.kubectl(['apply', '--server-side', '-f', '-'], { stdin });
  if (code !== 0) throw new Error(stderr);
}

/** Every worker has its Deployments; there is no node for their pods. */
async function settled(cluster: ControlPlane, workers: number): Promise<void> {
  for (const until = Date.now() + workMs; Date.now() < until;) {
    const { stdout } = await cluster.kubectl(['-n', namespace, 'get', 'deployments', '-o', 'name']);
    if (stdout.trim().split('\n').length >= workers * 2) return;
    await delay(1000);
  }
  throw new Error(`${workers} workers have no Deployments after ${workMs / 1000} s`);
}
