import { expect, test } from 'vitest';
import { isAbout, isOfScript } from './logs.ts';

const line = (fields: object) => JSON.stringify({ level: 'info', msg: 'hello', ...fields });

test('a line is of the script it names, with or without its kind', () => {
  expect(isOfScript(line({ job: 'count.js' }), 'count.js')).toBe(true);
  expect(isOfScript(line({ job: 'count.js' }), 'Jobs:count.js')).toBe(true);
  expect(isOfScript(line({ thread: 'count.js' }), 'Jobs:count.js')).toBe(false);
  expect(isOfScript(line({ thread: 'other.js' }), 'count.js')).toBe(false);
  expect(isOfScript('{ no JSON', 'count.js')).toBe(false);
});

test('a line is about the request it names', () => {
  expect(isAbout(line({ ref: 'order-17' }), 'order-17')).toBe(true);
  expect(isAbout('order-17', 'order-17')).toBe(false);
});
