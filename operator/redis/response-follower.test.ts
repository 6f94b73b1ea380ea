import { expect, test } from 'vitest';
import type { StreamState } from './observe-stream.ts';
import { doubt, newFollower, take, verify } from './response-follower.ts';
import { emptyTally } from './response-tally.ts';

const state = (firstId: string | undefined, lastGeneratedId: string): StreamState => ({
  length: 1,
  firstId,
  lastId: lastGeneratedId,
  lastGeneratedId,
});
const at = (lastId: string) => newFollower('w', 's', { ...emptyTally, total: 9, lastId });
const entry = (id: string) => ({ id, fields: { ref: 'r', code: '200' } });

test('goes on after its cursor when the stream still reaches back to it', () => {
  const follower = at('5-0');
  verify(follower, state('5-0', '9-0'), false);
  expect(follower).toMatchObject({ position: '5-0', tally: { missed: false } });
});

test('tells that entries may be missed when the stream was trimmed beyond its cursor', () => {
  for (const trimmed of [state('6-0', '9-0'), state(undefined, '9-0')]) {
    const follower = at('5-0');
    verify(follower, trimmed, false);
    expect(follower).toMatchObject({ position: '5-0', tally: { total: 9, missed: true } });
  }
});

test('a new worker misses nothing of a stream that was trimmed before', () => {
  const follower = newFollower('w', 's', emptyTally);
  verify(follower, state('6-0', '9-0'), false);
  expect(follower.tally.missed).toBe(false);
});

test('starts over with a stream that begins anew, keeping the totals', () => {
  const follower = at('5-0');
  verify(follower, state('1-0', '1-0'), false);
  expect(take(follower, [entry('1-0')], false, 1000)).toBe(true);
  expect(follower).toMatchObject({ position: '1-0', tally: { total: 10, lastId: '1-0', missed: false } });
});

test('counts nothing twice in a stream that lost its newest entries', () => {
  const follower = at('5-0');
  verify(follower, state('1-0', '4-0'), true);
  expect(take(follower, [entry('3-0'), entry('4-0')], false, 1000)).toBe(false);
  expect(take(follower, [entry('4-1')], false, 1000)).toBe(true);
  expect(follower.tally.total).toBe(10);
});

test('a full batch raises doubt about what was trimmed behind it', () => {
  const follower = at('5-0');
  verify(follower, state('5-0', '5-0'), false);
  take(follower, [entry('6-0')], false, 1000);
  expect(follower.gapFrom).toBeUndefined();
  take(follower, [entry('7-0'), entry('8-0')], true, 1000);
  expect(follower.gapFrom).toBe('6-0');
  doubt(follower);
  verify(follower, state('6-0', '8-0'), false);
  expect(follower.tally.missed).toBe(false);
});
