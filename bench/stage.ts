/** The machine as every round finds it: one redis-server on CPU 0, the bench with one worker at a time on CPU 1. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeConfigHash } from '../contract/config-hash.ts';
import { configHashKey } from '../contract/keys.ts';
import {
  env,
  handlerEntry,
  handlerRights,
  type HandlerSettings,
  imageRoot,
  importMapFile,
  v8Flags,
} from '../contract/pod.ts';
import { writeBundles } from '../images/bundle.ts';
import { freePort, start, type TestProcess } from '../test/support/processes.ts';
import { redisServer } from '../test/support/redis.ts';
import { eventually } from '../test/support/wait.ts';
import { RawClient } from './raw-client.ts';
import { requestStream, responseStream, type } from './requests.ts';

const root = new URL('..', import.meta.url).pathname;
const bin = (name: string) => join(root, 'node_modules/.bin', name);
/** The one consumer of most runs; several are called '1', '2' and so on. */
export const consumer = '1';

/** Seconds replies stay, so that they can be counted after a round. */
const keepSeconds = 3600;

/** A redis-server, and the folder of everything the bench writes for a while. */
export interface Stage {
  readonly port: number;
  readonly client: RawClient;
  readonly server: TestProcess;
  readonly folder: string;
  /** True when processes are pinned to CPUs. */
  readonly pinned: boolean;
  /** Such as "Redis 7.0.15". */
  readonly serverName: string;
  stop(): Promise<void>;
}

/** Starts redis-server on a free port, or the program REDIS_SERVER names; keeps nothing on disk. */
export async function openStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'redisworker-bench-'));
  for (const name of ['source', 'secret', 'deno']) mkdirSync(join(folder, name));
  await writeBundles(join(folder, 'image'));
  if (canPin) moveTo(workerCpu);
  const stage = await openServer(redisServer, folder);
  return {
    ...stage,
    async stop() {
      await stage.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Another server on the CPU of the first, for contenders that need more than that one can do; stopped by itself. */
export function openBeside({ folder }: Stage, program: string): Promise<Stage> {
  return openServer(program, folder);
}

async function openServer(program: string, folder: string): Promise<Stage> {
  const port = await freePort();
  const server = onItsOwnCpu(program, [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
  ]);
  const client = await eventually('redis-server answers', () => RawClient.open(port));
  return {
    port,
    client,
    server,
    folder,
    pinned: canPin,
    serverName: serverNameIn(String(await client.command('INFO', 'server'))),
    async stop() {
      client.close();
      await server.stop();
    },
  };
}

/** @param info what INFO answers; Valkey tells a version of Redis too, for clients that know no other */
function serverNameIn(info: string): string {
  const valueOf = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const valkey = valueOf('valkey_version');
  return valkey === undefined ? `Redis ${valueOf('redis_version') ?? 'of an unknown version'}` : `Valkey ${valkey}`;
}

/** Empties Redis and writes the config hashes of the consumers. */
export async function reset(client: RawClient, consumers: readonly string[] = [consumer]): Promise<void> {
  await client.command('FLUSHALL', 'SYNC');
  for (const consumerId of consumers) {
    const config = {
      type,
      consumerId,
      requestStream,
      responseStream,
      requestLimit: 0,
      denoOptions: [],
      replyExpireSeconds: keepSeconds,
      responseStreamLimit: 10_000_000,
    };
    await client.command('HSET', configHashKey(type, consumerId), ...Object.entries(encodeConfigHash(config)).flat());
  }
}

/** What WORKER_SETTINGS says; absent: what a manifest that says nothing leads to. */
export type RuntimeSettings = Partial<HandlerSettings> & {
  readonly replies?: 'Enabled' | 'OnRequest' | 'Disabled';
  readonly responses?: 'All' | 'Failures';
};

/** Which Redis, and how the runtime is set up. */
export interface OursOptions {
  readonly port: number;
  readonly settings?: RuntimeSettings;
  readonly healthPort: number;
  /** Which consumer it is; {@link consumer} when absent. */
  readonly consumerId?: string;
  /** A module of bench/peers. */
  readonly handler?: string;
  /** MiB V8's heap may take; no limit of ours when absent. */
  readonly heapMiB?: number;
}

/** Our runtime as a pod runs it: the image's bundle, the flags of the contract, and a Deno cache that is warm after the first start. */
export function startOurs(
  { folder }: Stage,
  { port, settings = {}, healthPort, consumerId = consumer, handler = 'handler.ts', heapMiB }: OursOptions,
): TestProcess {
  const health = `127.0.0.1:${healthPort}`;
  const source = join(root, 'bench/peers', handler);
  const inImage = (path: string) => join(folder, 'image', path.slice(imageRoot.length));
  const flags = [
    '--no-prompt',
    '--no-config',
    '--no-lock',
    '--no-remote',
    '--no-npm',
    `--v8-flags=${heapMiB === undefined ? '' : `--max-old-space-size=${heapMiB},`}${v8Flags}`,
    `--import-map=${inImage(importMapFile)}`,
    `--allow-net=127.0.0.1:${port},${health}`,
    '--ignore-env',
    `--allow-env=${handlerRights.env.join(',')}`,
    `--allow-read=${join(root, 'bench/peers')}`,
  ];
  const variables = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    DENO_DIR: join(folder, 'deno'),
    DENO_NO_UPDATE_CHECK: '1',
    [env.podUid]: `bench-${consumerId}`,
    [env.redisUrl]: `redis://127.0.0.1:${port}`,
    [env.source]: source,
    [env.healthAddress]: health,
    [env.settings]: JSON.stringify(settings),
  };
  const program = [...flags, ...profiling(), inImage(handlerEntry), configHashKey(type, consumerId)];
  return start(bin('deno'), ['run', ...program], { env: variables });
}

/** A contender of `bench/peers/`, on the runtime it is faster with or made for. */
export function startPeer(runtime: 'deno' | 'node', name: string, ...args: (string | number)[]): TestProcess {
  const command = runtime === 'deno' ? ['run', '-A', '--no-lock'] : [];
  return start(bin(runtime), [...command, join(root, 'bench/peers', name), ...args.map(String)]);
}

/** A proxy in front of Redis, beside the worker, so that the server keeps its CPU as it would behind a network; see delay-proxy.ts. */
export async function startProxy(
  target: number,
  delayMs: number,
): Promise<{ readonly port: number; readonly process: TestProcess }> {
  const port = await freePort();
  const proxy = start(bin('node'), [join(root, 'bench/delay-proxy.ts'), String(port), String(target), String(delayMs)]);
  (await eventually('the proxy listens', () => RawClient.open(port))).close();
  return { port, process: proxy };
}

const [serverCpu, workerCpu] = [0, 1];
const canPin = availableParallelism() > 1 && succeeds('taskset', '-c', '0,1', 'true');

/** This process, and whatever it starts from now on: so a worker needs no program before it that would count as its start. */
function moveTo(cpu: number): void {
  execFileSync('taskset', ['-pc', String(cpu), String(process.pid)], { stdio: 'ignore' });
}

function onItsOwnCpu(command: string, args: readonly string[]): TestProcess {
  return canPin ? start('taskset', ['-c', String(serverCpu), command, ...args]) : start(command, args);
}

/** `BENCH_PROFILE=<folder>` leaves a profile of our runtime there, to be opened in a browser's developer tools. */
function profiling(): string[] {
  const folder = process.env['BENCH_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

function succeeds(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
