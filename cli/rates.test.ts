import { expect, test } from 'vitest';
import { type Look, rateOf, withLook } from './rates.ts';

const seen = (...totals: readonly [at: number, total: number][]): readonly Look[] =>
  totals.reduce<readonly Look[]>((looks, [at, total]) => withLook(looks, { at: at * 1000, total }), []);

test('a total seen once or not at all has no rate', () => {
  expect(rateOf(seen(), 15_000)).toBeUndefined();
  expect(rateOf(seen([0, 100]), 15_000)).toBeUndefined();
});

test('a first change tells nothing: nobody knows when it was written before', () => {
  expect(rateOf(seen([0, 100], [1, 100], [2, 130]), 15_000)).toBeUndefined();
});

test('it is what was added from one change to another, by the time between them', () => {
  expect(rateOf(seen([0, 100], [2, 130], [16, 130], [17, 430], [20, 430]), 15_000)).toBe(20);
});

test('a total that has stood still for two times of writing has the rate 0', () => {
  expect(rateOf(seen([0, 100], [29, 100]), 15_000)).toBeUndefined();
  expect(rateOf(seen([0, 100], [30, 100]), 15_000)).toBe(0);
  expect(rateOf(seen([0, 0], [1, 100], [10, 400], [41, 400]), 15_000)).toBe(0);
});

test('what is counted anew is measured anew', () => {
  expect(rateOf(seen([0, 100], [1, 200], [2, 300], [3, 5], [4, 15], [6, 35]), 15_000)).toBe(10);
});

test('only the last minute counts', () => {
  const looks = seen([0, 0], [1, 1000], [30, 1000], [70, 1010], [80, 1020]);
  expect(looks[0]?.at).toBe(30_000);
  expect(rateOf(looks, 15_000)).toBe(1);
});
