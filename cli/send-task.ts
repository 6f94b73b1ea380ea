/** `redisworker send --rhai`: a task as a dispatcher pushes it, and what became of it. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { taskBookkeeping, taskStatus } from '../contract/tasks.ts';
import { usualTasks } from '../operator/page/worker-streams.ts';
import type { RedisClient } from '../operator/redis/requests/client.ts';
import type { TaskPlace } from '../operator/redis/requests/worker-streams.ts';
import type { TlsFiles } from '../operator/default-redis-tls.ts';
import { type ExitCode, exitCodes, Failure, messageOf } from './failure.ts';
import type { Io } from './io.ts';
import { program } from './program.ts';
import { connectRedis } from './redis.ts';
import type { Target } from './redis-target.ts';
import { textOf } from './rhai-run.ts';
import { findTarget } from './target.ts';

/** The words of the command. */
export interface SendTask {
  readonly type: string;
  /** The script, `@` and the path of its file, or `-` for standard input. */
  readonly script: string | undefined;
  readonly session: string;
  readonly timeoutSeconds: number;
  readonly namespace?: string | undefined;
  readonly redisUrl?: string | undefined;
  readonly tlsFiles: TlsFiles | undefined;
  /** Key of the list, when the worker is not known here. */
  readonly stream?: string;
  readonly ref?: string;
  readonly caller?: string;
}

const [soonestLookMs, latestLookMs] = [10, 250];
/** Seconds the hash is kept that nobody else ends. */
const keptSeconds = 86_400;

/** Sends, waits for the end and prints the output. @throws Failure with the error of the script, or without a list */
export async function sendTask(command: SendTask, io: Io, stop: Promise<void>): Promise<ExitCode> {
  const script = await scriptOf(command, io);
  const target = await findTarget({ ...command, keysNamed: command.stream !== undefined }, io);
  const place = placeOf(command, target);
  const redis = await connectRedis(target.redisUrl, target);
  try {
    const { ref: id = randomUUID(), caller = '' } = command;
    await push(redis, place, id, { [place.fields.script]: script, [place.fields.caller]: caller });
    const interruption = new AbortController();
    void stop.then(() => interruption.abort());
    const { signal } = interruption;
    const ended = await endOf(redis, place, id, { endMs: performance.now() + command.timeoutSeconds * 1000, signal });
    if (ended !== undefined) return printed(ended, io);
    io.err(await takenBack(redis, place, id, signal.aborted ? '' : ` within ${command.timeoutSeconds} s`));
    return signal.aborted ? exitCodes.interrupted : exitCodes.timedOut;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`the task on ${place.queue} failed: Redis says "${messageOf(error)}"`, exitCodes.failed, {
      cause: error,
    });
  } finally {
    redis.disconnect();
  }
}

async function scriptOf({ script, type }: SendTask, io: Io): Promise<string> {
  if (script === undefined) {
    throw new Failure(
      `the script is missing: write it behind the type, as in send ${type} --rhai '40 + 2', or @ and the path of its file`,
      exitCodes.usage,
    );
  }
  if (script === '-') return await textOf(script, io);
  return script.startsWith('@') ? await textOf(script.slice(1), io) : script; // no Rhai begins with it
}

function placeOf({ stream, type }: SendTask, { tasks }: Target): TaskPlace {
  if (tasks !== undefined) return stream === undefined ? tasks : { ...tasks, queue: stream };
  if (stream !== undefined) return usualTasks(stream);
  throw new Failure(
    `no list of tasks is known of the type "${type}": name the one of a worker outside of a session with --stream rhai_tasks:<circle>`,
    exitCodes.usage,
  );
}

async function push(
  redis: RedisClient,
  { queue, details, fields }: TaskPlace,
  id: string,
  task: Readonly<Record<string, string>>,
): Promise<void> {
  const key = details + id;
  if (await redis.exists(key) === 1) throw new Failure(`there is a task ${id} already: choose another --ref`);
  const now = String(Math.floor(Date.now() / 1000));
  const written = { ...task, [fields.status]: taskStatus.pending, createdAt: now, [taskBookkeeping.updated]: now };
  const replies = await redis.multi().hset(key, written).rpush(queue, id).exec();
  const refused = replies?.find(([error]) => error !== null)?.[0];
  if (!refused) return;
  await redis.del(key);
  throw refused;
}

/** How a task ended. */
interface End {
  readonly completed: boolean;
  readonly text: string;
}

/** Looks into the hash until it says how the task ended, more seldom the longer that takes. */
async function endOf(
  redis: RedisClient,
  { details, fields: { status, output, error } }: TaskPlace,
  id: string,
  { endMs, signal }: { readonly endMs: number; readonly signal: AbortSignal },
): Promise<End | undefined> {
  const key = details + id;
  for (
    let waitMs = soonestLookMs;
    !signal.aborted && performance.now() < endMs;
    waitMs = Math.min(waitMs * 2, latestLookMs)
  ) {
    const [now, value, why] = await redis.hmget(key, status, output, error);
    if (now === taskStatus.completed || now === taskStatus.error) {
      if (await redis.ttl(key) === -1) await redis.expire(key, keptSeconds);
      const completed = now === taskStatus.completed;
      return { completed, text: (completed ? value : why) ?? '' };
    }
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

function printed({ completed, text }: End, io: Io): ExitCode {
  if (!completed) throw new Failure(text);
  io.out(text);
  return exitCodes.ok;
}

/** A task nobody has taken is removed again. @returns what became of it */
async function takenBack(redis: RedisClient, place: TaskPlace, id: string, within: string): Promise<string> {
  const key = place.details + id;
  if (await redis.lrem(place.queue, 1, id) === 0) {
    return `the task ${id} has not ended${within}: its hash ${key} will say how it does`;
  }
  await redis.del(key);
  return `nobody has taken the task from ${place.queue}${within}, so it was removed again; "${program} status" says which workers there are`;
}
