/** The flags about the default Redis: where it is, how the operator logs in there, and who else has which login. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SharingNamespaces } from './redisworker/model/blueprint.ts';

/** The flags as they are given. */
export interface RedisFlags {
  readonly redis?: string;
  readonly redisUsername?: string;
  readonly redisPasswordFile?: string;
  readonly redisSentinelUsername?: string;
  readonly redisSentinelPasswordFile?: string;
  readonly redisCaFile?: string;
  readonly redisCertFile?: string;
  readonly redisKeyFile?: string;
  readonly redisWorkerCertFile?: string;
  readonly redisWorkerKeyFile?: string;
  readonly redisServerName?: string;
  readonly defaultRedisNamespaces: SharingNamespaces;
  readonly redisPasswordMaxAge?: number;
}

/** Adds the flags. What they name is read in config.ts, and never repeated. */
export function withRedisFlags(program: Command): Command {
  return program
    .option(
      '--redis <url>',
      'Redis of workers that name none, without credentials: redis://host:port/0, redis+sentinel://host,host/master-name/0 or redis+cluster://host,host [REDIS_URL]',
    )
    .option('--redis-username <name>', 'ACL user for it [REDIS_USERNAME]')
    .option('--redis-password-file <file>', 'file with the password for it [REDIS_PASSWORD]')
    .option('--redis-sentinel-username <name>', 'ACL user for its Sentinels [REDIS_SENTINEL_USERNAME]')
    .option(
      '--redis-sentinel-password-file <file>',
      'file with the password for its Sentinels [REDIS_SENTINEL_PASSWORD]',
    )
    .option('--redis-ca-file <file>', "file with the PEM certificates to trust for it, and no others [the system's]")
    .option(
      '--redis-cert-file <file>',
      'file with the certificate the operator shows it, and workers that share its login',
    )
    .option('--redis-key-file <file>', 'file with the key of that certificate')
    .option(
      '--redis-worker-cert-file <file>',
      'file with the certificate workers show it that have a user of their own',
    )
    .option('--redis-worker-key-file <file>', 'file with the key of that certificate')
    .option('--redis-server-name <name>', "name its certificate carries [the host's]")
    .addOption(
      new Option(
        '--default-redis-namespaces <names>',
        "namespaces, or *, whose workers share the operator's login where that Redis gives them none of their own",
      ).argParser(sharingNamespaces).default([], 'none'),
    )
    .option(
      '--redis-password-max-age <time>',
      "age at which the password of a worker's own user is replaced, as in 30d [never]",
      passwordAge,
    );
}

const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Reads `--default-redis-namespaces`: names between commas, or `*` for all. @throws InvalidArgumentError */
function sharingNamespaces(text: string): SharingNamespaces {
  if (text === '*') return 'All';
  const names = text.split(',').map((name) => name.trim()).filter((name) => name !== '');
  if (names.length > 0 && names.every((name) => namespaceName.test(name))) return names;
  throw new InvalidArgumentError('must be names of namespaces, such as team-a,team-b, or * for all');
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads `--redis-password-max-age`, as in 12h or 30d. @returns milliseconds @throws InvalidArgumentError */
function passwordAge(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  if (count === undefined) {
    throw new InvalidArgumentError('must be a time in minutes, hours or days, such as 12h or 30d');
  }
  return Number(count) * unitMs[unit as keyof typeof unitMs];
}
