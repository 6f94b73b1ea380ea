import { describe, expect, test } from 'vitest';
import { differences } from './difference.ts';

const paths = (expected: unknown, found: unknown): string[] =>
  differences(expected, found, ['data']).map(({ path }) => path);

describe('differences', () => {
  test.each([
    [{ a: [1, { b: 'x' }] }, { a: [1, { b: 'x' }] }, []],
    [{ a: 1, b: 2 }, { a: 2, b: 2 }, ['data.a']],
    [{ a: 1 }, { a: 1, b: 2 }, ['data.b']],
    [{ a: 1 }, {}, ['data.a']],
    [[1, 2, 3], [1, 3], ['data[1]', 'data[2]']],
    [null, undefined, ['data']],
    [{ a: 1 }, 'text', ['data']],
  ])('of %j and %j are at %j', (expected, found, places) => {
    expect(paths(expected, found)).toEqual(places);
  });

  test('tell what was expected and what is there', () => {
    expect(differences({ a: 'x' }, { a: 1, b: true }, ['data'])).toEqual([
      { path: 'data.a', expected: '"x"', found: '1' },
      { path: 'data.b', found: 'true' },
    ]);
  });
});

describe('a placeholder', () => {
  test.each([
    ['value', [null, 0, 'x', {}], [undefined]],
    ['string', ['', 'x'], [1, null, undefined]],
    ['number', [0, 1.5], ['1', null]],
    ['boolean', [true, false], ['true', 0]],
    ['uuid', ['7f3a0a52-0c0f-4f0e-8a51-3b1f3f7d9a10'], ['7f3a', 'x', 1]],
    ['time', ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123+01:00'], ['2026-01-01', '2026-13-01T00:00:00Z', 1]],
  ])('$any: %s stands for %j and not for %j', (kind, those, others) => {
    for (const value of those) expect(paths({ $any: kind }, value)).toEqual([]);
    for (const value of others) expect(paths({ $any: kind }, value)).toEqual(['data']);
  });

  test('$matches stands for text alone', () => {
    expect(paths({ $matches: '^Hello, .+!$' }, 'Hello, Ada!')).toEqual([]);
    expect(differences({ $matches: '^1$' }, 1, ['data'])).toEqual([
      { path: 'data', expected: 'text that matches ^1$', found: '1' },
    ]);
  });

  test('$contains takes a map with more fields, and a list with more items in any order', () => {
    expect(paths({ $contains: { a: { b: 1 } } }, { a: { b: 1, c: 2 }, d: 3 })).toEqual([]);
    expect(paths({ $contains: { a: 1 } }, { d: 3 })).toEqual(['data.a']);
    expect(paths({ $contains: [{ a: 1 }, 2] }, [2, { a: 1, b: 1 }, 3])).toEqual([]);
    expect(paths({ $contains: [4] }, [2, 3])).toEqual(['data[0]']);
  });
});
