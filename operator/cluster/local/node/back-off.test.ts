import { expect, test } from 'vitest';
import { nextWaitMs } from './back-off.ts';

const backOff = { initialMs: 100, maxMs: 500 };

test('the wait doubles up to its limit', () => {
  const waits = [0, 100, 200, 400, 500].map((last) => nextWaitMs(backOff, last, 0));
  expect(waits).toEqual([100, 200, 400, 500, 500]);
});

test('ten minutes of running start it over', () => {
  expect(nextWaitMs(backOff, 400, 600_000)).toBe(100);
});
