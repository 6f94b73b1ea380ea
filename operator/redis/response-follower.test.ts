import { expect, test } from 'vitest';
import type { StreamState } from './observe-stream.ts';
import { doubt, mostBehind, newFollower, settle, take, verify } from './response-follower.ts';
import { emptyTally } from './response-tally.ts';

const state = (lastGeneratedId: string, entriesAdded: number, more: Partial<StreamState> = {}): StreamState => ({
  length: 1,
  firstId: '1-0',
  lastId: lastGeneratedId,
  lastGeneratedId,
  entriesAdded,
  ...more,
});
const counted = { ...emptyTally, total: 9, succeeded: 9, codes: { 200: 9 } };
/** Has counted nine entries, the last of them `lastId`. */
const at = (lastId: string) => newFollower('w', 's', { ...counted, lastId, entriesAdded: 9 });
const entry = (id: string, code = '200') => ({ id, fields: { ref: 'r', code } });
const now = 1_000_000;

test('goes on after its cursor', () => {
  const follower = at('5-0');
  verify(follower, state('9-0', 11), false);
  settle(follower, state('9-0', 11), [entry('8-0'), entry('9-0')], true, now);
  expect(follower.tally).toMatchObject({ total: 11, sampled: 0, missed: 0, lastId: '9-0', entriesAdded: 11 });
});

test('counts what was trimmed while nobody read, as missed and like what is left', () => {
  const follower = at('5-0');
  verify(follower, state('9-0', 100), false);
  settle(follower, state('9-0', 100), [entry('8-0', '500'), entry('9-0', '500')], true, now);
  expect(follower.tally).toMatchObject({ total: 100, codes: { 200: 9, 500: 91 }, sampled: 89, missed: 89 });
});

test('counts what was trimmed to the last, like what it knows', () => {
  const follower = at('5-0');
  verify(follower, state('9-0', 12), false);
  settle(follower, state('9-0', 12), [], true, now);
  expect(follower.tally).toMatchObject({ total: 12, codes: { 200: 12 }, missed: 3, lastId: '9-0', entriesAdded: 12 });
});

test('a new worker misses nothing of a stream that was trimmed before', () => {
  const follower = newFollower('w', 's', emptyTally);
  verify(follower, state('9-0', 50), false);
  settle(follower, state('9-0', 50), [entry('9-0')], true, now);
  expect(follower.tally).toMatchObject({ total: 1, sampled: 0, missed: 0, entriesAdded: 50 });
});

test('what comes while it follows, and faster than it reads, is sampled and not missed', () => {
  const follower = at('5-0');
  verify(follower, state('5-0', 9), false);
  settle(follower, state('5-0', 9), [], true, now);
  const flood = state('9-0', 9 + 4 + 2 * mostBehind, { length: 100_000 });
  const read = [entry('6-0'), entry('6-1', '500'), entry('6-2'), entry('6-3')];
  expect(settle(follower, flood, read, false, now)).toBe(true);
  expect(follower).toMatchObject({ position: '9-0', added: flood.entriesAdded });
  expect(follower.tally).toMatchObject({
    total: flood.entriesAdded,
    failed: 1 + mostBehind / 2,
    sampled: 2 * mostBehind,
    missed: 0,
    lastId: '9-0',
  });
});

test('reads on entry by entry as long as it can catch up', () => {
  const follower = at('5-0');
  verify(follower, state('9-0', 1000, { length: 991 }), false);
  settle(follower, state('9-0', 1000, { length: 991 }), [entry('6-0'), entry('7-0')], false, now);
  expect(follower).toMatchObject({ position: '7-0', added: 11, tally: { total: 11, sampled: 0 } });
});

test('starts over with a stream that begins anew, keeping the totals', () => {
  const follower = at('5-0');
  verify(follower, state('1-0', 1), false);
  settle(follower, state('1-0', 1), [entry('1-0')], true, now);
  expect(follower).toMatchObject({ position: '1-0', tally: { total: 10, lastId: '1-0', entriesAdded: 1, missed: 0 } });
});

test('knows a stream that begins anew with higher ids by its count, and what it has lost since', () => {
  const follower = at('5-0');
  verify(follower, state('9-0', 3), false);
  settle(follower, state('9-0', 3), [entry('8-0'), entry('9-0')], true, now);
  expect(follower.tally).toMatchObject({ total: 12, missed: 1, entriesAdded: 3 });
});

test('counts a stream from its beginning that comes after one that was deleted', () => {
  const follower = at('5-0');
  verify(follower, undefined, false);
  settle(follower, state('4-0', 2), [entry('3-0'), entry('4-0')], true, now);
  expect(follower.tally).toMatchObject({ total: 11, missed: 0, lastId: '4-0', entriesAdded: 2 });
});

test('counts nothing twice in a stream that lost its newest entries', () => {
  const follower = at('5-0');
  verify(follower, state('4-0', 7), true);
  expect(take(follower, [entry('3-0'), entry('4-0')], now)).toBe(false);
  expect(take(follower, [entry('4-1')], now)).toBe(true);
  expect(follower.tally).toMatchObject({ total: 10, entriesAdded: 8 });
});

test('after an interruption, what is gone is missed again', () => {
  const follower = at('5-0');
  verify(follower, state('5-0', 9), false);
  settle(follower, state('5-0', 9), [], true, now);
  doubt(follower);
  verify(follower, state('7-0', 20), false);
  settle(follower, state('7-0', 20), [entry('7-0')], true, now);
  expect(follower.tally).toMatchObject({ total: 20, missed: 10 });
});

test('a stream that begins under its eyes is counted to the entry, however fast it grows', () => {
  const follower = newFollower('w', 's', emptyTally);
  verify(follower, undefined, false);
  take(follower, [entry('1-0'), entry('2-0')], now);
  settle(follower, state('9-0', 50, { length: 48 }), [entry('9-0')], true, now);
  expect(follower.tally).toMatchObject({ total: 50, sampled: 47, missed: 0 });
});
