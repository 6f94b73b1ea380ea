import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ChangeNotifier } from './change-notifier.ts';

test('tells the first change at once, and those that follow together a second later', async () => {
  const clock = new ManualClock();
  const told: string[] = [];
  const notifier = new ChangeNotifier(clock, 1000, (id) => void told.push(id));
  for (let burst = 0; burst < 50; burst++) notifier.changed('a');
  notifier.changed('b');
  expect(told).toEqual(['a', 'b']);
  await clock.advance(999);
  expect(told).toEqual(['a', 'b']);
  await clock.advance(1);
  expect(told).toEqual(['a', 'b', 'a']);
  await clock.advance(5000);
  notifier.changed('a');
  expect(told).toEqual(['a', 'b', 'a', 'a']);
});

test('tells nothing of an id it was asked to forget', async () => {
  const clock = new ManualClock();
  const told: string[] = [];
  const notifier = new ChangeNotifier(clock, 1000, (id) => void told.push(id));
  notifier.changed('a');
  notifier.changed('a');
  notifier.forget('a');
  await clock.advance(5000);
  expect([told, clock.pending]).toEqual([['a'], 0]);
});
