/** What the kind, the state and the settings of a server mean for workers. Pure. */
import { type Finding, ok, problem, warning } from './finding.ts';
import { isAtLeast, type ServerFacts } from './facts.ts';

const oldest: readonly [number, number] = [7, 0];

/** Bytes of the largest request that is common, with its reply beside it. */
const commonRequestBytes = 2 * 1024 * 1024;
/** What one transaction of a worker carries: a batch of replies of which the last may be large. */
const largestCommitBytes = 8 * 1024 * 1024;
/** Below that, connections that are only used now and then are closed between two uses. */
const shortIdleSeconds = 60;

/** Product and version. */
export function versionFinding({ product, version }: ServerFacts): Finding | undefined {
  if (product === undefined || version === undefined) return undefined;
  const name = `${product} ${version.join('.')}`;
  if (product === 'Valkey') return ok('RedisVersion', `is ${name}`);
  if (product !== 'Redis') {
    return warning('RedisVersion', `is ${name}, on which nobody tries workers: use Redis 7.0 or newer, or Valkey`);
  }
  return isAtLeast(version, oldest)
    ? ok('RedisVersion', `is ${name}`)
    : problem('RedisVersion', `is ${name}, and workers need 7.0: upgrade it`);
}

interface Feature {
  readonly since: Partial<Record<'Redis' | 'Valkey', readonly [number, number]>>;
  readonly has: string;
  readonly lacks: string;
}

const features: readonly Feature[] = [
  {
    since: { Redis: [8, 4] },
    has: 'requests of a lost consumer come with the normal read (XREADGROUP CLAIM)',
    lacks: 'requests of a lost consumer are looked for now and then (XREADGROUP CLAIM is in Redis 8.4)',
  },
  {
    since: { Redis: [8, 2] },
    has: 'a request stream that other groups read is trimmed too (XTRIM ACKED)',
    lacks: 'a request stream that other groups read is not trimmed (XTRIM ACKED is in Redis 8.2)',
  },
  {
    since: { Redis: [7, 4], Valkey: [9, 0] },
    has: "a trace's fields end by themselves (HSETEX or HEXPIRE)",
    lacks: 'a trace ends as a whole (HEXPIRE is in Redis 7.4 and Valkey 9.0)',
  },
];

/** What workers make of the version. */
export function featuresFinding({ product, version }: ServerFacts): Finding | undefined {
  if ((product !== 'Redis' && product !== 'Valkey') || version === undefined || !isAtLeast(version, oldest)) {
    return undefined;
  }
  const told = features.map(({ since, has, lacks }) => {
    const first = since[product];
    return first !== undefined && isAtLeast(version, first) ? has : lacks;
  });
  return ok('RedisFeatures', `has what workers need; ${told.join(', ')}`);
}

/** A crash or restart, and what is there afterwards. */
export function persistenceFinding(facts: ServerFacts): Finding | undefined {
  const { appendOnly, appendFsync, savesEvery, savesKnown, lastWriteFailed } = facts;
  if (lastWriteFailed) {
    return problem(
      'RedisPersistence',
      'could not write to its disk the last time, and may refuse writes until it can: see its log and its free space',
    );
  }
  if (appendOnly === undefined) return undefined;
  if (appendOnly) return appendFinding(appendFsync);
  if (!savesKnown) {
    return warning(
      'RedisPersistence',
      'keeps no append-only file, so a crash loses what came since its last snapshot, if it makes any: set appendonly yes',
    );
  }
  if (savesEvery !== undefined) {
    return warning(
      'RedisPersistence',
      `makes snapshots alone, at most every ${savesEvery} s, so a crash loses the requests and replies that came since the last: set appendonly yes`,
    );
  }
  const { replicas = 0 } = facts;
  return replicas > 0
    ? warning(
      'RedisPersistence',
      'keeps nothing on disk, so requests outlive a crash only where a replica takes over: set appendonly yes',
    )
    : problem(
      'RedisPersistence',
      'keeps nothing on disk, so a restart loses every request, reply and config hash: set appendonly yes',
    );
}

function appendFinding(appendFsync: string | undefined): Finding {
  if (appendFsync === 'always') {
    return ok(
      'RedisPersistence',
      'writes everything to disk before it answers (appendfsync always): a crash loses nothing',
    );
  }
  if (appendFsync === 'no') {
    return warning(
      'RedisPersistence',
      'leaves to the system when its append-only file reaches the disk, so a crash of the machine may lose half a minute: set appendfsync everysec',
    );
  }
  return ok(
    'RedisPersistence',
    'keeps an append-only file that reaches the disk every second: a crash of the machine loses that second (appendfsync always loses none)',
  );
}

/** What happens when it is full. */
export function memoryFinding({ maxMemory, usedMemory, evictionPolicy }: ServerFacts): Finding | undefined {
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction') {
    const what = evictionPolicy.startsWith('volatile')
      ? 'replies and traces before their time'
      : 'whole streams, with every request in them,';
    return problem(
      'RedisMemory',
      `drops ${what} when its memory is used up (maxmemory-policy ${evictionPolicy}): set maxmemory-policy noeviction`,
    );
  }
  if (maxMemory === undefined) return undefined;
  if (maxMemory === 0) {
    return warning(
      'RedisMemory',
      'has no maxmemory, so it grows until the system ends it: set maxmemory below what its machine or pod has',
    );
  }
  const share = usedMemory === undefined ? 0 : usedMemory / maxMemory;
  const used = `${Math.round(share * 100)} % of its maxmemory`;
  if (share >= 0.9) {
    return problem(
      'RedisMemory',
      `uses ${used}, and refuses requests and replies at 100 %: raise maxmemory or remove data`,
    );
  }
  return ok('RedisMemory', `uses ${used}, and refuses writes rather than drop anything when it is full (noeviction)`);
}

/** What a failover loses. */
export function replicasFinding({ role, replicas, goodReplicas, minReplicas }: ServerFacts): Finding | undefined {
  if (role !== 'primary' || replicas === undefined) return undefined;
  if (minReplicas !== undefined && minReplicas > 0 && (goodReplicas ?? replicas) < minReplicas) {
    return problem(
      'RedisReplicas',
      `refuses writes: min-replicas-to-write is ${minReplicas} and ${
        goodReplicas ?? replicas
      } of its replicas keep up: see to them, or lower it`,
    );
  }
  if (replicas === 0) {
    return ok('RedisReplicas', 'has no replica: workers wait for it whenever it is away, and go on when it is back');
  }
  if (minReplicas === 0) {
    return warning(
      'RedisReplicas',
      `takes writes that none of its replicas (${replicas}) has, and a failover loses those: set min-replicas-to-write 1`,
    );
  }
  return ok(
    'RedisReplicas',
    `has ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}${
      minReplicas === undefined ? '' : `, and takes no writes with fewer than ${minReplicas} that keep up`
    }`,
  );
}

/** Connections that are closed while they wait. */
export function idleFinding({ idleSeconds }: ServerFacts): Finding | undefined {
  if (idleSeconds === undefined) return undefined;
  return idleSeconds > 0 && idleSeconds < shortIdleSeconds
    ? warning(
      'RedisIdleTimeout',
      `closes connections after ${idleSeconds} s without use, so workers and the operator dial again and again: set timeout 0, or 300`,
    )
    : ok('RedisIdleTimeout', 'leaves connections open that wait');
}

/** Whether a request of a mebibyte fits. */
export function sizeFinding({ maxBulkBytes, maxQueryBytes }: ServerFacts): Finding | undefined {
  if (maxBulkBytes === undefined || maxQueryBytes === undefined) return undefined;
  if (maxBulkBytes < commonRequestBytes) {
    return warning(
      'RedisSizeLimits',
      `takes no value above ${maxBulkBytes} bytes, and refuses requests and replies of about 1 MiB: set proto-max-bulk-len to 512mb`,
    );
  }
  if (maxQueryBytes < largestCommitBytes) {
    return warning(
      'RedisSizeLimits',
      `ends connections that send more than ${maxQueryBytes} bytes at once, which a worker does when several large replies are ready: set client-query-buffer-limit to 1gb`,
    );
  }
  return ok('RedisSizeLimits', 'takes requests and replies of a mebibyte');
}
