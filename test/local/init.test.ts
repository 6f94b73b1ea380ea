/** `redisworker init`, and what it makes as it stands. Other templates are what examples.test.ts runs. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type CommandResult, tryRun } from '../support/command.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rw-init-'));
});
afterAll(() => rm(folder, { recursive: true }));

function run(words: readonly string[], cwd = folder): Promise<CommandResult> {
  return tryRun(process.execPath, [join(root, 'cli/redisworker.js'), ...words], {
    cwd,
    env: { ...env, XDG_RUNTIME_DIR: folder, NO_COLOR: '1' },
  });
}

test('the folder has a valid manifest, and types an editor finds', { timeout: 180_000 }, async () => {
  const { code, stdout, stderr } = await run(['init', 'new-handler']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain(
    '✓ new-handler/ has new-handler.ts, new-handler.yaml, new-handler.test.yaml, deno.json, kustomization.yaml',
  );
  const checked = await run(['validate', 'new-handler']);
  expect(checked.stderr + checked.stdout).toBe('1 worker, and nothing wrong\n');
  const types = await tryRun(join(root, 'node_modules/.bin/deno'), ['check', '-q', 'new-handler.ts'], {
    cwd: join(folder, 'new-handler'),
    env: { ...env, NO_COLOR: '1' },
  });
  expect(types).toMatchObject({ code: 0, stderr: '' });
});

test(
  'the folder passes the test it comes with, and its kustomization has what build writes',
  { timeout: 180_000 },
  async () => {
    const { code, stdout, stderr } = await run(['test', 'new-handler']);
    expect(stdout + stderr).toContain('2 of 2 cases passed');
    expect(code).toBe(0);
    const cwd = join(folder, 'new-handler');
    const { resources } = parse(await readFile(join(cwd, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
    const text = await readFile(join(cwd, 'kustomization.yaml'), 'utf8');
    const [, command] = /"redisworker (build .*?)"/.exec(text)!;
    expect((await run(command!.split(' '), cwd)).code).toBe(0);
    for (const resource of resources) expect(await readFile(join(cwd, resource), 'utf8')).toContain('kind: ConfigMap');
  },
);

test.each([
  ['Greeter', 2, '"Greeter" cannot be the name of a worker'],
  ['res', 2, '"res" cannot be the name of a worker'],
  ['new-handler', 1, 'there is a folder new-handler with something in it already'],
])('init %s ends with code %i and a sentence', async (name, wanted, sentence) => {
  const { code, stderr } = await run(['init', name]);
  expect(stderr).toContain(sentence);
  expect(code).toBe(wanted);
});
