/**
 * ESLint over what this checkout changes: what is not committed, and what its upstream does not have. Over everything
 * when git tells nothing, or the rules themselves are among it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { lintTargets } from './lint-targets.ts';

const cache = ['--cache', '--cache-strategy', 'content', '--cache-location', 'node_modules/.cache/eslint/'];

const targets = lintTargets(changedFiles());
if (targets.length > 0) {
  const { status } = spawnSync('eslint', [...cache, '--no-warn-ignored', ...targets], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

/** By path; undefined when git tells nothing. */
function changedFiles(): readonly string[] | undefined {
  try {
    const base = baseCommit();
    return [
      ...git('diff', '--name-only', '--diff-filter=d', base),
      ...git('ls-files', '--others', '--exclude-standard'),
    ];
  } catch {
    return undefined;
  }
}

/** Where this branch left its upstream; the newest commit for one that has none. */
function baseCommit(): string {
  try {
    return git('merge-base', 'HEAD', '@{upstream}')[0] ?? 'HEAD';
  } catch {
    return 'HEAD';
  }
}

function git(...args: readonly string[]): string[] {
  return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n').filter((
    line,
  ) => line !== '');
}
