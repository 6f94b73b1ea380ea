import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globsMeet, literal, patternOf } from './glob.ts';

const meet = (one: string, other: string) => globsMeet(patternOf(one), patternOf(other));

test('two patterns meet when a key matches both', () => {
  expect(meet('cache:*', 'cache:1')).toBe(true);
  expect(meet('c*:*', 'ca*:x')).toBe(true);
  expect(meet('a?c', 'ab*')).toBe(true);
  expect(meet('a', 'a*')).toBe(true);
  expect(meet('cache:*', 'cachet')).toBe(false);
  expect(meet('a?', 'a')).toBe(false);
  expect(meet('*:h', 'x:z')).toBe(false);
  expect(globsMeet(literal('a*'), patternOf('ab'))).toBe(false);
});

test('whether they meet is what trying all short keys says', () => {
  const pattern = fc.array(fc.constantFrom('a', 'b', '*', '?'), { maxLength: 4 }).map((parts) => parts.join(''));
  const keys = Array.from({ length: 7 }, (_, length) => length).flatMap((length) =>
    Array.from(
      { length: 2 ** length },
      (_, bits) => Array.from({ length }, (_, at) => ((bits >> at) & 1 ? 'a' : 'b')).join(''),
    )
  );
  const matches = (text: string) => new RegExp(`^${text.replaceAll('?', '.').replaceAll('*', '.*')}$`);
  fc.assert(
    fc.property(pattern, pattern, (one, other) => {
      const [first, second] = [matches(one), matches(other)];
      expect(meet(one, other)).toBe(keys.some((key) => first.test(key) && second.test(key)));
    }),
    { numRuns: 500 },
  );
});
