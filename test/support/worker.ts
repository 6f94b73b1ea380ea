/** The Handler runtime as a pod runs it: a real Deno, the flags of the contract, files in a temporary folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cluster, Redis } from 'ioredis';
import { encodeConfigHash, type WorkerConfig } from '../../contract/config-hash.ts';
import { formatHostPort } from '../../contract/host-port.ts';
import { configHashKey, keyPrefix, requestStreamKey, responseStreamKey } from '../../contract/keys.ts';
import { env, handlerRights, type HandlerSettings } from '../../contract/pod.ts';
import { parseRedisAddress } from '../../contract/redis-address.ts';
import { freePort, start, type TestProcess } from './processes.ts';
import type { TestRedis } from './redis.ts';
import { giveUser } from './worker-user.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const deno = join(root, 'node_modules/.bin/deno');

/** What a test says about a worker; everything else is as the operator would write it. */
export interface WorkerOptions {
  readonly type: string;
  /** Text of the handler module. */
  readonly module: string;
  /**
   * Its Redis, where it gets a user of its own, as the operator would make it, unless `env` names another one. Absent
   * for a set of servers, which `redisUrl` names.
   */
  readonly on?: TestRedis;
  /** Another way to that Redis. */
  readonly redisUrl?: string;
  readonly settings?: Partial<HandlerSettings>;
  readonly podUid?: string;
  /** The stdin line with the key. */
  readonly stdin?: string;
  /** Further environment variables of the pod. */
  readonly env?: Readonly<Record<string, string>>;
  /** Texts of files in the secret folder, by name; `env` may name them as `<secret>/name`. */
  readonly secretFiles?: Readonly<Record<string, string>>;
  /** A command line that runs the runtime's, as `['unshare', '--pid', '--fork']`. */
  readonly wrapper?: readonly string[];
  /** Allow-net entries beside Redis and the health endpoint. */
  readonly net?: readonly string[];
}

/** A running worker. */
export interface TestWorker extends TestProcess {
  readonly hashKey: string;
  readonly healthUrl: string;
}

/** Writes the config hash of consumer `1` of a type, as the operator does. */
export async function writeHash(
  client: Redis | Cluster,
  type: string,
  more: Partial<WorkerConfig> = {},
): Promise<string> {
  const prefix = client.isCluster ? keyPrefix(type, { kind: 'Cluster' }) : type;
  const config: WorkerConfig = {
    type,
    consumerId: '1',
    requestStream: requestStreamKey(prefix),
    responseStream: responseStreamKey(prefix),
    requestLimit: 0,
    denoOptions: [],
    ...more,
  };
  const key = configHashKey(prefix, config.consumerId);
  await client.hset(key, encodeConfigHash(config));
  return key;
}

/** Starts the runtime; the config hash is the test's to write. Its files go when the process has ended. */
export async function startWorker(options: WorkerOptions, consumerId = '1'): Promise<TestWorker> {
  const folder = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
  const [source, secret] = [join(folder, 'source'), join(folder, 'secret')];
  mkdirSync(source);
  mkdirSync(secret);
  writeFileSync(join(source, 'worker.ts'), options.module);
  const redisUrl = options.redisUrl ?? options.on?.url ?? '';
  const { hosts, topology } = parseRedisAddress(redisUrl);
  const hashKey = configHashKey(keyPrefix(options.type, topology), consumerId);
  const login = await loginOf(options, hashKey);
  const files = { ...login.files, ...options.secretFiles };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(secret, name), text);
  const healthAddress = `127.0.0.1:${await freePort()}`;
  const variables = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    [env.redisUrl]: redisUrl,
    [env.source]: join(source, 'worker.ts'),
    [env.sourceDigest]: 'sha256-test',
    [env.settings]: JSON.stringify(options.settings ?? {}),
    [env.healthAddress]: healthAddress,
    [env.podUid]: options.podUid ?? 'pod-1',
    ...Object.fromEntries(
      Object.entries({ ...login.env, ...options.env }).map((
        [name, value],
      ) => [name, value.replace('<secret>', secret)]),
    ),
  };
  const net = [...hosts.map(formatHostPort), healthAddress, ...(options.net ?? [])];
  const flags = [
    '--no-prompt',
    '--no-config',
    '--no-lock',
    '--no-remote',
    '--no-npm',
    `--import-map=${join(root, 'worker/import_map.json')}`,
    `--allow-net=${net.join(',')}`,
    '--ignore-env',
    `--allow-env=${handlerRights.env.join(',')}`,
    `--allow-read=${source},${secret}`,
  ];
  const [command, ...args] = [...options.wrapper ?? [], deno, 'run', ...flags, join(root, 'worker/main.ts'), hashKey];
  const running = start(command, args, { env: variables, stdin: options.stdin ?? '' });
  void running.ended.catch(() => undefined).then(() => rmSync(folder, { recursive: true, force: true }));
  return { ...running, hashKey, healthUrl: `http://${healthAddress}` };
}

async function loginOf({ on, type, settings, env: given = {} }: WorkerOptions, hashKey: string): Promise<Login> {
  if (on === undefined || given[env.redisPasswordFile] !== undefined) return { env: {}, files: {} };
  const { group, deadLetterStream } = settings ?? {};
  const login = await giveUser(on, hashKey, {
    type,
    runtime: 'Handler',
    ...(group === undefined ? {} : { stream: { group } }),
    ...(deadLetterStream === undefined ? {} : { deadLetter: deadLetterStream }),
  });
  return {
    env: { ...login.env, [env.redisPasswordFile]: '<secret>/redis-password' },
    files: { 'redis-password': login.password },
  };
}

interface Login {
  readonly env: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
}
