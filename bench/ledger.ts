/**
 * What is on record of requests that leave no reply: the counters of their group, which are raised in the transaction
 * that acknowledges them, and the responses of those that failed. Pure but for {@link readLedger}.
 */
import { defaultGroup, groupRecordKey } from '../contract/keys.ts';
import { itemsOf, textOf } from '../worker/redis/replies.ts';
import type { Reply } from '../worker/redis/resp.ts';
import { acknowledgedBy, pairsOf } from './progress.ts';
import { type Pipelined, requestStream, responseStream } from './requests.ts';

/** Number of requests by the code of their answer. */
export type Codes = Readonly<Record<string, number>>;

/** What Redis says when all is done. */
export interface Ledger {
  /** Requests that were ever added, and those the group has acknowledged. */
  readonly added: number;
  readonly acknowledged: number;
  /** The counters of the group; none where every answer leaves a response. */
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

const page = 5000;

/** Reads counters and responses. */
export async function readLedger(client: Pipelined): Promise<Ledger> {
  const progress = acknowledgedBy(requestStream, defaultGroup);
  const [info = null, record = null, ...groups] = await client.pipeline([
    ['XINFO', 'STREAM', requestStream],
    ['HGETALL', groupRecordKey(requestStream, defaultGroup)],
    ...progress.commands,
  ]) as Reply[];
  return {
    added: Number(pairsOf(info).get('entries-added')),
    acknowledged: progress.done(groups),
    counted: countersIn(pairsOf(record)),
    ...await tally(client),
  };
}

/** The fields whose name is a code, or ends with one. */
export function countersIn(record: ReadonlyMap<string, string>): Codes {
  return Object.fromEntries([...record].flatMap(([name, value]) => {
    const [, code] = /(?:^|[^\d])([1-9]\d\d)$/.exec(name) ?? [];
    return code === undefined ? [] : [[code, Number(value)]];
  }));
}

/**
 * Holds a ledger against the answers there have to be. Where the group counts, each code must be counted exactly as
 * often; what failed has one response each, and what succeeded has none.
 */
export function judge({ added, acknowledged, counted, responses, repeated }: Ledger, expected: Codes): Verdict {
  const counts = Object.keys(counted).length > 0;
  const [codes, left] = compare(counts ? counted : responses, expected);
  const [failures, extra] = counts ? compare(responses, failuresOf(expected)) : [0, 0];
  return { lost: Math.max(codes, failures, added - acknowledged), twice: Math.max(left, extra, repeated) };
}

/** How many are missing, and how many too much. */
function compare(found: Codes, expected: Codes): [missing: number, tooMuch: number] {
  const codes = new Set([...Object.keys(found), ...Object.keys(expected)]);
  const differences = [...codes].map((code) => (found[code] ?? 0) - (expected[code] ?? 0));
  const sum = (sign: number) => differences.reduce((total, one) => total + Math.max(0, sign * one), 0);
  return [sum(-1), sum(1)];
}

function failuresOf(codes: Codes): Codes {
  return Object.fromEntries(Object.entries(codes).filter(([code]) => !code.startsWith('2')));
}

async function tally(client: Pipelined): Promise<Pick<Ledger, 'responses' | 'repeated'>> {
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
