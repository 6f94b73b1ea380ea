/** `redisworker init`, and what it makes as it stands: in an editor's eyes, run, and tested. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type TemplateName, templates } from '../../cli/init/templates.ts';
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

describe.each(Object.keys(templates) as TemplateName[])('the template %s', (template) => {
  const name = `new-${template}`;
  const file = (path: string): string => join(folder, name, path);

  test('is a folder whose manifest is valid, and whose types an editor finds', async () => {
    const { code, stdout, stderr } = await run(['init', name, '--template', template]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(
      `✓ ${name}/ has ${name}.ts, ${name}.yaml, ${name}.test.yaml, deno.json, kustomization.yaml`,
    );
    const checked = await run(['validate', `${name}.yaml`], join(folder, name));
    expect(checked.stderr + checked.stdout).toBe('1 worker, and nothing wrong\n');
    const deno = join(root, 'node_modules/.bin/deno');
    const types = await tryRun(deno, ['check', '-q', `${name}.ts`], {
      cwd: join(folder, name),
      env: { ...env, NO_COLOR: '1' },
    });
    expect(types).toMatchObject({ code: 0, stderr: '' });
    const [patch] =
      (parse(await readFile(file('kustomization.yaml'), 'utf8')) as { patches: { patch: string }[] }).patches;
    expect(parse(patch!.patch)).toMatchObject([{ value: { configMap: { key: `${name}.ts` } } }]);
  });

  test('passes the test it comes with', async () => {
    const { code, stdout, stderr } = await run(['test', `${name}.test.yaml`], join(folder, name));
    expect(stdout + stderr).toMatch(/(\d+) of \1 cases? passed/);
    expect(code).toBe(0);
  });
});

test('the template http reaches the host its permissions name', async () => {
  const server = createServer((_, response) => response.writeHead(418, { 'content-type': 'text/tea' }).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const file = (path: string): string => join(folder, 'new-http', path);
  await writeFile(
    file('new-http.ts'),
    (await readFile(file('new-http.ts'), 'utf8')).replace('https://example.com', `http://${host}`),
  );
  await writeFile(
    file('new-http.yaml'),
    (await readFile(file('new-http.yaml'), 'utf8')).replace('example.com:443', host),
  );
  const one = `  - { name: looks, data: { path: / }, expect: { data: { status: 418, type: text/tea } } }\n`;
  await writeFile(file('new-http.test.yaml'), (await readFile(file('new-http.test.yaml'), 'utf8')) + one);
  const { stdout, stderr } = await run(['test', 'new-http.test.yaml'], join(folder, 'new-http'));
  server.close();
  expect(stdout + stderr).toContain('2 of 2 cases passed');
});

test.each([
  ['Greeter', 2, '"Greeter" cannot be the name of a worker'],
  ['res', 2, '"res" cannot be the name of a worker'],
  ['new-handler', 1, 'there is a folder new-handler with something in it already'],
])('init %s ends with code %i and a sentence', async (name, wanted, sentence) => {
  const { code, stderr } = await run(['init', name]);
  expect(stderr).toContain(sentence);
  expect(code).toBe(wanted);
});
