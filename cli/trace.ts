/** `redisworker trace`: what became of one request, in every worker it went through. */
import { encodeRequest, parseRequest } from '../contract/request.ts';
import type { TlsFiles } from '../operator/default-redis-tls.ts';
import type { RedisClient } from '../operator/redis/requests/client.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { printable } from '../operator/redis/requests/printable.ts';
import { connectRedis } from './redis.ts';
import { alignRows } from './table.ts';
import type { Target } from './redis-target.ts';
import { findTarget } from './target.ts';
import type { Findings } from '../operator/redis/requests/trace-findings.ts';
import { findPath, notedTypes, type Place, withoutShared } from '../operator/redis/requests/trace-path.ts';
import type { Fields, Search } from '../operator/redis/requests/trace-search.ts';
import {
  endsOf,
  parsed,
  rowsOf,
  traceIdOf,
  type Verdict,
  verdictOf,
} from '../operator/redis/requests/trace-sentences.ts';
import { usualTasks } from '../operator/page/worker-streams.ts';
import { streamsOf, usualStreams, workerType } from './worker-type.ts';

/** The words of the command. */
export interface TraceRequest {
  /** Every worker that is known, when absent. */
  readonly type: string | undefined;
  readonly ref: string;
  readonly session: string;
  /** Of workers of a cluster. */
  readonly namespace: string | undefined;
  readonly redisUrl: string | undefined;
  readonly tlsFiles: TlsFiles | undefined;
  /** How many entries of each stream are looked at. */
  readonly limit: number;
  readonly output: 'json' | undefined;
  /** Keys a manifest names in the place of the usual ones. */
  readonly requestStream: string | undefined;
  readonly responseStream: string | undefined;
  readonly deadLetterStream: string | undefined;
  /** Key of the list, of a worker on tasks that is not known here. */
  readonly queue: string | undefined;
}

/**
 * Looks everywhere, and prints.
 * @returns the exit code: 1 when nothing is known of the request
 * @throws Failure when the call is wrong, or Redis cannot be used
 */
export async function trace(asked: TraceRequest, io: Io): Promise<ExitCode> {
  const { ref, limit, output } = asked;
  if (parseRequest(encodeRequest(ref, 'any', ''), { type: 'any' }).kind !== 'request') {
    throw new Failure('a reference has 1 to 512 bytes without control characters', exitCodes.usage);
  }
  const { type = '', requestStream, queue } = asked;
  const keysNamed = requestStream !== undefined || queue !== undefined || type === '';
  const target = await findTarget({ ...asked, type, keysNamed }, io);
  const redis = await connectRedis(target.redisUrl, target);
  try {
    const path = await findPath(redis, { ref, limit, places: await placesOf(redis, asked, target) });
    const now = Date.now();
    const told = path.map((findings) => ({ findings, verdict: verdictOf(findings, now) }));
    if (output === 'json') io.out(JSON.stringify(documentsOf(told), null, 2));
    else print(told, io);
    return told.every(({ verdict }) => verdict.outcome === 'Unknown') ? exitCodes.failed : exitCodes.ok;
  } finally {
    redis.disconnect();
  }
}

/** Where to look: at the worker that is named, and at those that have noted something of the request; else at all. */
async function placesOf(redis: RedisClient, asked: TraceRequest, target: Target): Promise<readonly Place[]> {
  const { type, ref } = asked;
  const known = target.neighbours.map((worker) => ({
    type: workerType(worker),
    ...streamsOf(worker, target.redisUrl),
  }));
  const noted = await notedTypes(redis, ref, known.map((place) => place.type));
  const among = (types: readonly string[]): readonly Place[] =>
    types.map((name) =>
      known.find((place) => place.type === name) ?? {
        type: name,
        ...usualStreams(name, target.redisUrl),
      }
    );
  if (type === undefined) {
    const places = known.length > 0 ? known : among(noted);
    if (places.length > 0) return places;
    throw new Failure(
      `which worker took the request ${ref} is not known: name its type, as in "trace demo-worker ${ref}"`,
      exitCodes.usage,
    );
  }
  const named: Place = {
    type,
    requestStream: asked.requestStream ?? target.requestStream,
    responseStream: asked.responseStream ?? target.responseStream,
    deadLetterStream: asked.deadLetterStream ?? target.deadLetterStream,
    retrySchedule: target.retrySchedule,
    ...tasksOf(asked, target),
  };
  return [named, ...among(noted.filter((name) => name !== type))];
}

function tasksOf({ queue }: TraceRequest, { tasks }: Target): Pick<Place, 'tasks'> {
  if (queue === undefined) return tasks === undefined ? {} : { tasks };
  return { tasks: { ...(tasks ?? usualTasks(queue)), queue } };
}

interface Told {
  readonly findings: Findings;
  readonly verdict: Verdict;
}

function print(told: readonly Told[], io: Io): void {
  const now = Date.now();
  if (told.length > 1) {
    io.out(
      `the request ${told[0]?.findings.ref ?? ''} went through ${
        told.map(({ findings }) => findings.type).join(', then ')
      }`,
    );
  }
  for (const [at, { findings, verdict }] of told.entries()) {
    if (told.length > 1) io.out('');
    io.out(verdict.sentence);
    const shown = at === told.length - 1 ? findings : withoutShared(findings);
    for (const line of alignRows(rowsOf(shown, now))) io.out(line);
  }
  const findings = told.map((one) => one.findings);
  for (const end of findings.flatMap(endsOf)) io.err(`${end}; --limit looks further`);
  for (const fault of new Set(findings.flatMap(({ faults }) => faults))) io.err(fault);
}

/** One worker as ever; those it passed the request on to beside it. */
function documentsOf([first, ...more]: readonly Told[]): object {
  if (first === undefined) return {};
  const document = documentOf(first.findings, first.verdict);
  if (more.length === 0) return document;
  return {
    ...document,
    passedOn: more.map(({ findings, verdict }) => documentOf(withoutShared(findings), verdict)),
  };
}

function documentOf(findings: Findings, verdict: Verdict): object {
  const { type, ref, requests, scheduled, responses, deadLetters, reply, trace: told, task, faults } = findings;
  const entries = (search: Search<{ readonly id: string; readonly fields: Fields }> | undefined) =>
    search && { ...search, found: search.found.map((entry) => ({ ...entry, fields: texts(entry.fields) })) };
  return {
    type,
    ref,
    traceId: traceIdOf(findings),
    ...verdict,
    task: task && { ...task, fields: task.fields && texts(task.fields) },
    requests: entries(requests),
    scheduled,
    responses: entries(responses),
    deadLetters: entries(deadLetters),
    reply: reply && { ...reply, content: reply.content.map(jsonOrText) },
    trace: told &&
      { ...told, content: Object.fromEntries([...told.content].map(([name, value]) => [name, jsonOrText(value)])) },
    faults,
  };
}

function texts(fields: Fields): Record<string, string> {
  return Object.fromEntries([...fields].map(([name, value]) => [name, printable(value)]));
}

function jsonOrText(value: Buffer): unknown {
  return parsed(value) ?? printable(value);
}
