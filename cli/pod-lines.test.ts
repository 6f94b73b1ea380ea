import { describe, expect, test } from 'vitest';
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

test.each([
  ['{"time":"t","level":"info","msg":"working","consumer":"2","running":0}', 'working consumer=2 running=0'],
  ['{"time":"t","level":"error","msg":"broken","at":{"line":3}}', 'error: broken at={"line":3}'],
  ['{"greeting":"hello"}', '{"greeting":"hello"}'],
  ['{not json', '{not json'],
])('%s is printed for people', (line, text) => {
  const lines: string[] = [];
  podLines((printed) => lines.push(printed), false)('p', line);
  expect(lines).toEqual([`p | ${text}`]);
});

describe('what a process ends with', () => {
  const reason = 'redisworker: the module worker.ts cannot be loaded: broken (worker.ts:1:7)';
  const working = '{"time":"t","level":"info","msg":"working"}';

  test.each([
    ['is printed once, however often the process is started again', [reason, reason, reason], [reason]],
    ['is printed again when it changes', [reason, 'redisworker: other', reason], [
      reason,
      'redisworker: other',
      reason,
    ]],
    ['is printed again once the process has worked in between', [reason, working, reason], [reason, 'working', reason]],
    ['is not taken for what the code itself prints', ['broken', 'broken'], ['broken', 'broken']],
  ])('%s', (_, lines, printed) => {
    const seen: string[] = [];
    const print = podLines((line) => seen.push(line), false);
    for (const line of lines) print('p', line);
    expect(seen).toEqual(printed.map((line) => `p | ${line}`));
  });

  test('is printed for each pod', () => {
    const seen: string[] = [];
    const print = podLines((line) => seen.push(line), false);
    for (const pod of ['p', 'q', 'p', 'q']) print(pod, reason);
    expect(seen).toEqual([`p | ${reason}`, `q | ${reason}`]);
  });
});

test('a position names the file of the module, not where this machine keeps a copy', () => {
  const seen: string[] = [];
  podLines((line) => seen.push(line), false)(
    'p',
    '    at file:///tmp/x-0/pods/1/root/run/redisworker/source/worker.ts:2:7',
  );
  expect(seen).toEqual(['p |     at worker.ts:2:7']);
});

test('a value of a log line cannot move the cursor of the terminal', () => {
  const seen: string[] = [];
  podLines((line) => seen.push(line), false)(
    'p',
    '{"time":"t","level":"error","msg":"bad","reason":"a\\u001b[2Jb","stack":"one\\n\\ttwo"}',
  );
  expect(seen).toEqual(['p | error: bad reason=a\\x1b[2Jb stack=one\n\ttwo']);
});
