/** The redis-server of a local session: on loopback, on a free port, behind a password, nothing kept on disk. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findFreePorts } from '../operator/cluster/local/node/ports.ts';
import { Failure, messageOf, systemCode } from './failure.ts';
import { connectRedis } from './redis.ts';

const startDeadlineMs = 10_000;
const stopDeadlineMs = 5000;
const probeEveryMs = 20;

/** A redis-server that belongs to this process and does not outlive it. */
export interface OwnRedis {
  readonly url: string;
  readonly password: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * Starts a redis-server and waits until it answers.
 * @throws Failure when there is none on PATH, or when it does not start.
 */
export async function startOwnRedis(): Promise<OwnRedis> {
  const [port = 0] = await findFreePorts(1);
  const folder = await mkdtemp(join(tmpdir(), 'redisworker-redis-'));
  const password = randomBytes(24).toString('base64url');
  const child = launch(port, folder, password);
  const { ended, output } = watch(child);
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined) await end(child, ended);
    await rm(folder, { recursive: true, force: true });
  };
  const over = new AbortController();
  const deadline = setTimeout(() => over.abort(), startDeadlineMs);
  try {
    await Promise.race([
      answers(port, password, over.signal),
      ended.then(() => Promise.reject(new Error(`it ended: ${output()}`))),
    ]);
  } catch (error) {
    await stop();
    throw whyNotStarted(
      over.signal.aborted ? new Error(`it does not answer within ${startDeadlineMs / 1000} s`) : error,
    );
  } finally {
    clearTimeout(deadline);
    over.abort();
  }
  return { url: `redis://127.0.0.1:${port}`, password, pid: child.pid ?? 0, stop };
}

/**
 * Stops the redis-server that a killed session left behind. Only a server that says of itself that
 * it is process `pid` is stopped: the port may belong to another by now.
 */
export async function stopLeftRedis(url: string, password: string | undefined, pid: number): Promise<void> {
  const redis = await connectRedis(url, { password }).catch(() => undefined);
  if (redis === undefined) return;
  try {
    const info = await redis.info('server');
    if (new RegExp(`^process_id:${pid}\\r?$`, 'm').test(info)) await redis.shutdown('NOSAVE');
  } catch {
    // it hangs up without an answer when it obeys; another's server that refuses is none of ours
  } finally {
    redis.disconnect();
  }
}

/**
 * Its own process group: Ctrl-C in the terminal must reach the workers first, Redis last. The password goes in by
 * standard input: everybody on the machine can read the arguments of a process.
 */
function launch(port: number, folder: string, password: string): ChildProcess {
  const options = { port: String(port), bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn('redis-server', ['-', ...args], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  child.stdin.on('error', () => undefined); // it ended before it read; why is told by its output
  child.stdin.end(`requirepass ${password}\n`);
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  child.once('close', () => process.off('exit', killAtExit));
  return child;
}

function watch(child: ChildProcess): { ended: Promise<void>; output: () => string } {
  let tail = '';
  const keep = (chunk: Buffer): void => void (tail = (tail + chunk.toString()).slice(-500));
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  ended.catch(() => undefined); // told to whoever waits for the start
  return { ended, output: () => tail.trim().split('\n').at(-1) ?? '' };
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs);
  await ended.finally(() => clearTimeout(kill));
}

/** Settles once the server answers; gives up when `signal` aborts. */
async function answers(port: number, password: string, signal: AbortSignal): Promise<void> {
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    password,
    lazyConnect: true,
    retryStrategy: () => probeEveryMs,
    maxRetriesPerRequest: null,
  });
  redis.on('error', () => undefined); // refused until the server listens
  signal.addEventListener('abort', () => redis.disconnect());
  await redis.ping().finally(() => redis.disconnect());
}

function whyNotStarted(error: unknown): Failure {
  return systemCode(error) === 'ENOENT'
    ? new Failure(
      'there is no redis-server on PATH: install one ("apt-get install redis-server", "brew install redis"), or give a running one with --redis redis://host:port',
    )
    : new Failure(
      `redis-server does not start: ${messageOf(error)}; give a running one with --redis redis://host:port`,
    );
}
