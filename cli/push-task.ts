/** A task as a dispatcher pushes it, and what became of it. */
import { setTimeout as delay } from 'node:timers/promises';
import { taskBookkeeping, taskStatus } from '../contract/tasks.ts';
import type { RedisClient } from '../operator/redis/requests/client.ts';
import type { TaskPlace } from '../operator/redis/requests/worker-streams.ts';
import { exitCodes, Failure, messageOf } from './failure.ts';
import { program } from './program.ts';

/** A task, and how long its end may take. */
export interface OutgoingTask {
  readonly id: string;
  readonly script: string;
  readonly caller: string;
  readonly timeoutSeconds: number;
}

/** How the task ended; or that it has not, and what became of it. */
export type TaskEnd = Ended | NotEnded;

/** Its output, or its error. */
export interface Ended {
  readonly kind: 'completed' | 'error';
  readonly text: string;
}

interface NotEnded {
  readonly kind: 'late' | 'interrupted';
  readonly why: string;
}

export function hasEnded(end: TaskEnd): end is Ended {
  return 'text' in end;
}

const [soonestLookMs, latestLookMs] = [10, 250];
/** Seconds the hash is kept that nobody else ends. */
const keptSeconds = 86_400;

/**
 * Pushes the task and waits for its end, until the time is up or `stop` is aborted. One that nobody has taken by then is
 * removed again.
 * @throws Failure when there is a task of this id already, Redis refuses a command or goes away
 */
export async function pushTask(
  redis: RedisClient,
  place: TaskPlace,
  task: OutgoingTask,
  stop: AbortSignal,
): Promise<TaskEnd> {
  const { id, script, caller, timeoutSeconds } = task;
  try {
    await push(redis, place, id, { [place.fields.script]: script, [place.fields.caller]: caller });
    const ended = await endOf(redis, place, id, { endMs: performance.now() + timeoutSeconds * 1000, stop });
    if (ended !== undefined) return ended;
    const why = await takenBack(redis, place, id, stop.aborted ? '' : ` within ${timeoutSeconds} s`);
    return { kind: stop.aborted ? 'interrupted' : 'late', why };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const why = `the task on ${place.queue} failed: Redis says "${messageOf(error)}"`;
    throw new Failure(why, exitCodes.failed, { cause: error });
  }
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

/** Looks into the hash until it says how the task ended, more seldom the longer that takes. */
async function endOf(
  redis: RedisClient,
  { details, fields: { status, output, error } }: TaskPlace,
  id: string,
  { endMs, stop }: { readonly endMs: number; readonly stop: AbortSignal },
): Promise<Ended | undefined> {
  const key = details + id;
  for (
    let waitMs = soonestLookMs;
    !stop.aborted && performance.now() < endMs;
    waitMs = Math.min(waitMs * 2, latestLookMs)
  ) {
    const [now, value, why] = await redis.hmget(key, status, output, error);
    if (now === taskStatus.completed || now === taskStatus.error) {
      if (await redis.ttl(key) === -1) await redis.expire(key, keptSeconds);
      return { kind: now, text: (now === taskStatus.completed ? value : why) ?? '' };
    }
    await delay(waitMs, undefined, { signal: stop }).catch(() => undefined);
  }
  return undefined;
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
