/** What an operator knows of its default Redis when it starts, from flags and the environment. */
import type { Command } from 'commander';
import { defaultRedisPassword, type PasswordFlag } from './default-redis-password.ts';
import {
  type DefaultRedisTls,
  defaultRedisTls,
  type Identity,
  tlsFlagsNeedTls,
  workerIdentity,
} from './default-redis-tls.ts';
import { type Followed, unchanging } from './followed-files.ts';
import { parseRedisUrl, urlOf } from './redis/target.ts';
import type { RedisFlags } from './redis-flags.ts';
import type { SharingNamespaces } from './redisworker/model/blueprint.ts';

/** The default Redis, and who logs in there as whom. */
export interface DefaultRedisSettings {
  /** Redis of workers that name none. */
  readonly redisUrl: string | undefined;
  readonly redisUsername: string | undefined;
  readonly redisPassword: Followed<string> | undefined;
  readonly redisSentinelUsername: string | undefined;
  readonly redisSentinelPassword: Followed<string> | undefined;
  /** How its certificate is checked and what it is shown; undefined when no flag says anything of it. */
  readonly redisTls: DefaultRedisTls | undefined;
  /** Certificate workers with a user of their own show it; none when undefined. */
  readonly redisWorkerIdentity: Followed<Identity> | undefined;
  /** Namespaces whose workers may have the operator's login where none gets one of its own. */
  readonly defaultRedisNamespaces: SharingNamespaces;
  /** Age in milliseconds at which a worker's own password is replaced; never when undefined. */
  readonly redisPasswordMaxAgeMs: number | undefined;
}

/** Reads the settings; ends the process with one sentence where a flag cannot be used. */
export function readDefaultRedis(program: Command, environment: NodeJS.ProcessEnv): DefaultRedisSettings {
  const flags = program.opts<RedisFlags>();
  const url = redisUrl(program, '--redis', flags.redis) ?? redisUrl(program, 'REDIS_URL', environment['REDIS_URL']);
  return {
    redisUrl: url,
    redisUsername: flags.redisUsername ?? environment['REDIS_USERNAME'],
    redisPassword: redisPassword(
      program,
      '--redis-password-file',
      flags.redisPasswordFile,
      environment['REDIS_PASSWORD'],
    ),
    redisSentinelUsername: flags.redisSentinelUsername ?? environment['REDIS_SENTINEL_USERNAME'],
    redisSentinelPassword: redisPassword(
      program,
      '--redis-sentinel-password-file',
      flags.redisSentinelPasswordFile,
      environment['REDIS_SENTINEL_PASSWORD'],
    ),
    redisTls: redisTls(program, flags, url),
    redisWorkerIdentity: redisWorkerIdentity(program, flags, url),
    defaultRedisNamespaces: flags.defaultRedisNamespaces,
    redisPasswordMaxAgeMs: flags.redisPasswordMaxAge,
  };
}

/** The canonical URL. Not read by the parser of flags, which repeats what it refuses, a password too. */
function redisUrl(program: Command, source: string, text: string | undefined): string | undefined {
  if (!text) return undefined;
  const parsed = parseRedisUrl(text);
  return parsed.ok ? urlOf(parsed.target) : program.error(`${source}: ${parsed.problem}`);
}

function redisTls(program: Command, flags: RedisFlags, url: string | undefined): DefaultRedisTls | undefined {
  const { redisCaFile: caFile, redisCertFile: certFile, redisKeyFile: keyFile, redisServerName: serverName } = flags;
  if ([caFile, certFile, keyFile, serverName].every((flag) => flag === undefined)) return undefined;
  if (!url?.startsWith('rediss')) return program.error(tlsFlagsNeedTls);
  return orEnd(program, () => defaultRedisTls({ caFile, certFile, keyFile, serverName }));
}

function redisWorkerIdentity(
  program: Command,
  flags: RedisFlags,
  url: string | undefined,
): Followed<Identity> | undefined {
  const { redisWorkerCertFile: certFile, redisWorkerKeyFile: keyFile } = flags;
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (!url?.startsWith('rediss')) return program.error(tlsFlagsNeedTls);
  return orEnd(program, () => workerIdentity({ certFile, keyFile }));
}

function redisPassword(
  program: Command,
  flag: PasswordFlag,
  file: string | undefined,
  text: string | undefined,
): Followed<string> | undefined {
  if (file !== undefined) return orEnd(program, () => defaultRedisPassword(flag, file));
  return text === undefined ? undefined : unchanging(text);
}

/** What can be read, or the end of the process with the sentence that says why not. */
function orEnd<T>(program: Command, read: () => T): T {
  try {
    return read();
  } catch (error) {
    return program.error((error as Error).message);
  }
}
