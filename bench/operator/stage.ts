/** What the operator is measured on: a control plane of its own with nodes of kwok, a Redis, and the operator's image. */
import { operatorConfiguration } from '../../images/configuration.ts';
import { type ControlPlane, startControlPlane } from '../../test/support/control-plane/control-plane.ts';
import { startKwok } from '../../test/support/control-plane/kwok.ts';
import { freePort, type TestProcess } from '../../test/support/processes.ts';
import { guardPassword, startGuardedRedis, type TestRedis } from '../../test/support/redis.ts';
import { type Api, openApi } from './api.ts';
import type { Programs } from './processors.ts';
import { type OperatorImage, operatorNamespace, ready, writableFolder } from './contained.ts';

/** Everything that runs for one phase of the bench. */
export interface Stage {
  readonly cluster: ControlPlane;
  readonly api: Api;
  readonly redis: TestRedis;
  /** What runs beside the operator. */
  readonly programs: Programs;
  /** @param logLevel what it says beside warnings costs it time */
  startOperator(logLevel?: 'warn' | 'info'): Promise<MeasuredOperator>;
  stop(): Promise<void>;
}

/** The operator under measurement. */
export interface MeasuredOperator extends TestProcess {
  readonly httpUrl: string;
}

/** The operator's name in the audit log. */
export const operatorAccount = `system:serviceaccount:${operatorNamespace}:redisworker-operator`;

const podsPerNode = 250;

/** Starts it all but the operator, with room for so many pods. */
export async function openStage(image: OperatorImage, pods: number): Promise<Stage> {
  const [cluster, redis] = await Promise.all([startControlPlane(), startGuardedRedis()]);
  await image.serve(cluster);
  const kwok = await startKwok(cluster, { nodes: Math.ceil(pods / podsPerNode) + 1 });
  const api = openApi(cluster);
  return {
    cluster,
    api,
    redis,
    programs: { ...cluster.pids(), kwok: kwok.pid, 'redis-server': redis.pid() },
    async startOperator(logLevel = 'warn') {
      const port = await freePort();
      const operator = image.start(command(redis, port, logLevel), {
        env: { REDIS_PASSWORD: guardPassword },
        ...profiled(),
      });
      await ready(operator, port);
      return { ...operator, httpUrl: `http://127.0.0.1:${port}` };
    },
    async stop() {
      api.close();
      await kwok.stop();
      await Promise.all([cluster.stop(), redis.stop()]);
    },
  };
}

/** Asks for the snapshot, where profiles are wanted, and waits until the operator answers again. */
export async function snapshotHeap(operator: MeasuredOperator): Promise<void> {
  if (profileFolder === undefined) return;
  operator.child.kill('SIGUSR2');
  await fetch(`${operator.httpUrl}/healthz`);
}

function command(redis: TestRedis, port: number, logLevel: string): string[] {
  const [node, ...rest] = operatorConfiguration.entrypoint;
  const flags = ['--pod-network', 'Shared', '--log-level', logLevel, '--dns-server', '127.0.0.1:1'];
  return [node, ...profiling(), ...rest, '--http', `127.0.0.1:${port}`, '--redis', redis.url, ...flags];
}

/** BENCH_PROFILE=<folder> leaves a profile of the processor there at the end, and a snapshot of the heap at rest. */
const profileFolder = process.env['BENCH_PROFILE'];

function profiling(): string[] {
  if (profileFolder === undefined) return [];
  return ['--cpu-prof', '--cpu-prof-dir=/profile', '--heapsnapshot-signal=SIGUSR2', '--diagnostic-dir=/profile'];
}

function profiled(): { readonly mounts?: Readonly<Record<string, string>> } {
  return profileFolder === undefined ? {} : { mounts: { '/profile': writableFolder(profileFolder) } };
}
