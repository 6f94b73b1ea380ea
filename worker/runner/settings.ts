/** What the pod tells the runner: environment variables, and the files they name. Read once, then trusted. */
import { env, exitCodes } from '../../contract/pod.ts';
import { decodeKeyLine, encodeKeyLine } from '../../contract/secrets.ts';
import type { RedisTarget } from '../connection.ts';
import { parseRedisUrl } from '../redis-url.ts';
import { type Address, parseAddress } from './arguments.ts';
import { Failure } from './failure.ts';

type Environment = Readonly<Record<string, string>>;

/** What only a script needs from the runner. */
export interface ScriptSettings {
  readonly redis: RedisTarget;
  /** Tells this pod from any other, across restarts of its container. */
  readonly podUid: string;
  /** Where to tell the script's health; absent = nowhere. */
  readonly health?: Address;
}

/**
 * Reads what the Script contract needs.
 * @throws Failure naming the variable or file that is missing or wrong
 */
export async function readScriptSettings(environment: Environment, hashKey: string): Promise<ScriptSettings> {
  const health = environment[env.healthAddress];
  const username = environment[env.redisUsername];
  const password = await readOptional(environment, env.redisPasswordFile);
  const caCert = await readOptional(environment, env.redisCaFile);
  return {
    redis: {
      url: redisUrl(environment),
      name: `redisworker-runner:${hashKey.replace(/[^\x21-\x7e]/g, '?')}`,
      ...(username ? { username } : {}),
      ...(password ? { password: password.replace(/\r?\n$/, '') } : {}),
      ...(caCert ? { caCert } : {}),
    },
    podUid: required(environment, env.podUid),
    ...(health ? { health: parseAddress(health, env.healthAddress) } : {}),
  };
}

/**
 * The line for the child's stdin, from the file that holds it; empty when no file is named.
 * @throws Failure when the file cannot be read or holds something else; its text is never repeated
 */
export async function readKeyLine(environment: Environment): Promise<string> {
  const text = await readOptional(environment, env.keyFile);
  if (text === undefined) return '';
  try {
    return encodeKeyLine(decodeKeyLine(text));
  } catch (error) {
    throw new Failure(exitCodes.badConfig, `the file that ${env.keyFile} names is no key: ${(error as Error).message}`);
  }
}

function redisUrl(environment: Environment): string {
  const url = required(environment, env.redisUrl);
  try {
    parseRedisUrl(url);
  } catch (error) {
    throw new Failure(exitCodes.badConfig, `${env.redisUrl} is wrong: ${(error as Error).message}`);
  }
  return url;
}

function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (!value) throw new Failure(exitCodes.badConfig, `the environment variable ${name} is missing: the operator sets it in the pod`);
  return value;
}

async function readOptional(environment: Environment, name: string): Promise<string | undefined> {
  const path = environment[name];
  if (!path) return undefined;
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.name : 'unknown';
    throw new Failure(exitCodes.badConfig, `the file "${path}" that ${name} names cannot be read (${why})`, { cause });
  }
}
