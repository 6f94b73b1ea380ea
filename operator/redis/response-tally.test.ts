import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noLatency, quantileMs } from './latency.ts';
import type { StreamEntry } from './replies.ts';
import { addResponses, emptyTally, maxCodes } from './response-tally.ts';

const now = Date.parse('2030-01-01T00:00:00Z');
let sequence = 0;
const entry = (fields: Record<string, string>, id = `${now - 1000}-${sequence++}`): StreamEntry => ({ id, fields });

test('counts the three forms of a response in use', () => {
  const tally = addResponses(emptyTally, [
    entry({ ref: 'a', type: 'demo', xid: '1-1', code: '200', res: '{}', consumer: '1', ms: '3', attempt: '1' }),
    entry({ ref: 'b', workerUrl: 'https://x/worker.ts', code: '404' }),
    entry({ ref: 'c', type: 'demo', xid: '1-2', res: '{"code":500,"err":{"message":"x"}}' }, '1893455999500-7'),
  ], now);
  expect(tally).toMatchObject({
    total: 3,
    succeeded: 1,
    failed: 2,
    codes: { 200: 1, 404: 1, 500: 1 },
    unreadable: 0,
    lastId: '1893455999500-7',
    lastCode: 500,
    lastTime: '2029-12-31T23:59:59.500Z',
  });
  expect(tally.perConsumer.get('1')).toMatchObject({ lastCode: 200 });
});

test('entries nobody can read are counted apart and move the cursor on', () => {
  const bad = [
    entry({}),
    entry({ ref: '' }),
    entry({ ref: 'a' }),
    entry({ ref: 'a', res: '{"code":' }),
    entry({ ref: 'a', code: '-1' }, '5-5'),
  ];
  expect(addResponses(emptyTally, bad, now)).toMatchObject({ total: 0, unreadable: 5, lastId: '5-5', codes: {} });
});

test('leaves the tally it is given as it was', () => {
  const before = addResponses(emptyTally, [entry({ ref: 'a', code: '200', consumer: '1' })], now);
  const copy = structuredClone(before);
  addResponses(before, [entry({ ref: 'b', code: '201', consumer: '2' })], now);
  expect(before).toEqual(copy);
});

test('an entry from the future counts as of now', () => {
  const tally = addResponses(emptyTally, [entry({ ref: 'a', code: '200' }, '18446744073709551615-1')], now);
  expect(tally.lastTime).toBe(new Date(now).toISOString());
});

test('names at most 32 codes and 1000 consumers, whatever comes', () => {
  const many = Array.from({ length: 1200 }, (_, at) => entry({ ref: 'r', code: String(at), consumer: `c${at}` }));
  const tally = addResponses(emptyTally, [...many, entry({ ref: 'r', code: '7', consumer: 'x'.repeat(300) })], now);
  expect(Object.keys(tally.codes)).toHaveLength(maxCodes + 1);
  expect(tally.codes).toMatchObject({ 7: 2, other: 1200 - maxCodes });
  expect(tally.perConsumer.size).toBe(1000);
  expect([tally.perConsumer.has('c199'), tally.perConsumer.has('c200')]).toEqual([false, true]);
});

test('the sums always agree, and counting in parts gives what counting at once gives', () => {
  const fields = fc.dictionary(
    fc.constantFrom('ref', 'code', 'res', 'consumer', '__proto__', 'x'),
    fc.oneof(fc.nat(600).map(String), fc.string(), fc.json()),
  );
  fc.assert(fc.property(fc.array(fields, { maxLength: 60 }), fc.nat(60), (all, cut) => {
    const entries = all.map((one, at) => ({ id: `${at + 1}-0`, fields: one }));
    const whole = addResponses(emptyTally, entries, now);
    const parts = addResponses(addResponses(emptyTally, entries.slice(0, cut), now), entries.slice(cut), now);
    expect(parts).toEqual(whole);
    expect(whole.succeeded + whole.failed).toBe(whole.total);
    expect(Object.values(whole.codes).reduce((sum, count) => sum + count, 0)).toBe(whole.total);
    expect(whole.total + whole.unreadable).toBe(entries.length);
  }));
});

test('tells of each consumer how many requests it has finished, how many failed, and how long they took', () => {
  const answers = [['1', '200', '10'], ['2', '500', '3'], ['1', '404', '10'], ['1', '200', undefined]] as const;
  const tally = addResponses(
    emptyTally,
    answers.map(([consumer, code, ms]) => entry({ ref: 'r', code, consumer, ...(ms === undefined ? {} : { ms }) })),
    now,
  );
  const later = addResponses(tally, [entry({ ref: 'r', code: '200', consumer: '1', ms: '900' })], now);
  expect(tally.perConsumer.get('1')).toMatchObject({ total: 3, failed: 1, lastCode: 200 });
  expect(tally.perConsumer.get('2')).toMatchObject({ total: 1, failed: 1, lastCode: 500 });
  expect(later.perConsumer.get('1')).toMatchObject({ total: 4, failed: 1 });
  const quantiles = [tally, later].map(({ perConsumer }) =>
    [0.5, 0.99].map((share) => quantileMs(perConsumer.get('1')?.latency ?? noLatency, share))
  );
  expect(quantiles).toEqual([[10, 10], [10, 928]]);
});

test('how long requests took and how often they were tried again only grows, and adds up', () => {
  const entries = [
    entry({ ref: 'a', code: '200', ms: '3', attempt: '1' }, '1-1'),
    entry({ ref: 'b', code: '200', ms: '40', attempt: '3' }, '1-2'),
    entry({ ref: 'c', code: '500', ms: '90000', attempt: '2' }, '1-3'),
    entry({ ref: 'd', code: '200' }, '1-4'),
  ];
  const first = addResponses(emptyTally, entries.slice(0, 2), now);
  const both = addResponses(first, entries.slice(2), now);
  expect(both.retries).toBe(3);
  expect(both.durations.sumMs).toBe(90_043);
  expect(both.durations.counts).toEqual([1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  expect(first.durations.counts.reduce((sum, count) => sum + count)).toBe(2);
});
