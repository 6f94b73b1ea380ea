import { expect, test } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { StatusPace } from './status-pace.ts';

test('what is urgent is written at once, and the rest when the last write is long enough ago', async () => {
  const clock = new ManualClock();
  const pace = new StatusPace(clock, 15_000);
  expect(pace.waitMs('a', 'Soon')).toBe(15_000);
  await clock.advance(5000);
  expect([pace.waitMs('a', 'Now'), pace.waitMs('a', 'Soon'), pace.waitMs('a', 'Later')]).toEqual([0, 10_000, 60_000]);
  pace.wrote('a');
  expect(pace.waitMs('a', 'Soon')).toBe(15_000);
  await clock.advance(20_000);
  expect([pace.waitMs('a', 'Soon'), pace.waitMs('a', 'None')]).toEqual([0, undefined]);
  pace.forget('a');
  expect(pace.waitMs('a', 'Soon')).toBe(15_000);
});

test('what nobody waits for is written a minute after it has come to be, however long ago the last write is', async () => {
  const clock = new ManualClock();
  const pace = new StatusPace(clock, 15_000);
  pace.wrote('a');
  await clock.advance(300_000);
  expect(pace.waitMs('a', 'Later')).toBe(60_000);
  await clock.advance(50_000);
  expect(pace.waitMs('a', 'Later')).toBe(10_000);
  expect(pace.waitMs('a', 'None')).toBeUndefined(); // it is as it was
  expect(pace.waitMs('a', 'Later')).toBe(60_000);
  await clock.advance(60_000);
  expect([pace.waitMs('a', 'Progress'), pace.waitMs('a', 'Later')]).toEqual([240_000, 0]);
  pace.wrote('a');
  expect(pace.waitMs('a', 'Later')).toBe(60_000);
});
