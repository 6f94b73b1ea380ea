/** Where a command finds a worker: as its words say, else as the running session knows. */
import { deadLetterStreamKey, requestStreamKey } from '../contract/keys.ts';
import { fetchWorkers } from './endpoint.ts';
import { Failure } from './failure.ts';
import type { Io } from './io.ts';
import { readSession, sessionFiles } from './session-files.ts';
import { deadLetterStream, requestStream, workerType } from './worker-type.ts';

/** What a command says about its worker. */
export interface Wanted {
  readonly type: string;
  readonly session: string;
  readonly redisUrl?: string | undefined;
  /** The command names every key it needs, so the session need not have a worker of the type. */
  readonly keysNamed: boolean;
}

/** The Redis of a worker, and its keys there. */
export interface Target {
  readonly redisUrl: string;
  readonly requestStream: string;
  readonly deadLetterStream: string;
}

/**
 * Finds the Redis and the streams of a worker type.
 * @throws Failure without a Redis URL and without a running session, or when that session has no such worker.
 */
export async function findTarget({ type, session: name, redisUrl, keysNamed }: Wanted, io: Io): Promise<Target> {
  const usual = { requestStream: requestStreamKey(type), deadLetterStream: deadLetterStreamKey(type) };
  if (redisUrl !== undefined) return { redisUrl, ...usual };
  const files = await sessionFiles(name, io.environment);
  const [session, workers] = await Promise.all([readSession(files), fetchWorkers(files.socket)]);
  if (session === undefined || workers === undefined) {
    throw new Failure(
      'no "redisworker up" is running here, so the Redis is not known: name it with --redis redis://host:port',
    );
  }
  const worker = workers.find((candidate) => workerType(candidate) === type);
  if (worker !== undefined) {
    return {
      redisUrl: session.redisUrl,
      requestStream: requestStream(worker),
      deadLetterStream: deadLetterStream(worker),
    };
  }
  if (keysNamed) return { redisUrl: session.redisUrl, ...usual };
  const known = workers.map(workerType).join(', ') || 'none';
  throw new Failure(
    `the running session has no worker of type "${type}"; it has: ${known}. Name the stream of a worker outside it with --stream`,
  );
}
