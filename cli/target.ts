/** Where a command finds a worker: as its words say, else as the running session knows. */
import type { KubeObject } from '../operator/cluster/cluster.ts';
import type { TlsFiles } from '../operator/default-redis-tls.ts';
import { fetchSession } from './endpoint.ts';
import { Failure } from './failure.ts';
import type { Io } from './io.ts';
import { program } from './program.ts';
import { readTls } from './redis-options.ts';
import { sameRedis, type Target } from './redis-target.ts';
import { defaultSession } from './session-name.ts';
import { readSession, type SessionFiles, sessionFiles } from './session-files.ts';
import { ownRedisUrl, streamsOf, usualStreams, workerType } from './worker-type.ts';

/** What a command says about its worker. */
export interface Wanted {
  readonly type: string;
  readonly session: string;
  /** Of a worker of a cluster, in whose operator's pod this is. */
  readonly namespace?: string | undefined;
  readonly redisUrl?: string | undefined;
  /** How TLS to it is checked. */
  readonly tlsFiles: TlsFiles | undefined;
  /** The command names every key it needs, so the session need not have a worker of the type. */
  readonly keysNamed: boolean;
}

/**
 * Finds the Redis and the streams of a worker type.
 * @throws Failure without a Redis URL and without a running session, or when that session has no such worker.
 */
export async function findTarget(
  { type, session: name, namespace, redisUrl, tlsFiles, keysNamed }: Wanted,
  io: Io,
): Promise<Target> {
  const { redisPassword, sentinel, operatorRedis } = io.environment;
  const named = (url: string, password: string | undefined): Target => ({
    redisUrl: url,
    password,
    sentinel,
    tls: readTls(tlsFiles, url),
    ...usualStreams(type, url),
    neighbours: [],
  });
  if (redisUrl !== undefined) return named(redisUrl, redisPassword);
  if (namespace !== undefined && operatorRedis) {
    const { findInCluster } = await import('./cluster-target.ts');
    return await findInCluster({ namespace, type, keysNamed }, named(operatorRedis.url, operatorRedis.password));
  }
  const files = await sessionFiles(name, io.environment);
  const [session, view] = await Promise.all([readSession(files), fetchSession(files.socket)]);
  if (session === undefined || view === undefined) {
    if (operatorRedis && name === defaultSession) return named(operatorRedis.url, operatorRedis.password);
    throw new Failure(
      `no "${program} up" is running here, so the Redis is not known: name it with --redis redis://host:port`,
    );
  }
  const ofSession = () => ({
    redisUrl: session.redisUrl,
    password: session.ownRedisPassword ?? redisPassword,
    sentinel,
    tls: readTls(tlsFiles ?? session.tls, session.redisUrl),
  });
  const worker = view.items.find((candidate) => workerType(candidate) === type);
  if (worker !== undefined) {
    const url = ownRedisUrl(worker);
    return {
      ...(url === undefined
        ? ofSession()
        : { redisUrl: url, password: redisPassword, sentinel, tls: readTls(tlsFiles, url) }),
      ...streamsOf(worker, url ?? session.redisUrl),
      neighbours: sameRedis(view.items, url),
      worker: () => workerNow(files, type),
    };
  }
  if (keysNamed) {
    return { ...ofSession(), ...usualStreams(type, session.redisUrl), neighbours: sameRedis(view.items, undefined) };
  }
  const known = view.items.map(workerType).join(', ') || 'none';
  throw new Failure(
    `the running session has no worker of type "${type}"; it has: ${known}. Name the stream of a worker outside it with --stream`,
  );
}

async function workerNow({ socket }: SessionFiles, type: string): Promise<KubeObject | undefined> {
  return (await fetchSession(socket))?.items.find((candidate) => workerType(candidate) === type);
}
