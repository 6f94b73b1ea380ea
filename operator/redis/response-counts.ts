/** Counting responses that were never written: workers have counted them themselves. Pure. */
import type { Count } from '../../contract/counts.ts';
import { risen } from '../risen.ts';
import { noLatency } from './latency.ts';
import {
  type ConsumerResult,
  countCode,
  forgetOldest,
  longestConsumerId,
  type ResponseTally,
  sumsOf,
} from './response-tally.ts';

/**
 * Takes in what workers have counted themselves, all of it each time: what is new of it is added. A count that has fallen
 * was begun anew.
 * @param now in ms, which stands for the time of the last of them
 */
export function addCounts(tally: ResponseTally, counts: readonly Count[], now: number): ResponseTally {
  const byCode = summed(counts.map(({ code, count }) => [String(code), count]));
  const news = [...byCode].map(([code, count]) => [code, risen(tally.counted[code], count)] as const)
    .filter(([, more]) => more > 0);
  if (news.length === 0) return tally;
  const codes = { ...tally.codes };
  for (const [code, more] of news) countCode(codes, code, more);
  const { succeeded, failed } = sumsOf(news);
  const lastTime = new Date(now).toISOString();
  return {
    ...tally,
    total: tally.total + succeeded + failed,
    succeeded: tally.succeeded + succeeded,
    failed: tally.failed + failed,
    codes,
    counted: { ...tally.counted, ...Object.fromEntries(byCode) },
    lastCode: Number(commonest(news)),
    lastTime,
    perConsumer: withCounts(tally.perConsumer, counts, lastTime),
  };
}

function withCounts(
  before: ResponseTally['perConsumer'],
  counts: readonly Count[],
  lastTime: string,
): Map<string, ConsumerResult> {
  const results = new Map(before);
  for (const [consumer, { counted, most }] of ofEach(counts)) {
    const known = results.get(consumer);
    const more = risen(known?.counted, counted);
    if (more === 0 || consumer.length > longestConsumerId) continue;
    const { total = 0, failed = 0, latency = noLatency } = known ?? {};
    results.delete(consumer);
    results.set(consumer, { total: total + more, counted, failed, lastCode: most.code, lastTime, latency });
  }
  forgetOldest(results);
  return results;
}

/** All that each consumer has counted, and what it has counted most of. */
function ofEach(counts: readonly Count[]): Map<string, { readonly counted: number; readonly most: Count }> {
  const all = new Map<string, { readonly counted: number; readonly most: Count }>();
  for (const one of counts) {
    const { counted = 0, most = one } = all.get(one.consumer) ?? {};
    all.set(one.consumer, { counted: counted + one.count, most: one.count > most.count ? one : most });
  }
  return all;
}

function summed(counts: readonly (readonly [name: string, count: number])[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const [name, count] of counts) all.set(name, (all.get(name) ?? 0) + count);
  return all;
}

function commonest(weighed: readonly (readonly [name: string, weight: number])[]): string {
  return weighed.reduce((one, other) => (other[1] > one[1] ? other : one))[0];
}
