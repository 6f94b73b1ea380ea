import { expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { Throttle } from './throttle.ts';

function queueOf(count: number, limits: { perSecond: number; burst: number; slots: number }) {
  const clock = new ManualClock();
  const throttle = new Throttle(limits, clock);
  const entered: number[] = [];
  const leaves: (() => void)[] = [];
  for (let index = 0; index < count; index += 1) {
    void throttle.enter('Objects').then((leave) => {
      entered.push(index);
      leaves.push(leave);
    });
  }
  return { clock, entered, leaves };
}

it('lets the burst in at once and the rest at the rate, in their order', async () => {
  const { clock, entered } = queueOf(6, { perSecond: 10, burst: 3, slots: 100 });
  await clock.advance(0);
  expect(entered).toEqual([0, 1, 2]);
  await clock.advance(100);
  expect(entered).toEqual([0, 1, 2, 3]);
  await clock.advance(200);
  expect(entered).toEqual([0, 1, 2, 3, 4, 5]);
  expect(clock.pending).toBe(0);
});

it('lets in no more at once than there are slots', async () => {
  const { clock, entered, leaves } = queueOf(4, { perSecond: 1000, burst: 1000, slots: 2 });
  await clock.advance(1000);
  expect(entered).toEqual([0, 1]);
  leaves[0]?.();
  await clock.advance(0);
  expect(entered).toEqual([0, 1, 2]);
});

it('lets objects in before events that came first, and keeps half of a burst for them', async () => {
  const clock = new ManualClock();
  const throttle = new Throttle({ perSecond: 10, burst: 8, slots: 100 }, clock);
  const entered: string[] = [];
  const enter = (lane: 'Objects' | 'Events', times: number): void => {
    for (let index = 0; index < times; index += 1) void throttle.enter(lane).then(() => entered.push(lane));
  };
  enter('Events', 6);
  await clock.advance(0);
  expect(entered).toEqual(Array(4).fill('Events'));
  enter('Objects', 5);
  await clock.advance(0);
  expect(entered.slice(4)).toEqual(Array(4).fill('Objects'));
  await clock.advance(100);
  expect(entered.slice(8)).toEqual(['Objects']);
  await clock.advance(700);
  expect(entered.slice(9)).toEqual(['Events', 'Events']);
});
