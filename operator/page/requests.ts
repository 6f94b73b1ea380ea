/** What the page asks a worker's Redis: what became of a request, which requests are dead. A connection for each question. */
import { encodeRequest, parseRequest } from '../../contract/request.ts';
import { type DeadLetter, eachLetter, ownField, redriveOne } from '../redis/requests/dead-letters.ts';
import { openRequests, type RedisClient } from '../redis/requests/client.ts';
import { printable, shortened } from '../redis/requests/printable.ts';
import { findTrace } from '../redis/requests/trace-findings.ts';
import { millisecondsOf } from '../redis/requests/trace-search.ts';
import { endsOf, rowsOf, verdictOf } from '../redis/requests/trace-sentences.ts';
import type { WorkerStreams } from '../redis/requests/worker-streams.ts';
import type { RedisTarget } from '../redis/target.ts';
import type { DeadLetterRow, DeadLetters, RequestTrace } from './model.ts';
import { Refused } from './refused.ts';

/** A worker's requests: where they are, and of which type. */
export interface RequestPlace extends WorkerStreams {
  readonly type: string;
  readonly target: RedisTarget;
}

const connectMs = 3000;
const newestLetters = 50;
const longestValue = 2000;
/** Entries of each stream that are looked at, newest first. */
const searchLimit = 10_000;

/** What became of the request. @throws Refused for what is no reference */
export async function traceOf(place: RequestPlace, ref: string): Promise<RequestTrace> {
  if (parseRequest(encodeRequest(ref, place.type, ''), { type: place.type }).kind !== 'request') {
    throw new Refused(400, 'a reference has 1 to 512 bytes without control characters');
  }
  const findings = await asking(place, (redis) => findTrace(redis, { ...place, ref, limit: searchLimit }));
  const now = Date.now();
  return { ...verdictOf(findings, now), rows: rowsOf(findings, now), notes: [...endsOf(findings), ...findings.faults] };
}

/** The newest dead letters. */
export function deadLettersOf(place: RequestPlace): Promise<DeadLetters> {
  return asking(place, async (redis) => {
    const letters: DeadLetterRow[] = [];
    await eachLetter(redis, place.deadLetterStream, newestLetters, (letter) => letters.push(letterRow(letter)));
    return { count: await redis.xlen(place.deadLetterStream), letters };
  });
}

/** Sends one dead letter back as a new request, or its task to the list. @throws Refused when it is gone, or cannot be sent */
export async function replay(place: RequestPlace, id: string): Promise<void> {
  const { deadLetterStream: from, requestStream, tasks } = place;
  const route = { from, to: tasks?.queue ?? requestStream, tasks };
  const { sent, obstacle } = await asking(place, (redis) => redriveOne(redis, route, id));
  if (obstacle?.kind === 'noStream') throw new Refused(409, `there is no stream ${route.to} that would take it`);
  if (obstacle?.kind === 'noTask') throw new Refused(409, `the hash of the task of the dead letter ${id} is gone`);
  if (obstacle !== undefined) throw new Refused(409, `the dead letter ${id} has no field to send, or too many`);
  if (sent === 0) throw new Refused(404, `the dead letter ${id} is gone: it was sent or removed meanwhile`);
}

/** Asks the Redis of a worker one thing. @throws Refused with what Redis says */
export async function asking<T>({ target }: RequestPlace, ask: (redis: RedisClient) => Promise<T>): Promise<T> {
  let redis: RedisClient | undefined;
  try {
    redis = await openRequests(target, connectMs);
    redis.on('error', () => undefined); // told by the command that meets it
    return await ask(redis);
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(502, `Redis does not tell: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    redis?.disconnect();
  }
}

function letterRow(letter: DeadLetter): DeadLetterRow {
  const text = (bytes: Buffer): string => (bytes.length === 0 ? '' : shortened(printable(bytes), longestValue));
  return {
    id: letter.id,
    ref: letter.ref === undefined ? '' : text(letter.ref),
    reason: text(ownField(letter, 'reason')),
    attempts: text(ownField(letter, 'attempts')),
    time: new Date(millisecondsOf(letter.id)).toISOString(),
    fields: letter.fields.map(([name, value]) => [text(name), text(value)]),
  };
}
