/** A local session: Redis, the operator on the local cluster, and the endpoint other terminals ask. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { KubeObject, ObjectRef } from '../operator/cluster/cluster.ts';
import type { TlsFiles } from '../operator/default-redis-tls.ts';
import { announcer } from './announce.ts';
import { type Answers, serveSession, type SessionEvent } from './endpoint.ts';
import { exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { type OwnRedis, startOwnRedis, stopLeftRedis } from './own-redis.ts';
import { KeptLines } from './kept-lines.ts';
import { podLines } from './pod-lines.ts';
import { program } from './program.ts';
import { readSession, removeSession, type SessionFiles, sessionFiles, writeSession } from './session-files.ts';
import { type RedisAccess, splitCredentials } from './redis-login.ts';

/** The operator at work on manifest files. */
export interface LocalOperator {
  workers(): readonly KubeObject[];
  /** What is wrong with the manifests now, one sentence each. */
  problems(): readonly string[];
  /** What was told of its objects, oldest first. */
  events(): readonly SessionEvent[];
  /** Has the code of a worker resolved again, once for each `wish`. */
  requestResolve(worker: ObjectRef, wish: string): Promise<void>;
  /** Rejects when another process has taken the session over. */
  readonly lost: Promise<never>;
  /** @returns a function that takes the listener away */
  onChange(listener: (worker: KubeObject) => void): () => void;
  /** Ends all pods, then the operator; nothing runs afterwards. */
  stop(): Promise<void>;
}

/** What the operator of a session is started with. */
export interface LocalSettings {
  /** Manifest files and folders, which exist. */
  readonly files: readonly string[];
  /** Manifests of those of them that are modules, by absolute path. */
  readonly modules?: ReadonlyMap<string, string> | undefined;
  /** The Redis of workers that name none. */
  readonly redis: RedisAccess;
  /** How TLS to it is checked; the files are followed. */
  readonly tlsFiles?: TlsFiles | undefined;
  /** Names the session to Redis and to the machine. */
  readonly name: string;
  /** Private folder for the files of pods. */
  readonly dataFolder: string;
  /** Port on loopback for /healthz, /readyz and /metrics; absent: none. */
  readonly metricsPort?: number | undefined;
  /** Port on loopback for the status page, 0 for any; absent: none. */
  readonly pagePort?: number | 'usual' | undefined;
  readonly verbose: boolean;
  /** Takes every line that a pod prints. */
  readonly onPodLine: (pod: string, line: string) => void;
  readonly io: Io;
}

/** Starts the operator on the local cluster. */
export type StartLocalOperator = (settings: LocalSettings) => Promise<LocalOperator>;

/** What the user asks of a session. */
export interface SessionOptions {
  readonly name: string;
  readonly files: readonly string[];
  /** Manifests of those of them that are modules, by absolute path. */
  readonly modules?: ReadonlyMap<string, string> | undefined;
  /** Takes every line that a pod prints, beside the terminal. */
  readonly onPodLine?: ((pod: string, line: string) => void) | undefined;
  readonly redisUrl?: string | undefined;
  /** How TLS to it is checked. */
  readonly tlsFiles?: TlsFiles | undefined;
  readonly metricsPort?: number | undefined;
  /** Port of the status page; absent: none. */
  readonly pagePort?: number | 'usual' | undefined;
  /** Also tells what the operator does, step by step. */
  readonly verbose?: boolean | undefined;
}

/** A session that runs until it is closed. */
export interface RunningSession extends AsyncDisposable {
  readonly redis: RedisAccess;
  readonly operator: LocalOperator;
}

/**
 * Starts everything, in the reverse of the order in which disposing ends it.
 * @throws Failure when the name is taken, a file is missing, or Redis does not start.
 */
export async function openSession(options: SessionOptions, start: StartLocalOperator, io: Io): Promise<RunningSession> {
  const { name, files, modules, tlsFiles, metricsPort, pagePort, verbose = false } = options;
  await mustExist(files);
  const paths = await sessionFiles(name, io.environment);
  await using opening = new AsyncDisposableStack();
  const live: { operator?: LocalOperator } = {};
  const kept = new KeptLines();
  await claim(paths, opening, {
    view: () => ({
      started: live.operator !== undefined,
      items: live.operator?.workers() ?? [],
      problems: live.operator?.problems() ?? [],
    }),
    events: () => live.operator?.events() ?? [],
    lines: (after) => kept.after(after),
    resolve: async ({ wish, ...worker }) => {
      await live.operator?.requestResolve(worker, wish);
    },
  });
  const { redis, own } = await chooseRedis(options.redisUrl, io, opening);
  await writeSession(paths, {
    name,
    pid: process.pid,
    redisUrl: redis.url,
    ...(own === undefined ? {} : { ownRedisPid: own.pid, ownRedisPassword: own.password }),
    ...(tlsFiles === undefined ? {} : { tls: tlsFiles }),
  });
  if (own !== undefined) {
    io.out(`✓ Redis runs at ${own.url} for as long as this command does; password in ${paths.state}`);
  }
  const print = podLines((line) => io.out(line), io.colours.out);
  const onPodLine = (pod: string, line: string): void => {
    kept.add(pod, line);
    print(pod, line);
    options.onPodLine?.(pod, line);
  };
  const operator = await start({
    name,
    files,
    modules,
    redis,
    tlsFiles,
    dataFolder: paths.data,
    metricsPort,
    pagePort,
    verbose,
    onPodLine,
    io,
  });
  opening.defer(() => operator.stop());
  live.operator = operator;
  const tell = announcer((line) => io.out(line));
  operator.onChange(tell);
  operator.workers().forEach(tell);
  const running = opening.move();
  return { redis, operator, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Makes the session's name this process's own, and clears away what a killed one left. */
async function claim(
  paths: SessionFiles,
  opening: AsyncDisposableStack,
  answers: Answers,
): Promise<void> {
  const endpoint = await serveSession(paths.socket, answers);
  if (endpoint === undefined) {
    const pid = (await readSession(paths))?.pid;
    throw new Failure(
      `"${program} up" is already running${
        pid === undefined ? '' : ` (pid ${pid})`
      }: stop it with Ctrl-C, or start this one beside it with --name second`,
    );
  }
  opening.defer(async () => {
    await endpoint.close();
    await removeSession(paths);
  });
  const killed = await readSession(paths);
  if (killed?.ownRedisPid === undefined) return;
  await stopLeftRedis(killed.redisUrl, killed.ownRedisPassword, killed.ownRedisPid);
}

async function chooseRedis(
  url: string | undefined,
  io: Io,
  opening: AsyncDisposableStack,
): Promise<{ redis: RedisAccess; own?: OwnRedis }> {
  if (url !== undefined) {
    const { redisPassword, sentinel } = io.environment;
    return { redis: { ...splitCredentials(url, redisPassword), ...(sentinel ? { sentinel } : {}) } };
  }
  const own = await startOwnRedis();
  opening.defer(() => own.stop());
  return { redis: { url: own.url, password: own.password }, own };
}

async function mustExist(files: readonly string[]): Promise<void> {
  for (const file of files) {
    await access(file, constants.R_OK).catch(() => {
      throw new Failure(
        `there is no readable file or folder ${file}: check the path; "${program} init NAME" makes a new worker`,
        exitCodes.usage,
      );
    });
  }
}
