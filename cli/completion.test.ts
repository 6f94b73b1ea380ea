import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { testIo } from '../test/support/io.ts';
import { main } from './main.ts';

async function script(shell: string): Promise<string> {
  const io = testIo();
  expect(await main(['completion', shell], io)).toBe(0);
  return `${io.printed.join('\n')}\n`;
}

/** What bash proposes for the last of these words. */
async function proposed(...words: string[]): Promise<string[]> {
  const asked = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_redisworker; printf '%s\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', `${await script('bash')}${asked}`], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe('bash completes', () => {
  test('commands, and those below them', async () => {
    expect(await proposed('redisworker', 'st')).toEqual(['status']);
    expect(await proposed('redisworker', 'dead', 're')).toEqual(['redrive']);
  });

  test('options of the command that is typed, after its arguments too', async () => {
    expect(await proposed('redisworker', 'send', 'greeter', '{}', '--time')).toEqual(['--timeout']);
    expect(await proposed('redisworker', 'dead', 'list', '--lim')).toEqual(['--limit']);
    expect(await proposed('redisworker', 'up', '--time')).toEqual([]);
  });

  test('values that are known, and leaves others to files', async () => {
    expect(await proposed('redisworker', 'status', '-o', '')).toEqual(['wide', 'yaml', 'json']);
    expect(await proposed('redisworker', 'init', 'a', '--template', 'h')).toEqual(['handler', 'http']);
    expect(await proposed('redisworker', 'test', '--junit', '')).toEqual([]);
    expect(await proposed('redisworker', 'up', '')).toEqual([]);
  });
});

describe.each([
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
])('for %s', (shell, parseOnly) => {
  const isHere = spawnSync(shell, ['--version']).status === 0;

  test('every command stands in the script, with what it is for', async () => {
    const text = await script(shell);
    for (const word of ['up', 'send', 'redrive', 'validate']) expect(text).toContain(word);
    expect(text).toContain('send one request to the workers of a type and print the reply');
  });

  test.skipIf(!isHere)(`the shell reads it${isHere ? '' : ` (skipped: no ${shell} here)`}`, async () => {
    const { status, stderr } = spawnSync(shell, parseOnly, { input: await script(shell), encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
