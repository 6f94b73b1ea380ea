import { expect, test } from 'vitest';
import { podLines } from './pod-lines.ts';

test('lines stand behind the name of their pod, all text in one column', () => {
  const lines: string[] = [];
  const print = podLines((line) => lines.push(line), false);
  print('demo-worker-1', 'hello');
  print('date', 'there');
  expect(lines).toEqual(['demo-worker-1 | hello', 'date          | there']);
});

test('each pod has a colour of its own', () => {
  const lines: string[] = [];
  const print = podLines((line) => lines.push(line), true);
  print('a', 'x');
  print('b', 'x');
  print('a', 'y');
  expect(lines).toEqual(['\u001b[36ma |\u001b[0m x', '\u001b[33mb |\u001b[0m x', '\u001b[36ma |\u001b[0m y']);
});
