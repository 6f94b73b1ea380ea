import { expect, test } from 'vitest';
import { ManualClock, settled } from '../test/support/manual-clock.ts';
import { pause } from './pause.ts';

function waiting(signal: AbortSignal): { clock: ManualClock; over: () => boolean } {
  const clock = new ManualClock();
  let over = false;
  void pause(100, clock, signal).then(() => (over = true));
  return { clock, over: () => over };
}

test('a pause ends when its time is over, and leaves no timer', async () => {
  const { clock, over } = waiting(new AbortController().signal);
  await clock.advance(99);
  expect(over()).toBe(false);
  await clock.advance(1);
  expect([over(), clock.pending]).toEqual([true, 0]);
});

test('a signal ends a pause at once, one that is under way and one that comes later', async () => {
  const stop = new AbortController();
  const underWay = waiting(stop.signal);
  stop.abort();
  const later = waiting(stop.signal);
  await settled();
  expect([underWay.over(), later.over(), underWay.clock.pending]).toEqual([true, true, 0]);
});
