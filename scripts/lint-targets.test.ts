import { expect, test } from 'vitest';
import { lintTargets } from './lint-targets.ts';

test('what changed is linted, each file once', () => {
  expect(lintTargets(['b.ts', 'README.md', 'a/a.ts', 'b.ts'])).toEqual(['a/a.ts', 'b.ts']);
  expect(lintTargets(['README.md'])).toEqual([]);
});

test('everything is linted when nobody knows what changed, or what the findings follow from has', () => {
  expect(lintTargets(undefined)).toEqual(['.']);
  for (const path of ['eslint.config.js', 'tsconfig.json', 'package-lock.json']) {
    expect(lintTargets(['a.ts', path])).toEqual(['.']);
  }
});
