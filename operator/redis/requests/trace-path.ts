/** The way of one request through several workers: those that have something of it, in the order they got it. */
import { progressField, traceField } from '../../../contract/trace.ts';
import { traceHashKey } from '../../../contract/keys.ts';
import type { RedisClient } from './client.ts';
import { type Findings, findTrace } from './trace-findings.ts';
import { millisecondsOf } from './trace-search.ts';
import { isKnown } from './trace-task.ts';
import type { WorkerStreams } from './worker-streams.ts';

/** Workers that are asked at the same time. */
const together = 8;

/** A worker type, and where it keeps what it has of requests. */
export interface Place extends WorkerStreams {
  readonly type: string;
}

/** What is looked for, where, and among how many entries of each stream. */
export interface WantedPath {
  readonly ref: string;
  readonly limit: number;
  /** At least one. The first is told of even when it has nothing. */
  readonly places: readonly Place[];
}

/** What each worker has of the request, without those that have nothing. */
export async function findPath(redis: RedisClient, { ref, limit, places }: WantedPath): Promise<readonly Findings[]> {
  const found: Findings[] = [];
  for (let at = 0; at < places.length; at += together) {
    const some = places.slice(at, at + together);
    found.push(...await Promise.all(some.map((place) => findTrace(redis, { ...place, ref, limit }))));
  }
  const holding = found.filter(hasOwn).sort((one, other) => beginning(one) - beginning(other));
  return holding.length > 0 ? holding : found.slice(0, 1);
}

/** The types that have noted something in the trace: of those known, else as their fields are named. */
export async function notedTypes(
  redis: RedisClient,
  ref: string,
  known: readonly string[],
): Promise<readonly string[]> {
  const fields = await redis.hkeys(traceHashKey(ref)).catch((): string[] => []); // told when the trace is read
  const noted = known.filter((type) => fields.includes(traceField(type)) || fields.includes(progressField(type)));
  const named = new Set(noted.map(traceField));
  const others = fields.filter((field) => /^[a-z][A-Za-z0-9]*Trace$/.test(field) && !named.has(field));
  return [...noted, ...others.map(typeOf)];
}

/** `demoWorkerTrace` is most likely of `demo-worker`. */
function typeOf(field: string): string {
  return field.replace(/Trace$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The reply and the trace are one for all workers. */
export function withoutShared(findings: Findings): Findings {
  const { type, ref, requests, scheduled, responses, deadLetters, task, faults } = findings;
  return {
    type,
    ref,
    faults,
    ...(requests && { requests }),
    ...(scheduled && { scheduled }),
    ...(responses && { responses }),
    ...(deadLetters && { deadLetters }),
    ...(task && { task }),
  };
}

function hasOwn({ requests, scheduled, responses, deadLetters, task }: Findings): boolean {
  return (task !== undefined && isKnown(task)) ||
    [requests, scheduled, responses, deadLetters].some((search) => search !== undefined && search.found.length > 0);
}

/** When the worker got it, as far as that is known. */
function beginning({ requests, responses, deadLetters }: Findings): number {
  const ids = [requests, responses, deadLetters].flatMap((search) => search?.found.map(({ id }) => id) ?? []);
  return Math.min(...ids.map(millisecondsOf));
}
