import { expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { Throttle, type ThrottledLane } from './throttle.ts';

function queueOf(count: number, { slots, ...rate }: { perSecond: number; burst: number; slots: number }) {
  const clock = new ManualClock();
  const throttle = new Throttle({ slots, rate }, clock);
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

it('lets in the more urgent before what came first, and keeps half of a burst from events', async () => {
  const clock = new ManualClock();
  const throttle = new Throttle({ slots: 100, rate: { perSecond: 10, burst: 8 } }, clock);
  const { entered, enter } = visitorsOf(throttle);
  enter('Events', 6);
  await clock.advance(0);
  expect(entered).toEqual(Array(4).fill('Events'));
  enter('Status', 1);
  enter('Objects', 3);
  enter('Policies', 1);
  await clock.advance(0);
  expect(entered.slice(4)).toEqual(['Status', 'Objects', 'Objects', 'Objects']);
  await clock.advance(100);
  expect(entered.slice(8)).toEqual(['Policies']);
  await clock.advance(700);
  expect(entered.slice(9)).toEqual(['Events', 'Events']);
});

it('knows no rate unless it is given one, and still lets policies in first when all slots are taken', async () => {
  const clock = new ManualClock();
  const throttle = new Throttle({ slots: 2 }, clock);
  const { entered, leaves, enter } = visitorsOf(throttle);
  for (const lane of ['Events', 'Events', 'Status', 'Objects', 'Policies'] as const) enter(lane, 1);
  await clock.advance(0);
  expect(entered).toEqual(['Events', 'Events']);
  for (const leave of leaves.splice(0)) leave();
  await clock.advance(0);
  expect(entered.slice(2)).toEqual(['Policies', 'Objects']);
  for (const leave of leaves.splice(0)) leave();
  await clock.advance(0);
  expect(entered.slice(4)).toEqual(['Status']);
  expect(clock.pending).toBe(0);
  enter('Objects', 500);
  for (let left = 0; left < 1000; left += 1) {
    leaves.shift()?.();
    await Promise.resolve();
  }
  expect(entered).toHaveLength(505);
});

function visitorsOf(throttle: Throttle) {
  const entered: ThrottledLane[] = [];
  const leaves: (() => void)[] = [];
  const enter = (lane: ThrottledLane, times: number): void => {
    for (let index = 0; index < times; index += 1) {
      void throttle.enter(lane).then((leave) => {
        entered.push(lane);
        leaves.push(leave);
      });
    }
  };
  return { entered, leaves, enter };
}
