/** Counting responses that were never written: workers have counted them themselves. Pure. */
import type { Count } from '../../contract/counts.ts';
import { isSuccess } from '../../contract/reply.ts';
import { noLatency } from './latency.ts';
import {
  type ConsumerResult,
  countCode,
  forgetOldest,
  longestConsumerId,
  type ResponseTally,
} from './response-tally.ts';

/**
 * Takes in what workers have counted themselves, all of it each time: what is new of it is added. A count that has fallen
 * was begun anew.
 * @param now in ms, which stands for the time of the last of them
 */
export function addCounts(tally: ResponseTally, counts: readonly Count[], now: number): ResponseTally {
  const byCode = sums(counts, ({ code }) => String(code));
  const news = [...byCode].flatMap(([code, count]) => {
    const more = since(tally.counted[code], count);
    return more > 0 ? [[code, more] as const] : [];
  });
  if (news.length === 0) return tally;
  const codes = { ...tally.codes };
  for (const [code, more] of news) countCode(codes, code, more);
  const more = news.reduce((sum, [, one]) => sum + one, 0);
  const succeeded = news.reduce((sum, [code, one]) => (isSuccess(Number(code)) ? sum + one : sum), 0);
  const lastTime = new Date(now).toISOString();
  return {
    ...tally,
    total: tally.total + more,
    succeeded: tally.succeeded + succeeded,
    failed: tally.failed + more - succeeded,
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
  for (const [consumer, counted] of sums(counts, (count) => count.consumer)) {
    const known = results.get(consumer);
    const more = since(known?.counted, counted);
    if (more === 0 || consumer.length > longestConsumerId) continue;
    const own = counts.filter((count) => count.consumer === consumer);
    const lastCode = Number(commonest(own.map(({ code, count }) => [String(code), count])));
    const { total = 0, failed = 0, latency = noLatency } = known ?? {};
    results.delete(consumer);
    results.set(consumer, { total: total + more, counted, failed, lastCode, lastTime, latency });
  }
  forgetOldest(results);
  return results;
}

/** How many there are more; all of them, where counting was begun anew. */
function since(before = 0, now: number): number {
  return now < before ? now : now - before;
}

function sums(counts: readonly Count[], nameOf: (count: Count) => string): Map<string, number> {
  const all = new Map<string, number>();
  for (const one of counts) all.set(nameOf(one), (all.get(nameOf(one)) ?? 0) + one.count);
  return all;
}

function commonest(weighed: readonly (readonly [name: string, weight: number])[]): string {
  return weighed.reduce((one, other) => (other[1] > one[1] ? other : one))[0];
}
