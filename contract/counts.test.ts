import { expect, test } from 'vitest';
import { countField, decodeCounts } from './counts.ts';

test('a count is read as it was written, whatever the consumer is called', () => {
  const fields = [['1', 200], ['a:b', 204], ['done:7:x', 299]] as const;
  const written = fields.map(([consumer, code], at) => [countField(consumer, code), String(at + 1)] as const);
  expect(decodeCounts([['resource', 'a/b/c'], ['position', '5-1'], ...written])).toEqual(
    fields.map(([consumer, code], at) => ({ consumer, code, count: at + 1 })),
  );
});

test('what is no count is passed over', () => {
  const strange = ['done:', 'done:200', 'done:200:', 'done:x:1', 'done:-1:1', 'done:1000000000:1'];
  expect(decodeCounts(strange.map((name) => [name, '5']))).toEqual([]);
  expect(decodeCounts(['', '-1', '0', '1.5', 'x', '1e30'].map((value) => ['done:200:1', value]))).toEqual([]);
});
