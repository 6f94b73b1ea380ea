import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('what many compute at once is computed one by one, and between two of them the event loop turns', async () => {
  const turns = new Turns();
  const happened: string[] = [];
  let isOver = false;
  const outside = (): void => {
    if (happened.at(-1) !== 'outside') happened.push('outside');
    if (!isOver) setImmediate(outside);
  };
  outside();
  await Promise.all(['a', 'b', 'c'].map(async (name) => {
    await turns.next();
    happened.push(name);
  }));
  isOver = true;
  expect(happened.filter((one) => one !== 'outside')).toEqual(['a', 'b', 'c']);
  expect(happened.join(' ')).toMatch(/^outside a outside b outside c/);
});
