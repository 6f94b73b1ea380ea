import { expect, test } from 'vitest';
import { backOffMs } from './backoff.ts';

const backOff = { initialMs: 100, maxMs: 500 };

test('the wait doubles with each failure up to its limit', () => {
  expect([1, 2, 3, 4, 1000].map((failures) => backOffMs(backOff, failures))).toEqual([100, 200, 400, 500, 500]);
});

test('chance takes off up to half of it', () => {
  expect([0, 0.5, 1].map((random) => backOffMs(backOff, 2, () => random))).toEqual([100, 150, 200]);
});
