import { expect, test } from 'vitest';
import type { StreamEntry } from './replies.ts';
import { addCounts } from './response-counts.ts';
import { addResponses, addUnread, emptyTally } from './response-tally.ts';

const now = Date.parse('2030-01-01T00:00:00Z');
const entry = (fields: Record<string, string>): StreamEntry => ({ id: `${now - 1000}-0`, fields });
const count = (consumer: string, code: number, times: number) => ({ consumer, code, count: times });

test('adds what workers count themselves to what was read, once, however often it is told', () => {
  const read = addResponses(emptyTally, [entry({ ref: 'a', code: '500', consumer: '1', ms: '9' })], now);
  const counts = [count('1', 200, 40), count('1', 204, 2), count('2', 200, 1)];
  const tally = addCounts(read, counts, now);
  expect(tally).toMatchObject({
    total: 44,
    succeeded: 43,
    failed: 1,
    codes: { 200: 41, 204: 2, 500: 1 },
    counted: { 200: 41, 204: 2 },
    lastCode: 200,
    lastTime: new Date(now).toISOString(),
  });
  expect(tally.perConsumer.get('1')).toMatchObject({ total: 43, counted: 42, failed: 1, lastCode: 200 });
  expect(tally.perConsumer.get('2')).toMatchObject({ total: 1, counted: 1, failed: 0 });
  expect(addCounts(tally, counts, now + 1)).toBe(tally);
  const later = addCounts(tally, [count('1', 200, 50), count('1', 204, 2), count('2', 200, 1)], now + 1);
  expect([later.total, later.perConsumer.get('1')?.total, later.perConsumer.get('2')?.total]).toEqual([54, 53, 1]);
});

test('a count that was begun anew adds all of it, and no total falls', () => {
  const before = addCounts(emptyTally, [count('1', 200, 100)], now);
  const after = addCounts(before, [count('1', 200, 3)], now);
  expect([after.total, after.counted, after.perConsumer.get('1')?.total]).toEqual([103, { 200: 3 }, 103]);
});

test('entries that were not read are like those that are written, not like what is counted', () => {
  const failures = addResponses(emptyTally, [entry({ ref: 'a', code: '500' })], now);
  const tally = addCounts(failures, [count('1', 200, 1000)], now);
  expect(addUnread(tally, 10, tally)).toMatchObject({ total: 1011, failed: 11, codes: { 200: 1000, 500: 11 } });
});
