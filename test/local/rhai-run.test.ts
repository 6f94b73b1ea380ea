import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testIo } from '../support/io.ts';
import { main } from '../../cli/main.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rw-rhai-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

async function run(script: string, ...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = testIo({ input: () => Promise.resolve(script) });
  const code = await main(['rhai', 'run', '-', ...words], io);
  return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
}

test('a script has its prelude and both keys, and prints what it comes to behind what it printed', async () => {
  const prelude = await file('prelude.rhai', 'const VAT = 0.2; fn gross(net) { net * (1.0 + global::VAT) }');
  const script = 'print("net"); debug("seen"); `${CALLER_ID} in ${CONTEXT_ID}: ${gross(10.0)}`';
  expect(await run(script, '--prelude', prelude, '--caller', 'alice', '--context', 'circle')).toEqual({
    code: 0,
    out: 'net\nalice in circle: 12.0',
    err: '"seen"',
  });
});

test('an error is told with its place, a script from a file as one from standard input', async () => {
  const io = testIo();
  expect(await main(['rhai', 'run', await file('throws.rhai', '\nthrow "boom"')], io)).toBe(1);
  expect(io.failures).toEqual(['Runtime error: boom (line 2, position 1)']);
});

test('a script that does not end is ended', async () => {
  const { code, err } = await run('let x = 0; loop { x += 1; }', '--timeout', '1');
  expect([code, err]).toEqual([1, expect.stringMatching(/^(Script terminated|Too many operations)/)]);
});

test('a prelude that is no Rhai and a file that is not there are told by name', async () => {
  const prelude = await file('broken.rhai', 'fn f( {');
  expect(await run('1', '--prelude', prelude)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^the prelude .*broken\.rhai cannot be used: Syntax error: .*line 1/),
  });
  const io = testIo();
  expect(await main(['rhai', 'run', join(folder, 'none.rhai')], io)).toBe(2);
  expect(io.failures[0]).toMatch(/^the file .*none\.rhai cannot be read: ENOENT/);
});

test('a script asks the hosts it is allowed by HTTP, and no others; its progress is told', async ({ onTestFinished }) => {
  const server = createServer((_, response) => response.end('from the shop'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const script = `progress(50); http_get("http://${host}/")`;
  expect(await run(script, '--allow-net', host)).toEqual({ code: 0, out: 'from the shop', err: '50 %' });
  expect((await run(script)).err).toMatch(/Function not found: http_get/);
  expect((await run(script, '--allow-net', '127.0.0.1:1')).err).toMatch(/Runtime error: .*line 1, position \d+/);
});

test('more than one server is refused as a Redis', async () => {
  expect(await run('1', '--redis', 'redis+cluster://a:6379,b:6379')).toMatchObject({
    code: 2,
    err: '"rhai run" speaks to one server: name it with --redis redis://host:port',
  });
});
