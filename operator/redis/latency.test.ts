import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyLatency, countLatency, latencyFrom, noLatency, quantileMs } from './latency.ts';

function sketchOf(times: readonly number[]) {
  const sketch = copyLatency(noLatency);
  for (const ms of times) countLatency(sketch, ms);
  return sketch;
}

test('a quantile lies within an eighth of the true one', () => {
  const times = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 500 });
  fc.assert(fc.property(times, fc.constantFrom(0.5, 0.99), (all, share) => {
    const sorted = all.toSorted((one, other) => one - other);
    const truth = sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)] ?? 0;
    const told = quantileMs(sketchOf(all), share) ?? -1;
    expect(Math.abs(told - truth)).toBeLessThanOrEqual(truth / 8);
  }));
});

test('nothing is told of no request', () => {
  expect(quantileMs(noLatency, 0.5)).toBeUndefined();
  expect(quantileMs(sketchOf([]), 0.99)).toBeUndefined();
  expect(quantileMs(latencyFrom(undefined, 7), 0.5)).toBeUndefined();
});

test('old requests give way to new ones, and any number of them fits', () => {
  const sketch = sketchOf([...new Array<number>(100_000).fill(5), ...new Array<number>(5000).fill(700)]);
  expect(quantileMs(sketch, 0.5)).toBeGreaterThan(600);
});

test('what takes longer than 17 minutes counts as that', () => {
  expect(quantileMs(sketchOf([999_999_999]), 0.5)).toBeGreaterThan(900_000);
});

test('what was told is told again', () => {
  fc.assert(fc.property(fc.nat(1_000_000), fc.nat(1_000_000), (one, other) => {
    const [p50, p99] = [Math.min(one, other), Math.max(one, other)];
    const told = [quantileMs(latencyFrom(p50, p99), 0.5), quantileMs(latencyFrom(p50, p99), 0.99)];
    expect([quantileMs(latencyFrom(told[0], told[1]), 0.5), quantileMs(latencyFrom(told[0], told[1]), 0.99)]).toEqual(
      told,
    );
  }));
});
