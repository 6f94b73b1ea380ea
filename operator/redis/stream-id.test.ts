import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareIds, idTime } from './stream-id.ts';

test('ids are ordered as the two 64-bit numbers they are', () => {
  const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(fc.property(number, number, number, number, (a, b, c, d) => {
    const expected = a === c ? (b < d ? -1 : b > d ? 1 : 0) : a < c ? -1 : 1;
    expect(Math.sign(compareIds(`${a}-${b}`, `${c}-${d}`))).toBe(expected);
  }));
});

test('the time of an id is its first number', () => {
  expect(idTime('1893455999500-7')).toBe(1_893_455_999_500);
});
