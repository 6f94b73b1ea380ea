import { expect, test } from 'vitest';
import { bytesOf, quantityValue, sameQuantity } from './quantity.ts';

/** Left as a manifest says it, right as kube-apiserver 1.36 stores it. */
const rewritten: readonly (readonly [string, string])[] = [
  ['1024Mi', '1Gi'],
  ['1000m', '1'],
  ['0.1', '100m'],
  ['.5', '500m'],
  ['1.', '1.'],
  ['1e3', '1e3'],
  ['1000', '1k'],
  ['1024', '1024'],
  ['1E2', '100'],
  ['1e-3', '1e-3'],
  ['0.1n', '1m'],
  ['100u', '1m'],
  ['1500u', '2m'],
  ['128974848000m', '128974848'],
  ['1.5Gi', '1536Mi'],
  ['0.5Ki', '512'],
  ['0.3Ki', '307200m'],
  ['1e9', '1e9'],
  ['1e+2', '100'],
  ['100000000000', '100G'],
  ['00', '0'],
  ['0.0', '0'],
  ['1.25', '1250m'],
  ['0.0001', '1m'],
  ['10Ei', '9223372036854775807'],
  ['1e19', '10e18'],
  ['1e40', '10e39'],
  ['1048576Ki', '1Gi'],
  ['3.14159265358979', '3142m'],
];

test('an amount is the same before and after an API server has rewritten it', () => {
  expect(rewritten.filter(([given, stored]) => !sameQuantity(given, stored))).toEqual([]);
});

test('amounts that an API server stores differently are different ones', () => {
  expect([['1Gi', '1G'], ['1', '1001m'], ['0', '1n'], ['100m', '1']].filter(([a, b]) => sameQuantity(a!, b!))).toEqual(
    [],
  );
});

test.each([
  ['0', 0n],
  ['1n', 1n],
  ['0.1n', 1n],
  ['1500u', 1_500_000n],
  ['2e-3', 2_000_000n],
  ['1E', 10n ** 27n],
  ['1Ei', 2n ** 60n * 10n ** 9n],
  ['1E2', 100n * 10n ** 9n],
  ['1e+2', 100n * 10n ** 9n],
  ['0.5Ki', 512n * 10n ** 9n],
])('%s has the value %s in billionths, rounded up', (given, value) => expect(quantityValue(given)).toBe(value));

test.each([['1e9', 1_000_000_000n], ['128974848000m', 128_974_848n], ['1P', 10n ** 15n], ['1.5Gi', 1_610_612_736n]])(
  '%s is %s bytes',
  (given, bytes) => expect(bytesOf(given)).toBe(bytes),
);

test.each(['', 'x', '1K', '1 Mi', '-1', '1e', '1mi', '.'])('%j is no quantity', (given) => {
  expect(quantityValue(given)).toBeUndefined();
  expect(sameQuantity(given, given)).toBe(false);
});
