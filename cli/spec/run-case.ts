/** Sends the request of one case, and looks at all that comes of it. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Calls } from '../../client/calls.ts';
import { decodeReply, type Reply } from '../../contract/reply.ts';
import { encodeRequest, parseRequest, requestFields } from '../../contract/request.ts';
import type { RedisClient } from '../../operator/redis/requests/client.ts';
import { findTrace } from '../../operator/redis/requests/trace-findings.ts';
import type { WorkerStreams } from '../../operator/redis/requests/worker-streams.ts';
import { messageOf } from '../failure.ts';
import { mustBeFree } from '../reference.ts';
import { explainSilence, observeSilence } from '../silence.ts';
import type { Difference } from './difference.ts';
import { judgeFindings, judgeReply } from './judge.ts';
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

type Judged = Pick<CaseOutcome, 'ms' | 'differences' | 'fault'>;

async function answered(one: Case & { readonly ref: string }, place: CasePlace, stop: AbortSignal): Promise<Judged> {
  const { type, ref, fields, timeoutSeconds, expect } = one;
  const { redis, calls, streams: { requestStream: stream } } = place;
  if (parseRequest(encodeRequest(ref, type, ''), { type }).kind !== 'request') {
    throw new Error('a reference has 1 to 512 bytes without control characters');
  }
  await mustBeFree(redis, stream, ref);
  const begun = performance.now();
  const id = await calls.add(stream, ref, { [requestFields.type]: type, ...fields });
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
  { type, ref, expect }: Case & { readonly ref: string },
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
