import { expect, test } from 'vitest';
import { remembered } from './remembered.ts';

test('what was made of a text is not made again, though it be nothing', () => {
  const asked: string[] = [];
  const length = remembered((text) => {
    asked.push(text);
    return text === '' ? undefined : text.length;
  });
  expect(['', 'ab', '', 'ab'].map(length)).toEqual([undefined, 2, undefined, 2]);
  expect(asked).toEqual(['', 'ab']);
});

test('no more texts are remembered than were agreed upon', () => {
  const asked: string[] = [];
  const same = remembered((text) => {
    asked.push(text);
    return text;
  }, 2);
  for (const text of ['a', 'b', 'c', 'a']) expect(same(text)).toBe(text);
  expect(asked).toEqual(['a', 'b', 'c', 'a']);
});
