/** The Hats runtime as a pod runs it: a real Deno, the flags of the contract, a user of its own in Redis. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeConfigHash } from '../../contract/config-hash.ts';
import { endpointKey, hatsWorkerName, scriptKey } from '../../contract/hats.ts';
import { configHashKey, requestStreamKey, responseStreamKey } from '../../contract/keys.ts';
import { env } from '../../contract/pod.ts';
import { freePort, start, type TestProcess } from './processes.ts';
import type { TestRedis } from './redis.ts';

const root = join(import.meta.dirname, '../..');
const deno = join(root, 'node_modules/.bin/deno');

/** What a test says about a worker. */
export interface HatsOptions {
  readonly on: TestRedis;
  readonly type: string;
  /** Name of its cluster [the type]. */
  readonly cluster?: string;
  readonly id?: string;
  /** Entries of spec.permissions.net. */
  readonly net?: readonly string[];
  /** Variables that scripts may read. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly graceSeconds?: number;
  /** Login and password, as the operator gives them. */
  readonly login?: { readonly username: string; readonly password: string };
}

/** A running worker. */
export interface TestHats extends TestProcess {
  /** What it is called in its cluster. */
  readonly name: string;
  readonly hashKey: string;
  /** Where it answers over HTTP. */
  readonly url: string;
  /** What probes are answered by. */
  readonly healthUrl: string;
}

/** Starts a worker; its config hash is written before. */
export async function startHats(options: HatsOptions): Promise<TestHats> {
  const { on, type, cluster = type, id = '1', net = [], variables = {}, graceSeconds = 5, login } = options;
  const folder = mkdtempSync(join(tmpdir(), 'redisworker-hats-'));
  const passwordFile = join(folder, 'redis-password');
  writeFileSync(passwordFile, login?.password ?? '');
  const hashKey = configHashKey(type, id);
  await on.client.hset(
    hashKey,
    encodeConfigHash({
      type,
      consumerId: id,
      requestStream: requestStreamKey(type),
      responseStream: responseStreamKey(type),
      requestLimit: 0,
      denoOptions: [],
      responseStreamLimit: 10_000,
    }),
  );
  const [healthAddress, httpAddress] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const own = Object.values(env);
  const running = start(
    deno,
    [
      ...['run', '--no-prompt', '--no-config', '--no-lock', '--no-remote', '--no-npm'],
      `--allow-net=127.0.0.1:${on.port},${healthAddress},${httpAddress}`,
      '--ignore-env',
      `--allow-env=${[...own, 'PATH', 'HOME', 'DENO_DIR', ...Object.keys(variables)].join(',')}`,
      `--allow-read=${folder}`,
      '--allow-run=deno',
      join(root, 'worker/hats.js'),
      hashKey,
    ],
    {
      env: {
        PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
        HOME: process.env['HOME'],
        [env.redisUrl]: on.url,
        [env.redisPasswordFile]: passwordFile,
        ...(login ? { [env.redisUsername]: login.username } : {}),
        [env.settings]: JSON.stringify({
          cluster,
          found: `${type}:hats:found`,
          graceSeconds,
          net: net.length > 0 ? [`--allow-net=${net.join(',')}`] : [],
        }),
        [env.healthAddress]: healthAddress,
        [env.httpAddress]: httpAddress,
        [env.podUid]: `pod-${id}`,
        ...variables,
      },
    },
  );
  void running.ended.catch(() => undefined).then(() => rmSync(folder, { recursive: true, force: true }));
  const urls = { url: `http://${httpAddress}`, healthUrl: `http://${healthAddress}` };
  return { ...running, ...urls, hashKey, name: hatsWorkerName(type, id) };
}

/** Writes a thread as the tools people have do it: a hang in nanoseconds. */
export async function writeThread(
  { client }: TestRedis,
  cluster: string,
  name: string,
  source: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const key = scriptKey(cluster, 'Threads', name);
  await client.hset(key, {
    Source: source,
    Status: 'enabled',
    State: 'stopped',
    Heartbeat: '0',
    Hang: '10000000',
    DeadSeconds: '5',
    Owner: '',
    Error: '',
    ErrorTime: '',
    ...more,
  });
  return key;
}

/** What a job says beside its name. */
export interface JobFields {
  readonly Cron: string;
  readonly Source: string;
  readonly [field: string]: string;
}

/** Writes a job. */
export async function writeJob(
  { client }: TestRedis,
  cluster: string,
  name: string,
  fields: JobFields,
): Promise<string> {
  const key = scriptKey(cluster, 'Jobs', name);
  const state = { Status: 'enabled', State: 'stopped', Heartbeat: '0', Owner: '', Error: '', ErrorTime: '' };
  await client.hset(key, { ...state, Hang: '100', DeadSeconds: '5', ...fields });
  return key;
}

/** Writes an endpoint. */
export async function writeEndpoint(
  { client }: TestRedis,
  cluster: string,
  path: string,
  source: string,
): Promise<string> {
  const key = endpointKey(cluster, path);
  await client.hset(key, { Source: source, Status: 'enabled' });
  return key;
}
