/** The options of every command that dials a Redis: its URL, and how TLS to it is checked. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { RedisTls } from '../contract/redis-tls.ts';
import { defaultRedisTls, type TlsFiles, tlsFlags, tlsFlagsNeedTls } from '../operator/default-redis-tls.ts';
import { exitCodes, Failure, messageOf } from './failure.ts';

/** What the user said of TLS. */
export interface TlsOptions {
  redisCaFile?: string;
  redisCertFile?: string;
  redisKeyFile?: string;
  redisServerName?: string;
}

/** Adds `--redis` and what goes with it. @param meaning the words for `--redis` */
export function withRedisOptions(command: Command, meaning: string): Command {
  return command
    .addOption(new Option('--redis <url>', meaning))
    .option(`${tlsFlags.ca} <file>`, "file with the PEM certificates to trust, and no others [the system's]")
    .option(`${tlsFlags.cert} <file>`, 'file with the certificate the Redis is shown')
    .option(`${tlsFlags.key} <file>`, 'file with the key of that certificate')
    .option(`${tlsFlags.serverName} <name>`, "name its certificate carries [the host's]");
}

/** The files, by paths that mean the same in every folder; undefined when nothing is said. */
export function tlsFilesOf(options: TlsOptions): TlsFiles | undefined {
  const { redisCaFile: ca, redisCertFile: cert, redisKeyFile: key, redisServerName: serverName } = options;
  if ([ca, cert, key, serverName].every((option) => option === undefined)) return undefined;
  return {
    ...(ca === undefined ? {} : { caFile: resolve(ca) }),
    ...(cert === undefined ? {} : { certFile: resolve(cert) }),
    ...(key === undefined ? {} : { keyFile: resolve(key) }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

/**
 * What the files hold now.
 * @param url of the Redis they are for
 * @throws Failure (usage) when they cannot be used, or when it speaks no TLS
 */
export function readTls(files: TlsFiles | undefined, url: string): RedisTls {
  if (files === undefined) return {};
  if (!/^rediss/i.test(url)) throw new Failure(tlsFlagsNeedTls, exitCodes.usage);
  try {
    return defaultRedisTls(files).current();
  } catch (error) {
    throw new Failure(messageOf(error), exitCodes.usage);
  }
}
