/** What the pod tells every runtime: one argument, the environment and a folder of files. */
import { env } from '../../contract/pod.ts';
import { type RedisTls, tlsVersions } from '../../contract/redis-tls.ts';
import { withoutLineEnds } from '../../contract/secrets.ts';
import type { Login, RedisTarget } from '../redis/dial.ts';
import { type Address, readAddress, readRedisAddress } from './address.ts';
import { FatalError } from './fatal.ts';
import { messageOf } from './foreign.ts';
import { type GateDuty, readGateDuty } from './gate/duty.ts';

/** Everything a runtime of any kind knows before it has spoken to Redis. */
export interface PodSettings {
  /** Key of the config hash. */
  readonly hashKey: string;
  readonly redis: Omit<RedisTarget, 'name'>;
  readonly sourceDigest?: string;
  readonly health?: Address;
  /** Where to answer over HTTP; absent: nowhere. */
  readonly http?: Address;
  readonly gate: GateDuty;
  /** UID of this pod, or of this process when it runs outside of one. */
  readonly owner: string;
  readonly podName?: string;
}

/** Gives the value of an environment variable. */
export type ReadEnv = (name: string) => string | undefined;

/**
 * The settings; pure but for `readFile`.
 * @throws FatalError naming the variable that is missing or wrong.
 */
export function parsePodSettings(
  args: readonly string[],
  readEnv: ReadEnv,
  readFile: (path: string) => string,
): PodSettings {
  const hashKey = args[0];
  if (!hashKey) {
    throw new FatalError(
      'badConfig',
      'the key of the config hash is missing; give it as the one argument, as in demo-worker:1:h',
    );
  }
  const fileOf: ReadEnv = (name) => {
    const path = readEnv(name);
    return path ? readFile(path) : undefined;
  };
  const address = readRedisAddress(required(env.redisUrl, readEnv), env.redisUrl);
  return {
    hashKey,
    redis: {
      address,
      ...optional('username', readEnv(env.redisUsername)),
      ...optional('password', withoutLineEnds(fileOf(env.redisPasswordFile) ?? '')),
      ...(address.tls ? { tls: readTls(readEnv, fileOf) } : {}),
      ...(address.topology.kind === 'Sentinel' ? { sentinel: readSentinelLogin(readEnv, fileOf) } : {}),
    },
    gate: readGateDuty(readEnv),
    owner: readEnv(env.podUid) || crypto.randomUUID(),
    ...optional('sourceDigest', readEnv(env.sourceDigest)),
    ...optional('podName', readEnv(env.podName)),
    ...optional('health', readHealthAddress(readEnv)),
    ...optional('http', readHttpAddress(readEnv)),
  };
}

function readSentinelLogin(readEnv: ReadEnv, fileOf: ReadEnv): Login {
  return {
    ...optional('username', readEnv(env.redisSentinelUsername)),
    ...optional('password', withoutLineEnds(fileOf(env.redisSentinelPasswordFile) ?? '')),
  };
}

function readTls(readEnv: ReadEnv, fileOf: ReadEnv): RedisTls {
  const [cert, key] = [fileOf(env.redisCertFile), fileOf(env.redisKeyFile)];
  const asked = readEnv(env.redisMinTlsVersion);
  const minVersion = tlsVersions.find((version) => version === asked);
  if (asked && minVersion === undefined) {
    throw new FatalError(
      'badConfig',
      `the environment variable ${env.redisMinTlsVersion} must be ${tlsVersions.join(' or ')}`,
    );
  }
  return {
    ...optional('ca', fileOf(env.redisCaFile)),
    ...(cert && key ? { client: { cert, key } } : {}),
    ...optional('serverName', readEnv(env.redisServerName)),
    ...optional('minVersion', minVersion),
  };
}

/**
 * Where to answer probes; undefined = nowhere.
 * @throws FatalError when it is no address
 */
export function readHealthAddress(readEnv: ReadEnv): Address | undefined {
  const address = readEnv(env.healthAddress);
  return address ? readAddress(address, env.healthAddress) : undefined;
}

function readHttpAddress(readEnv: ReadEnv): Address | undefined {
  const address = readEnv(env.httpAddress);
  return address ? readAddress(address, env.httpAddress) : undefined;
}

/** A file of the secret folder, named by the variable `name`. */
export function readSecretFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new FatalError('badConfig', `the file ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Gives up the right to read the environment and the secret files again: code that is not ours, loaded later, has
 * neither.
 */
export function giveUpSecrets(readEnv: ReadEnv): void {
  const secretFiles = [
    env.redisPasswordFile,
    env.redisSentinelPasswordFile,
    env.redisCaFile,
    env.redisCertFile,
    env.redisKeyFile,
    env.keyFile,
  ].map(readEnv);
  for (const variable of Object.values(env)) Deno.permissions.revokeSync({ name: 'env', variable });
  for (const path of secretFiles) {
    if (!path) continue;
    Deno.permissions.revokeSync({ name: 'read', path });
    Deno.permissions.revokeSync({ name: 'read', path: path.slice(0, path.lastIndexOf('/')) || '/' });
  }
}

/** @throws FatalError when the variable is missing */
export function required(name: string, readEnv: ReadEnv): string {
  const value = readEnv(name);
  if (!value) throw new FatalError('badConfig', `the environment variable ${name} is missing`);
  return value;
}

/** @throws FatalError naming the variable whose text cannot be parsed */
export function checked<T>(name: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (cause) {
    throw new FatalError('badConfig', `the environment variable ${name} cannot be used: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** A field that is absent rather than empty. */
export function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [K in Name]?: Value } {
  return value === undefined || value === '' ? {} : ({ [name]: value } as { [K in Name]: Value });
}
