/** `denoOptions` against the Deno that will get them: none may change a permission. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifestProblems } from '../../operator/api/redisworker.ts';

const deno = join(import.meta.dirname, '../../node_modules/.bin/deno');

function help(): string {
  return execFileSync(deno, ['run', '--help=full'], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
}

/** Flags of `deno run` that have to do with permissions, long and short, as its help lists them. */
function permissionFlags(): string[] {
  const permission = /^--(allow|deny|ignore|permission)-/;
  return [...help().matchAll(/^\s+(?:(-[A-Za-z]), )?(--[-a-z]+)/gm)]
    .filter(([, , long = '']) => permission.test(long))
    .flatMap(([, short, long = '']) => (short === undefined ? [long] : [short, long]));
}

function problemsOf(option: string): string[] {
  const spec = { source: { inline: 'x' }, denoOptions: [option] };
  return manifestProblems({
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name: 'demo' },
    spec,
  });
}

describe('denoOptions', () => {
  const flags = permissionFlags();

  test('knows all the ways Deno has to change a permission', () => {
    expect(flags).toEqual(
      expect.arrayContaining([
        '-A',
        '-P',
        '-R',
        '--allow-all',
        '--allow-net',
        '--deny-env',
        '--ignore-read',
        '--permission-set',
      ]),
    );
    const passed = flags.flatMap((flag) => [flag, `${flag}=x`, flag.replace(/^-(?!-)/, '-q')]).filter((flag) =>
      problemsOf(flag).length === 0
    );
    expect(passed).toEqual([]);
  });

  test('knows all the ways Deno has to run code before the main module', () => {
    const before = [...help().matchAll(/^\s+(--[a-z]+)\b.*executed before the main module/gm)].map(([, flag = '']) =>
      flag
    );
    expect(before).toEqual(['--preload', '--require']);
    for (const flag of [...before, '--import']) {
      expect(problemsOf(`${flag}=x.ts`).join()).toContain('denoOptions must not load code before the worker');
    }
    expect(problemsOf('--import-map=x.json')).toEqual([]);
  });

  test.each([
    '--inspect=127.0.0.1:9229',
    '--seed=42',
    '--v8-flags=--max-old-space-size=64',
    '-q',
    '-L=debug',
    '--unstable-kv',
    '--no-remote',
  ])('may hold %s', (option) => {
    expect(problemsOf(option)).toEqual([]);
  });
});
