/** `redisworker trace`: what became of one request. */
import { encodeRequest, parseRequest } from '../contract/request.ts';
import type { TlsFiles } from '../operator/default-redis-tls.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { printable } from '../operator/redis/requests/printable.ts';
import { connectRedis } from './redis.ts';
import { alignRows } from './table.ts';
import { findTarget } from './target.ts';
import { type Findings, findTrace } from '../operator/redis/requests/trace-findings.ts';
import type { Fields, Search } from '../operator/redis/requests/trace-search.ts';
import { endsOf, parsed, rowsOf, type Verdict, verdictOf } from '../operator/redis/requests/trace-sentences.ts';

/** The words of the command. */
export interface TraceRequest {
  readonly type: string;
  readonly ref: string;
  readonly session: string;
  readonly redisUrl: string | undefined;
  readonly tlsFiles: TlsFiles | undefined;
  /** How many entries of each stream are looked at. */
  readonly limit: number;
  readonly output: 'json' | undefined;
  /** Keys a manifest names in the place of the usual ones. */
  readonly requestStream: string | undefined;
  readonly responseStream: string | undefined;
  readonly deadLetterStream: string | undefined;
}

/**
 * Looks everywhere, and prints.
 * @returns the exit code: 1 when nothing is known of the request
 * @throws Failure when the call is wrong, or Redis cannot be used
 */
export async function trace(asked: TraceRequest, io: Io): Promise<ExitCode> {
  const { type, ref, limit, output } = asked;
  if (parseRequest(encodeRequest(ref, type, ''), { type }).kind !== 'request') {
    throw new Failure('a reference has 1 to 512 bytes without control characters', exitCodes.usage);
  }
  const target = await findTarget({ ...asked, keysNamed: asked.requestStream !== undefined }, io);
  const redis = await connectRedis(target.redisUrl, target);
  try {
    const findings = await findTrace(redis, {
      type,
      ref,
      limit,
      requestStream: asked.requestStream ?? target.requestStream,
      responseStream: asked.responseStream ?? target.responseStream,
      deadLetterStream: asked.deadLetterStream ?? target.deadLetterStream,
      retrySchedule: target.retrySchedule,
    });
    const verdict = verdictOf(findings, Date.now());
    if (output === 'json') io.out(JSON.stringify(documentOf(findings, verdict), null, 2));
    else print(findings, verdict, io);
    return verdict.outcome === 'Unknown' ? exitCodes.failed : exitCodes.ok;
  } finally {
    redis.disconnect();
  }
}

function print(findings: Findings, { sentence }: Verdict, io: Io): void {
  io.out(sentence);
  for (const line of alignRows(rowsOf(findings, Date.now()))) io.out(line);
  for (const end of endsOf(findings)) io.err(`${end}; --limit looks further`);
  for (const fault of findings.faults) io.err(fault);
}

function documentOf(findings: Findings, verdict: Verdict): object {
  const { type, ref, requests, scheduled, responses, deadLetters, reply, trace: told, faults } = findings;
  const entries = (search: Search<{ readonly id: string; readonly fields: Fields }> | undefined) =>
    search && { ...search, found: search.found.map((entry) => ({ ...entry, fields: texts(entry.fields) })) };
  return {
    type,
    ref,
    ...verdict,
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
