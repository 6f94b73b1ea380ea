/** What Redis has of one request, each place by itself: what one of them refuses is told, and the others are still asked. */
import { z } from 'zod';
import { replyListKey, traceHashKey } from '../../../contract/keys.ts';
import type { RedisClient } from './client.ts';
import { type GroupState, observeGroups } from './groups.ts';
import {
  type Fields,
  type FoundEntry,
  type ScheduledAttempt,
  type Search,
  searchSchedule,
  searchStream,
} from './trace-search.ts';
import { findTask, type FoundTask } from './trace-task.ts';
import type { TaskPlace, WorkerStreams } from './worker-streams.ts';

/** A request in its stream, and where each group has it. */
export interface FoundRequest extends FoundEntry {
  readonly groups: readonly GroupState[];
}

/** A key with how long it will live; no time for one that stays. */
export interface Kept<Content> {
  readonly key: string;
  readonly content: Content;
  readonly ttlMs?: number;
}

/** What was found. A place that could not be read is absent, and `faults` says why. */
export interface Findings {
  readonly type: string;
  readonly ref: string;
  readonly requests?: Search<FoundRequest>;
  readonly scheduled?: Search<ScheduledAttempt>;
  readonly responses?: Search<FoundEntry>;
  readonly deadLetters?: Search<FoundEntry>;
  /** Replies that nobody has fetched. */
  readonly reply?: Kept<readonly Buffer[]>;
  readonly trace?: Kept<Fields>;
  /** Of a worker on a list of tasks, which has nothing of the above but responses and dead letters. */
  readonly task?: FoundTask;
  readonly faults: readonly string[];
}

/** What is looked for, where, and among how many. */
export interface Wanted extends WorkerStreams {
  readonly type: string;
  readonly ref: string;
  readonly limit: number;
}

/** Asks every place. It takes nothing away: the reply stays for who waits for it. */
export async function findTrace(redis: RedisClient, wanted: Wanted): Promise<Findings> {
  const { type, ref, limit, tasks } = wanted;
  const faults: string[] = [];
  const ask = <T>(key: string, question: (key: string) => Promise<T>): Promise<T | undefined> =>
    question(key).catch((error: unknown) => {
      faults.push(`${key} cannot be read: Redis says "${error instanceof Error ? error.message : String(error)}"`);
      return undefined;
    });
  const ofRequests = <T>(key: string, question: (key: string) => Promise<T>): Promise<T | undefined> =>
    tasks === undefined ? ask(key, question) : Promise.resolve(undefined);
  const [requests, scheduled, responses, deadLetters, reply, trace, task] = await Promise.all([
    ofRequests(wanted.requestStream, (key) => findRequests(redis, key, ref, limit)),
    ofRequests(wanted.retrySchedule, (key) => searchSchedule(redis, key, ref, limit)),
    ask(wanted.responseStream, (key) => searchStream(redis, key, ref, limit)),
    ask(wanted.deadLetterStream, (key) => searchStream(redis, key, ref, limit)),
    ofRequests(replyListKey(ref), (key) => readReply(redis, key)),
    ofRequests(traceHashKey(ref), (key) => readTrace(redis, key)),
    tasks && ask(tasks.queue, () => findTask(redis, tasks, ref)),
  ]);
  return {
    type,
    ref,
    ...(requests && { requests }),
    ...(scheduled && { scheduled }),
    ...(responses && { responses }),
    ...(deadLetters && { deadLetters }),
    ...(reply && { reply }),
    ...(trace && { trace }),
    ...(tasks && { task: task ?? unread(tasks, ref) }),
    faults,
  };
}

async function findRequests(
  redis: RedisClient,
  key: string,
  ref: string,
  limit: number,
): Promise<Search<FoundRequest>> {
  const search = await searchStream(redis, key, ref, limit);
  const found = await Promise.all(
    search.found.map(async (entry) => ({ ...entry, groups: await observeGroups(redis, key, entry.id) })),
  );
  return { ...search, found };
}

async function readReply(redis: RedisClient, key: string): Promise<Kept<readonly Buffer[]> | undefined> {
  const content = await redis.lrangeBuffer(key, 0, -1);
  return content.length === 0 ? undefined : { key, content, ...await lifeOf(redis, key) };
}

async function readTrace(redis: RedisClient, key: string): Promise<Kept<Fields> | undefined> {
  const content = new Map(
    Object.entries(z.record(z.string(), z.instanceof(Buffer)).parse(await redis.hgetallBuffer(key))),
  );
  return content.size === 0 ? undefined : { key, content, ...await lifeOf(redis, key) };
}

async function lifeOf(redis: RedisClient, key: string): Promise<{ ttlMs?: number }> {
  const ttlMs = await redis.pttl(key).catch(() => -1); // who may not ask is told the rest
  return ttlMs < 0 ? {} : { ttlMs };
}

/** Nothing is known of one whose list could not be read. */
function unread(place: TaskPlace, ref: string): FoundTask {
  return { key: place.details + ref, place };
}
