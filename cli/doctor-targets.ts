/** Which Redis `redisworker doctor` examines, and by which login: as its words say, as a manifest says, or as the session knows. */
import { readFile } from 'node:fs/promises';
import { endpointKey, foundScriptsKey, manifestScriptsKey, scriptKey } from '../contract/hats.ts';
import {
  configHashKey,
  deadLetterStreamKey,
  defaultGroup,
  groupRecordKey,
  keyPrefix,
  requestStreamKey,
  responseStreamKey,
  retryScheduleKey,
} from '../contract/keys.ts';
import { taskQueueKey } from '../contract/tasks.ts';
import { manifestProblems, parseRedisWorker, type RedisWorker } from '../operator/api/redisworker.ts';
import { resources } from '../operator/cluster/cluster.ts';
import { readManifest } from '../operator/cluster/local/index.ts';
import type { TlsFiles } from '../operator/default-redis-tls.ts';
import type { Need, WorkerKeys } from '../operator/redis/doctor/rights.ts';
import type { ExaminedWorker } from '../operator/redis/doctor/worker.ts';
import { parseRedisUrl, type RedisTarget, targetKey } from '../operator/redis/target.ts';
import { declaredIds } from '../operator/redisworker/model/consumers.ts';
import { ownRedisUrl } from '../operator/redisworker/model/redis-url.ts';
import { kindOf, workOf } from '../operator/redisworker/work/index.ts';
import { exitCodes, Failure, messageOf } from './failure.ts';
import type { Io } from './io.ts';
import { program } from './program.ts';
import { splitCredentials } from './redis-login.ts';
import { readTls } from './redis-options.ts';
import { defaultSession } from './session-name.ts';
import { readSession, sessionFiles } from './session-files.ts';

/** The words of the command. */
export interface DoctorRequest {
  readonly file: string | undefined;
  readonly redisUrl: string | undefined;
  readonly tlsFiles: TlsFiles | undefined;
  readonly session: string;
}

/** A Redis to examine. */
export interface DoctorTarget {
  readonly target: RedisTarget;
  /** It is the Redis of workers that name none. */
  readonly isDefault: boolean;
  readonly workers: readonly (ExaminedWorker & { readonly name: string; readonly needs: readonly Need[] })[];
}

const sampleType = 'redisworker-doctor';

/** What a worker does in Redis follows from nothing it may reach. */
const noNet = { scope: [], deny: [], allowAllNet: false };

/** Keys a worker would have, for a Redis that is examined without one. */
export function sampleKeys({ topology }: RedisTarget): WorkerKeys {
  const prefix = keyPrefix(sampleType, topology);
  return {
    hash: configHashKey(prefix, '1'),
    request: requestStreamKey(prefix),
    responses: responseStreamKey(prefix),
    deadLetters: deadLetterStreamKey(prefix),
    retries: retryScheduleKey(prefix),
    record: groupRecordKey(requestStreamKey(prefix), defaultGroup),
    group: defaultGroup,
  };
}

/**
 * Finds what to examine, and what has to be said about the way it was found.
 * @throws Failure when there is nothing, or the manifest cannot be read
 */
export async function findDoctorTargets(
  request: DoctorRequest,
  io: Io,
): Promise<{ readonly targets: readonly DoctorTarget[]; readonly notes: readonly string[] }> {
  const { file, redisUrl } = request;
  if (file === undefined) {
    const target = redisUrl === undefined ? await ofSession(request, io) : named(redisUrl, request, io);
    return { targets: [{ target, isDefault: true, workers: [] }], notes: [] };
  }
  const workers = await readWorkers(file);
  const found = await Promise.all(workers.map(async (worker) => {
    const target = await targetOf(worker, request, io);
    return { target, isDefault: ownRedisUrl(worker.spec.redis) === undefined, worker: examined(worker, target) };
  }));
  const alike = Map.groupBy(found, ({ target, isDefault }) => `${isDefault} ${targetKey(target)}`);
  return {
    targets: [...alike.values()].flatMap((group) =>
      group[0] ? [{ ...group[0], workers: group.map(({ worker }) => worker) }] : []
    ),
    notes: redisUrl === undefined ? workers.flatMap(secretNote) : [],
  };
}

async function targetOf({ spec: { redis } }: RedisWorker, request: DoctorRequest, io: Io): Promise<RedisTarget> {
  if (request.redisUrl !== undefined) return named(request.redisUrl, request, io);
  const url = ownRedisUrl(redis);
  if (redis === undefined || url === undefined) return ofSession(request, io);
  const target = named(url, request, io);
  const { serverName, minVersion } = redis.tls ?? {};
  return {
    ...target,
    ...(redis.username === undefined ? {} : { username: redis.username }),
    ...(target.tls === undefined ? {} : {
      tls: {
        ...(serverName === undefined ? {} : { serverName }),
        ...(minVersion === undefined ? {} : { minVersion }),
        ...target.tls,
      },
    }),
  };
}

/** Secrets are in the cluster, and this command asks none. */
function secretNote({ metadata: { name }, spec: { redis } }: RedisWorker): string[] {
  const { passwordSecretRef, sentinel, tls } = redis ?? {};
  const given = [
    ...(passwordSecretRef === undefined ? [] : ['its password (REDISCLI_AUTH)']),
    ...(sentinel?.passwordSecretRef === undefined ? [] : ['that of its Sentinels (REDIS_SENTINEL_PASSWORD)']),
    ...(tls?.caSecretRef === undefined ? [] : ['its CA (--redis-ca-file)']),
    ...(tls?.certSecretRef === undefined ? [] : ['its certificate (--redis-cert-file, --redis-key-file)']),
  ];
  if (given.length === 0) return [];
  return [`the Secrets of ${name} are not read here: give ${given.join(', ')} where they are needed`];
}

function named(
  url: string,
  { tlsFiles }: DoctorRequest,
  io: Io,
  password = io.environment.redisPassword,
): RedisTarget {
  const { url: address, ...login } = splitCredentials(url, password);
  return { ...parsed(address), ...login, ...withSentinel(io), ...withTls(tlsFiles, address) };
}

async function ofSession(request: DoctorRequest, io: Io): Promise<RedisTarget> {
  const { session: name, tlsFiles } = request;
  const session = await readSession(await sessionFiles(name, io.environment));
  if (session === undefined) {
    const { operatorRedis } = io.environment;
    if (operatorRedis && name === defaultSession) return named(operatorRedis.url, request, io, operatorRedis.password);
    throw new Failure(
      `no "${program} up" is running here, so the Redis is not known: name it with --redis redis://host:port`,
      exitCodes.usage,
    );
  }
  const { redisUrl, ownRedisPassword: password = io.environment.redisPassword } = session;
  const { url, ...login } = splitCredentials(redisUrl, password);
  return { ...parsed(url), ...login, ...withSentinel(io), ...withTls(tlsFiles ?? session.tls, url) };
}

function withSentinel({ environment: { sentinel } }: Io): Pick<RedisTarget, 'sentinel'> {
  return sentinel ? { sentinel } : {};
}

function withTls(files: TlsFiles | undefined, url: string): Pick<RedisTarget, 'tls'> {
  const tls = readTls(files, url);
  return url.startsWith('rediss') ? { tls } : {};
}

function parsed(url: string): RedisTarget {
  const found = parseRedisUrl(url);
  if (!found.ok) throw new Failure(found.problem, exitCodes.usage);
  return found.target;
}

/** @throws Failure with what is wrong in the file */
async function readWorkers(file: string): Promise<RedisWorker[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Failure(`${file} cannot be read: ${messageOf(error)}`, exitCodes.usage);
  });
  const { objects, problems } = readManifest(text, file);
  const found = objects.filter(({ object }) => object.kind === resources.redisWorkers.kind);
  const wrong = [
    ...problems,
    ...found.flatMap((
      one,
    ) => [...one.problems, ...manifestProblems(one.object).map((text) => `${one.where}: ${text}`)]),
  ];
  if (wrong.length > 0) throw new Failure(wrong.join('\n'));
  if (found.length === 0) throw new Failure(`there is no RedisWorker in ${file}`, exitCodes.usage);
  return found.flatMap(({ object }) => {
    const worker = parseRedisWorker(object);
    return worker.ok ? [worker.worker] : [];
  });
}

function examined(worker: RedisWorker, { topology }: RedisTarget): DoctorTarget['workers'][number] {
  const { metadata: { namespace = 'default', name }, spec } = worker;
  const { type, stream, handler, consumers } = spec;
  const prefix = keyPrefix(type, topology);
  const { request = requestStreamKey(prefix), response = responseStreamKey(prefix), group } = stream;
  const hashes = declaredIds(consumers).map((id) => configHashKey(prefix, id));
  const hash = hashes[0] ?? configHashKey(prefix, '1');
  const work = workOf(worker, { prefix, graceSeconds: 0, memoryMiB: 0, net: noNet });
  const about = { name: `${namespace}/${name}`, owner: `${namespace}/${name}/`, hashes };
  const needs = kindOf(work).needs(work, hash);
  if (spec.tasks !== undefined) {
    const { circlePublicKey, queue = taskQueueKey(circlePublicKey) } = spec.tasks;
    const streams = { responses: responseStreamKey(prefix), deadLetters: deadLetterStreamKey(prefix) };
    return { ...about, needs, tasks: { queue, ...streams } };
  }
  if (spec.runtime === 'Hats') {
    const { cluster = prefix, threads = [], jobs = [], endpoints = [] } = spec.hats ?? {};
    const declared = [
      ...threads.map((script) => scriptKey(cluster, 'Threads', script.name)),
      ...jobs.map((script) => scriptKey(cluster, 'Jobs', script.name)),
      ...endpoints.map(({ path }) => endpointKey(cluster, path)),
    ];
    return {
      ...about,
      needs,
      scripts: { declared, written: manifestScriptsKey(prefix), found: foundScriptsKey(prefix) },
    };
  }
  return {
    ...about,
    needs,
    keys: {
      hash,
      request,
      responses: response,
      deadLetters: handler.deadLetter ?? deadLetterStreamKey(prefix),
      retries: retryScheduleKey(prefix),
      record: groupRecordKey(request, group),
      group,
    },
  };
}
