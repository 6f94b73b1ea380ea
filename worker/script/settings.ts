/** What the pod tells the runner: environment variables, and the files they name. Read once, then trusted. */
import { env, type HandlerSettings } from '../../contract/pod.ts';
import { decodeKeyLine, encodeKeyLine } from '../../contract/secrets.ts';
import type { RedisTarget } from '../redis/connection.ts';
import { FatalError, messageOf } from '../pod/fatal.ts';
import { parseRedisUrl, type RedisAddress } from '../redis/redis-url.ts';
import { type Address, parseAddress } from './arguments.ts';

type Environment = Readonly<Record<string, string>>;

const loopback = ['127.0.0.1', 'localhost', '::1'];

/** What only a script needs from the runner. */
export interface ScriptSettings {
  readonly redis: RedisTarget;
  /** Tells this pod from any other, across restarts of its container. */
  readonly podUid: string;
  /** Where to tell the script's health; absent = nowhere. */
  readonly health?: Address;
}

/**
 * Reads what the Script runtime needs.
 * @throws FatalError naming the variable or file that is missing or wrong
 */
export async function readScriptSettings(
  environment: Environment,
  hashKey: string,
  forward: Address,
): Promise<ScriptSettings> {
  const health = readHealth(environment);
  const username = environment[env.redisUsername];
  const password = await readOptional(environment, env.redisPasswordFile);
  const caCert = await readOptional(environment, env.redisCaFile);
  return {
    redis: {
      url: redisUrl(environment, forward),
      name: `redisworker-runner:${hashKey.replace(/[^\x21-\x7e]/g, '?')}`,
      ...(username ? { username } : {}),
      ...(password ? { password: password.replace(/\r?\n$/, '') } : {}),
      ...(caCert ? { caCert } : {}),
    },
    podUid: required(environment, env.podUid),
    ...(health ? { health } : {}),
  };
}

/**
 * Where probes are answered; undefined = nowhere.
 * @throws FatalError when it is no address
 */
export function readHealth(environment: Environment): Address | undefined {
  const health = environment[env.healthAddress];
  return health ? parseAddress(health, env.healthAddress) : undefined;
}

/**
 * The line for the child's stdin, from the file that holds it; empty when no file is named.
 * @throws FatalError when the file cannot be read or holds something else; its text is never repeated
 */
export async function readKeyLine(environment: Environment): Promise<string> {
  const text = await readOptional(environment, env.keyFile);
  if (text === undefined) return '';
  try {
    return encodeKeyLine(decodeKeyLine(text));
  } catch (error) {
    throw new FatalError('badConfig', `the file that ${env.keyFile} names is no key: ${messageOf(error)}`);
  }
}

/**
 * Seconds between passing a signal on and killing the child: what the pod's settings say, or less than the 30 s a
 * kubelet grants by default, so that the last words still get out.
 * @throws FatalError when the settings are no JSON object with a number there
 */
export function readGraceSeconds(environment: Environment): number {
  const given = parsedSettings(environment[env.settings] ?? '{}')?.['graceSeconds'] ?? 25;
  if (typeof given === 'number' && given >= 0) return given;
  throw new FatalError('badConfig', `"graceSeconds" in ${env.settings} must be a number of seconds`);
}

function parsedSettings(json: string): Partial<Record<keyof HandlerSettings, unknown>> | null {
  try {
    return JSON.parse(json);
  } catch {
    throw new FatalError('badConfig', `${env.settings} is no JSON`);
  }
}

function redisUrl(environment: Environment, forward: Address): string {
  const url = required(environment, env.redisUrl);
  const { hostname, port } = parsedUrl(url);
  if (port === forward.port && loopback.includes(hostname)) {
    const where = `${hostname}:${port}`;
    throw new FatalError(
      'badConfig',
      `${env.redisUrl} names ${where}, where this runner itself is to listen: name the real Redis, or forward from another port`,
    );
  }
  return url;
}

function parsedUrl(url: string): RedisAddress {
  try {
    return parseRedisUrl(url);
  } catch (error) {
    throw new FatalError('badConfig', `${env.redisUrl} is wrong: ${messageOf(error)}`);
  }
}

function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (!value) {
    throw new FatalError('badConfig', `the environment variable ${name} is missing: the operator sets it in the pod`);
  }
  return value;
}

async function readOptional(environment: Environment, name: string): Promise<string | undefined> {
  const path = environment[name];
  if (!path) return undefined;
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new FatalError('badConfig', `the file "${path}" that ${name} names cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
}
