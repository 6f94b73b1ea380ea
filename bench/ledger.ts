/**
 * What is on record of requests that leave no reply: the counters of their group, which are raised in the transaction
 * that acknowledges them, and the responses of those that failed. Pure but for {@link readLedger}.
 */
import { decodeCounts } from '../contract/counts.ts';
import { defaultGroup, groupRecordKey } from '../contract/keys.ts';
import { itemsOf, textOf } from '../worker/redis/replies.ts';
import type { Reply } from '../worker/redis/resp.ts';
import { groupIn, pairsOf } from './progress.ts';
import { payload, type Pipelined, type Streams, streamsOf, type } from './requests.ts';

/** Number of requests by the code of their answer. */
export type Codes = Readonly<Record<string, number>>;

/** What Redis says when all is done. */
export interface Ledger {
  /** Whether the last request was delivered, and how many are pending. A replica that becomes master has not counted reads. */
  readonly delivered: boolean;
  readonly pending: number;
  /** The counters of the group: answers that leave no response. */
  readonly counted: Codes;
  /** The entries of the response stream. */
  readonly responses: Codes;
  /** References with more than one of those. */
  readonly repeated: number;
}

/** Requests that are on record less often than once, and more often. */
export interface Verdict {
  readonly lost: number;
  readonly twice: number;
}

/** What a worker is told whose replies and traces nobody reads, and of whose responses only those of failures. */
export const leanRecords = { traces: 'Off', replies: 'Disabled', responses: 'Failures' } as const;

/** Requests of which every other one is no JSON, which is answered with 400 and leaves a response where failures do. */
export const everyOtherFails = {
  dataOf: (index: number): string => (index % 2 === 0 ? payload : '{'),
  codes: (requests: number): Codes => ({ 200: Math.ceil(requests / 2), 400: Math.floor(requests / 2) }),
};

const page = 5000;

/** Reads whether all is delivered, and what is pending. */
export async function readStanding(
  client: Pipelined,
  { requestStream }: Pick<Streams, 'requestStream'>,
): Promise<Pick<Ledger, 'delivered' | 'pending'>> {
  const [stream = null, groups = null] = await client.pipeline([
    ['XINFO', 'STREAM', requestStream],
    ['XINFO', 'GROUPS', requestStream],
  ]) as Reply[];
  return standingIn(stream, groups);
}

/** @param stream reply of XINFO STREAM @param groups that of XINFO GROUPS */
function standingIn(stream: Reply, groups: Reply): Pick<Ledger, 'delivered' | 'pending'> {
  const group = groupIn(groups, defaultGroup);
  return {
    delivered: group.get('last-delivered-id') === pairsOf(stream).get('last-generated-id'),
    pending: Number(group.get('pending')),
  };
}

/** Reads counters and responses. */
export async function readLedger(client: Pipelined, of: Streams = streamsOf(type)): Promise<Ledger> {
  const { requestStream, responseStream } = of;
  const [stream = null, groups = null, record = null] = await client.pipeline([
    ['XINFO', 'STREAM', requestStream],
    ['XINFO', 'GROUPS', requestStream],
    ['HGETALL', groupRecordKey(requestStream, defaultGroup)],
  ]) as Reply[];
  return {
    ...standingIn(stream, groups),
    counted: countersIn(pairsOf(record)),
    ...await tally(client, responseStream),
  };
}

/** Answers on record so far: what the group counts, and the responses. */
export async function answersOf(client: Pipelined, { requestStream, responseStream }: Streams): Promise<number> {
  const [record = null, length = null] = await client.pipeline([
    ['HGETALL', groupRecordKey(requestStream, defaultGroup)],
    ['XLEN', responseStream],
  ]) as Reply[];
  const counts = Object.values(countersIn(pairsOf(record)));
  return counts.reduce((sum, one) => sum + one, Number(length));
}

/** The counters of a group, of all its consumers. */
export function countersIn(record: ReadonlyMap<string, string>): Codes {
  return decodeCounts(record).reduce<Codes>((codes, { code, count }) => sumOf(codes, { [code]: count }), {});
}

/** Holds a ledger against the answers there have to be: each leaves a response or is counted, and never both. */
export function judge({ delivered, pending, counted, responses, repeated }: Ledger, expected: Codes): Verdict {
  const [missing, tooMuch] = compare(sumOf(counted, responses), expected);
  return { lost: Math.max(missing, pending, delivered ? 0 : 1), twice: Math.max(tooMuch, repeated) };
}

/** How many are missing, and how many too much. */
function compare(found: Codes, expected: Codes): [missing: number, tooMuch: number] {
  const codes = new Set([...Object.keys(found), ...Object.keys(expected)]);
  const differences = [...codes].map((code) => (found[code] ?? 0) - (expected[code] ?? 0));
  const sum = (sign: number) => differences.reduce((total, one) => total + Math.max(0, sign * one), 0);
  return [sum(-1), sum(1)];
}

function sumOf(one: Codes, other: Codes): Codes {
  const codes = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...codes].map((code) => [code, (one[code] ?? 0) + (other[code] ?? 0)]));
}

async function tally(
  client: Pipelined,
  responseStream: string,
): Promise<Pick<Ledger, 'responses' | 'repeated'>> {
  const responses: Record<string, number> = {};
  const refs = new Map<string, number>();
  for (let from = '-';;) {
    const [entries = null] = await client.pipeline([['XRANGE', responseStream, from, '+', 'COUNT', page]]) as Reply[];
    const ids = itemsOf(entries).map((entry) => {
      const [id = null, flat = null] = itemsOf(entry);
      const fields = pairsOf(flat);
      const [code, ref] = [fields.get('code') ?? '', fields.get('ref') ?? ''];
      responses[code] = (responses[code] ?? 0) + 1;
      refs.set(ref, (refs.get(ref) ?? 0) + 1);
      return textOf(id);
    });
    if (ids.length < page) break;
    from = `(${ids.at(-1)}`;
  }
  return { responses, repeated: [...refs.values()].filter((count) => count > 1).length };
}
