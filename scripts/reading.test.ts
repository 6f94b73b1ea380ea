import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { spec } from '../operator/api/schema.ts';
import { isReason } from '../operator/redisworker/model/reasons.ts';

interface Opening {
  readonly file: string;
  readonly words: string;
}

/** The rows of the table in CONTRIBUTING.md: a name, and the files one opens for it. */
const readings = readFileSync('CONTRIBUTING.md', 'utf8').split('\n').flatMap((line) => {
  const [, name, path] = /^\| `([\w.]+)` \| (`[^|]+ "[^|]+") \|$/.exec(line) ?? [];
  if (name === undefined || path === undefined) return [];
  const openings = path.split(' → ').map((step): Opening => {
    const [, file = '', words = ''] = /^`([^`]+)` "([^"]+)"$/.exec(step) ?? [];
    return { file, words };
  });
  return [[name, openings] as const];
});

test('CONTRIBUTING.md lists ten names to look for, fields of the manifest and reasons of conditions', () => {
  const isField = (name: string) => Object.keys(spec.shape).includes(name.split('.')[0]!);
  expect(readings).toHaveLength(10);
  expect(readings.filter(([name]) => !isField(name) && !isReason(name))).toEqual([]);
});

test.each(readings)('%s is found in three openings', (name, openings) => {
  expect(openings.length).toBeLessThanOrEqual(3);
  for (const { file, words } of openings) expect(readFileSync(file, 'utf8'), file).toContain(words);
  expect(readFileSync(openings[0]!.file, 'utf8')).toContain(name.split('.').at(-1));
});

test.each(readings)('each file of the way to %s names the next, or the same thing', (_, openings) => {
  openings.slice(1).forEach(({ file, words }, at) => {
    const before = readFileSync(openings[at]!.file, 'utf8');
    const module = file.split('/').at(-1)!;
    const word = words.replace(/^export function |\($/g, '');
    expect(before.includes(module) || before.includes(word) || words === openings[at]!.words, file).toBe(true);
  });
});
