import { expect, test } from 'vitest';
import { bucketMs, countEvents, noRate, perSecondAt } from './rate.ts';

const start = 1_800_000_000_000;
const steady = (perSecond: number, seconds: number) =>
  Array.from({ length: perSecond * seconds }, (_, at) => start + (at * 1000) / perSecond).reduce(
    (rate, at) => countEvents(rate, at, 1),
    noRate,
  );

test('a steady stream shows its rate', () => {
  expect(perSecondAt(steady(20, 30), start + 30_000)).toBe(20);
});

test('the rate falls to zero when nothing comes any more', () => {
  const rate = steady(10, 20);
  const shown = [20, 25, 30, 40].map((seconds) => perSecondAt(rate, start + seconds * 1000));
  expect(shown).toEqual([10, 5, 0, 0]);
});

test('old events do not count as present ones', () => {
  expect(perSecondAt([1, 2, 3].reduce((rate, at) => countEvents(rate, at, 1), noRate), start)).toBe(0);
  const late = countEvents(countEvents(noRate, start, 1), start - 5 * bucketMs, 1);
  expect(late).toEqual({ start, current: 1, previous: 0 });
});
