/** Sends the request or the task of one case, and looks at all that comes of it. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Calls } from '../../client/calls.ts';
import { decodeReply, type Reply } from '../../contract/reply.ts';
import { asksForReply, encodeRequest, parseRequest, requestFields } from '../../contract/request.ts';
import { usualTasks } from '../../operator/page/worker-streams.ts';
import type { RedisClient } from '../../operator/redis/requests/client.ts';
import { findTrace } from '../../operator/redis/requests/trace-findings.ts';
import type { WorkerStreams } from '../../operator/redis/requests/worker-streams.ts';
import { messageOf } from '../failure.ts';
import { mustBeFree } from '../reference.ts';
import { hasEnded, pushTask } from '../push-task.ts';
import { explainSilence, observeSilence } from '../silence.ts';
import type { Difference } from './difference.ts';
import { judgeFindings, judgeReply, judgeTask } from './judge.ts';
import type { CaseOutcome } from './outcome.ts';
import type { Case } from './read.ts';

const lookEveryMs = 100;
/** Entries of each stream that are looked at. */
const limit = 1000;

/** The Redis of a worker type. */
export interface CasePlace {
  readonly redis: RedisClient;
  readonly calls: Calls;
  readonly streams: WorkerStreams;
}

/** @throws the reason of `stop` */
export async function runCase(one: Case, place: CasePlace, stop: AbortSignal): Promise<CaseOutcome> {
  const { name, where, ref = randomUUID() } = one;
  const about = { name, where, ref };
  try {
    return { ...about, ...await answered({ ...one, ref }, place, stop) };
  } catch (error) {
    stop.throwIfAborted();
    return { ...about, differences: [], fault: messageOf(error) };
  }
}

/** A task that has no list to be pushed to cannot be sent. */
async function ended(
  one: Ready,
  task: NonNullable<Case['task']>,
  place: CasePlace,
  stop: AbortSignal,
): Promise<Judged> {
  const { type, ref: id, queue, timeoutSeconds, expect } = one;
  const { redis, streams } = place;
  const tasks = streams.tasks ?? (queue === undefined ? undefined : usualTasks(queue));
  if (tasks === undefined) {
    throw new Error(
      `no list of tasks is known of the type "${type}", which is that of runtime Rhai: of a worker that runs elsewhere name it by "queue", as in queue: rhai_tasks:<circle>`,
    );
  }
  const [seconds = 0, micros = 0] = await redis.time();
  const begun = performance.now();
  const end = await pushTask(redis, tasks, { id, ...task, timeoutSeconds }, stop);
  stop.throwIfAborted();
  const ms = performance.now() - begun;
  if (!hasEnded(end)) return { differences: [], fault: end.why };
  const since = String(seconds * 1000 + Math.floor(micros / 1000));
  const aside = await traces(one, since, place, begun + timeoutSeconds * 1000, stop);
  return { ms, differences: [...judgeTask(expect, end, ms), ...aside] };
}

type Judged = Pick<CaseOutcome, 'ms' | 'differences' | 'fault'>;

type Ready = Case & { readonly ref: string };

async function answered(one: Ready, place: CasePlace, stop: AbortSignal): Promise<Judged> {
  const { type, ref, fields, timeoutSeconds, expect, task } = one;
  const { redis, calls, streams: { requestStream: stream } } = place;
  if (parseRequest(encodeRequest(ref, type, ''), { type }).kind !== 'request') {
    throw new Error('a reference has 1 to 512 bytes without control characters');
  }
  if (task !== undefined) return await ended(one, task, place, stop);
  await mustBeFree(redis, stream, ref);
  const begun = performance.now();
  const id = await calls.add(stream, ref, { [requestFields.type]: type, ...asksForReply, ...fields });
  const text = await calls.reply(ref, timeoutSeconds * 1000, stop);
  const ms = performance.now() - begun;
  if (text === undefined) {
    return {
      differences: [],
      fault: explainSilence(await observeSilence(redis, stream, id), { type, stream, id, timeoutSeconds }),
    };
  }
  const aside = await traces(one, id, place, begun + timeoutSeconds * 1000, stop);
  return { ms, differences: [...judgeReply(expect, replyOf(text), ms), ...aside] };
}

function replyOf(text: string): Reply {
  try {
    return decodeReply(text);
  } catch (error) {
    throw new Error(`${messageOf(error)}: the worker does not follow the contract`, { cause: error });
  }
}

/** What other workers note may come later than the reply: it is waited for until the time of the case is up. */
async function traces(
  { type, ref, expect }: Ready,
  id: string,
  { redis, streams }: CasePlace,
  end: number,
  stop: AbortSignal,
): Promise<readonly Difference[]> {
  if (expect.trace === undefined && expect.deadLetter === undefined) return [];
  for (;;) {
    const found = judgeFindings(expect, await findTrace(redis, { type, ref, limit, ...streams }), id);
    if (found.length === 0 || performance.now() >= end) return found;
    await delay(lookEveryMs, undefined, { signal: stop });
  }
}
