/** What the pod tells the runtime: one argument, the environment, two folders of files and one line of stdin. */
import { maxKeyLineBytes } from '../../contract/limits.ts';
import { deadLetterStreamKey, defaultGroup } from '../../contract/keys.ts';
import { env, type HandlerSettings } from '../../contract/pod.ts';
import type { RedisTarget } from '../redis/connection.ts';
import { FatalError, messageOf } from './fatal.ts';
import { type GateDuty, readGateDuty } from './gate/duty.ts';
import { parseRedisUrl } from '../redis/redis-url.ts';
import { after, type Timer } from './timers.ts';

/** Everything the runtime knows before it has spoken to Redis. */
export interface Settings {
  /** Key of the config hash. */
  readonly hashKey: string;
  readonly redis: Omit<RedisTarget, 'name'>;
  /** Path of the user's module. */
  readonly source: string;
  readonly sourceDigest?: string;
  readonly handler: HandlerSettings;
  readonly health?: { readonly hostname: string; readonly port: number };
  readonly gate: GateDuty;
  /** UID of this pod, or of this process when it runs outside of one. */
  readonly owner: string;
  readonly podName?: string;
  /** The line `worker-v0 <key>`; absent when neither stdin nor the key file has one. */
  readonly keyLine?: string;
}

/** Gives the value of an environment variable. */
export type ReadEnv = (name: string) => string | undefined;

/**
 * Reads the settings, then gives up the right to read the environment and the secret files again:
 * user code, loaded later, has neither.
 * @throws FatalError naming the variable or file that is missing or wrong.
 */
export async function readSettings(args: readonly string[], readEnv: ReadEnv = Deno.env.get): Promise<Settings> {
  const files = [env.redisPasswordFile, env.redisCaFile, env.keyFile].map(readEnv).filter((path) =>
    path !== undefined && path !== ''
  );
  const settings = {
    ...parseSettings(args, readEnv, readSecretFile),
    ...optional('keyLine', await readKeyLine(readEnv(env.keyFile))),
  };
  revokeRights(files as string[]);
  return settings;
}

/**
 * The settings but for the key line; pure but for `readFile`.
 * @throws FatalError naming the variable that is missing or wrong.
 */
export function parseSettings(args: readonly string[], readEnv: ReadEnv, readFile: (path: string) => string): Settings {
  const hashKey = args[0];
  if (!hashKey) {
    throw new FatalError(
      'badConfig',
      'the key of the config hash is missing; give it as the one argument, as in demo-worker:1:h',
    );
  }
  const fileOf = (name: string) => {
    const path = readEnv(name);
    return path ? readFile(path) : undefined;
  };
  const type = hashKey.split(':', 1)[0] ?? '';
  return {
    hashKey,
    redis: {
      url: checked(env.redisUrl, required(env.redisUrl, readEnv), (url) => (parseRedisUrl(url), url)),
      ...optional('username', readEnv(env.redisUsername)),
      ...optional('password', fileOf(env.redisPasswordFile)?.trimEnd()),
      ...optional('caCert', fileOf(env.redisCaFile)),
    },
    source: required(env.source, readEnv),
    handler: checked(env.settings, readEnv(env.settings) ?? '{}', (json) => parseHandlerSettings(json, type)),
    gate: readGateDuty(readEnv),
    owner: readEnv(env.podUid) || crypto.randomUUID(),
    ...optional('sourceDigest', readEnv(env.sourceDigest)),
    ...optional('podName', readEnv(env.podName)),
    ...optional('health', checked(env.healthAddress, readEnv(env.healthAddress) ?? '', parseAddress)),
  };
}

/**
 * Parses the JSON of {@link HandlerSettings}; what is absent gets the default of the manifest.
 * @throws Error naming the setting that is wrong.
 */
export function parseHandlerSettings(json: string, type: string): HandlerSettings {
  const given = JSON.parse(json) as Record<string, unknown>;
  if (typeof given !== 'object' || given === null) throw new Error('it must be a JSON object');
  const backoff = (given['backoff'] ?? {}) as Record<string, unknown>;
  return {
    group: word(given, 'group', defaultGroup),
    concurrency: count(given, 'concurrency', 16),
    timeoutSeconds: count(given, 'timeoutSeconds', 30),
    maxAttempts: count(given, 'maxAttempts', 1),
    maxDeliveries: count(given, 'maxDeliveries', 5),
    backoff: { initialMs: count(backoff, 'initialMs', 1000, 0), maxMs: count(backoff, 'maxMs', 60_000, 0) },
    deadLetterStream: word(given, 'deadLetterStream', deadLetterStreamKey(type)),
    traces: choice(given, 'traces', ['On', 'Off']),
    retention: choice(given, 'retention', ['Acknowledged', 'Forever']),
    graceSeconds: count(given, 'graceSeconds', 30),
    ...(given['leaseSeconds'] === undefined ? {} : { leaseSeconds: count(given, 'leaseSeconds', 1) }),
  };
}

function word(given: Record<string, unknown>, name: string, fallback: string): string {
  const value = given[name] ?? fallback;
  if (typeof value !== 'string' || value === '') throw new Error(`"${name}" must be a text`);
  return value;
}

function count(given: Record<string, unknown>, name: string, fallback: number, least = 1): number {
  const value = given[name] ?? fallback;
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw new Error(`"${name}" must be a whole number from ${least}`);
  }
  return value as number;
}

function choice<Value extends string>(
  given: Record<string, unknown>,
  name: string,
  values: readonly [Value, ...Value[]],
): Value {
  const value = given[name] ?? values[0];
  const known = values.find((one) => one === value);
  if (known === undefined) throw new Error(`"${name}" must be ${values.join(' or ')}`);
  return known;
}

/** `host:port`, `[v6]:port` or nothing. */
function parseAddress(text: string): { hostname: string; port: number } | undefined {
  if (text === '') return undefined;
  const [, hostname, port] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (hostname === undefined || Number(port) > 65_535) throw new Error('it must read host:port');
  return { hostname, port: Number(port) };
}

function required(name: string, readEnv: ReadEnv): string {
  const value = readEnv(name);
  if (!value) throw new FatalError('badConfig', `the environment variable ${name} is missing`);
  return value;
}

function checked<T>(name: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (cause) {
    throw new FatalError('badConfig', `the environment variable ${name} cannot be used: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [K in Name]?: Value } {
  return value === undefined || value === '' ? {} : ({ [name]: value } as { [K in Name]: Value });
}

function readSecretFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new FatalError('badConfig', `the file ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** A stdin that stays open and silent, as under some supervisors, is taken for an empty one after this time. */
const stdinWaitMs = 2000;

async function readKeyLine(keyFile: string | undefined): Promise<string | undefined> {
  const line = Deno.stdin.isTerminal() ? '' : await readFirstLine();
  if (line !== '') return line;
  return keyFile ? readSecretFile(keyFile) : undefined;
}

async function readFirstLine(): Promise<string> {
  const line = new Uint8Array(maxKeyLineBytes + 1);
  let length = 0;
  let timer: Timer | undefined;
  const silence = new Promise<null>((resolve) => void (timer = after(stdinWaitMs, () => resolve(null))));
  while (length < line.length && !line.subarray(0, length).includes(0x0a)) {
    const bytes = await Promise.race([Deno.stdin.read(line.subarray(length)), silence]);
    if (bytes === null) break;
    length += bytes;
  }
  timer?.cancel();
  return new TextDecoder().decode(line.subarray(0, length)).split('\n', 1)[0] ?? '';
}

function revokeRights(secretFiles: readonly string[]): void {
  for (const variable of Object.values(env)) Deno.permissions.revokeSync({ name: 'env', variable });
  for (const path of secretFiles) {
    Deno.permissions.revokeSync({ name: 'read', path });
    Deno.permissions.revokeSync({ name: 'read', path: path.slice(0, path.lastIndexOf('/')) || '/' });
  }
}
