/** Modules that are files beside the manifest: `redisworker up` bundles each, and reloads the one that has changed. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import type { RedisWorkerStatus } from '../../operator/api/redisworker.ts';
import { testIo } from '../support/io.ts';
import { start, type TestProcess } from '../support/processes.ts';
import { eventually } from '../support/wait.ts';

const name = `modules-${process.pid}`;
const patience = 120_000;
let folder: string;
let up: TestProcess;

const manifest = `apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata:
  name: m
spec:
  runtime: Modules
  modules:
    - name: greeting
      mayCall: [visits]
      source: {file: code/greeting.ts}
    - name: visits
      source: {file: code/visits.js}
    - name: thread
      isolation: Worker
      source: {file: code/visits.js}
    - name: plain
      source: {inline: "export default () => 'as it stands'"}
`;
const greeting = `import { Reply } from 'redisworker';
import { brokerProxy } from 'redisworker/broker/worker';
import type * as Visits from './types.ts';
import { loud } from 'loudly';
import { hello } from './lib/hello.ts';
import words from './words.json' with { type: 'json' };

const visits = brokerProxy().workerProxy<typeof Visits>('./visits.ts');

export async function greet(who: string): Promise<string> {
  if (who === '') throw new Reply(400, words.nobody);
  return \`\${hello(who)} \${await visits.count()}\`;
}

export const shout = (word: string): string => loud(word);
export const where = (): string => /[^/]+[.]ts:[0-9]+/.exec(new Error().stack ?? '')?.[0] ?? 'nowhere';
`;
/** As TypeScript the last line would be a call with types in angle brackets. */
const visits = `let visits = 0;
export const count = () => ++visits;
export default () => 'the default';
const both = (...all) => all;
export const compared = (a, b, c, d) => both(a < b, c > (d + 1));
`;
const hello = (word: string) => `export const hello = (who: string): string => \`${word}, \${who}!\`;\n`;
const file = (path: string) => join(folder, 'code', path);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redisworker-test-'));
  await mkdir(file('lib'), { recursive: true });
  await writeFile(join(folder, 'm.yaml'), manifest);
  await writeFile(file('greeting.ts'), greeting);
  await writeFile(file('types.ts'), 'export declare const count: () => number;\n');
  await writeFile(file('words.json'), '{ "nobody": "say who" }');
  await writeFile(file('visits.js'), visits);
  await writeFile(file('lib/hello.ts'), hello('Hello'));
  await writePackage('loudly', 'export const loud = (word) => word.toUpperCase();\n');
  const args = [join(import.meta.dirname, '../../cli/redisworker.js'), 'up', 'm.yaml', '--name', name, '--no-page'];
  up = start(process.execPath, args, { cwd: folder, env: { ...env, XDG_RUNTIME_DIR: folder } });
  await eventually('it is ready', () => {
    if (up.child.exitCode !== null) throw new Error(`up ended: ${up.output()}`);
    return up.output().includes('m is ready');
  }, patience);
}, 180_000);
afterAll(async () => {
  await up.stop(20_000);
  await rm(folder, { recursive: true });
});

/** A package that is installed, as npm lays it out. */
async function writePackage(name: string, code: string): Promise<void> {
  const home = join(folder, 'node_modules', name);
  await mkdir(home, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ dependencies: { [name]: '1.0.0' } }));
  const exports = { '.': { types: './main.d.ts', default: './main.js' } };
  await writeFile(join(home, 'package.json'), JSON.stringify({ name, version: '1.0.0', type: 'module', exports }));
  await writeFile(join(home, 'main.js'), code);
  await writeFile(join(home, 'main.d.ts'), 'export declare const loud: (word: string) => string;\n');
}

async function run(...argv: string[]): Promise<string> {
  const io = testIo({ environment: { runtimeFolder: folder } });
  await main([...argv, '--name', name], io);
  if (io.printed.length === 0) throw new Error(io.failures.join('\n'));
  return io.printed.join('\n');
}

async function call(called: string, ...args: unknown[]): Promise<unknown> {
  const { data, err } = JSON.parse(await run('call', 'm', called, JSON.stringify(args))) as Record<string, unknown>;
  return data ?? err;
}

async function condition(type: string) {
  const { status } = JSON.parse(await run('status', 'm', '-o', 'json')) as { status: RedisWorkerStatus };
  return status.conditions?.find((one) => one.type === type);
}

test('each is one file with all it imports, is called by the others, and is what its language says', async () => {
  expect(await call('greeting.greet', 'Ada')).toBe('Hello, Ada! 1');
  expect(await call('greeting.greet', '')).toEqual({ message: 'say who' });
  for (const module of ['visits', 'thread']) {
    expect(await call(`${module}.compared`, 1, 2, 5, 3)).toEqual([true, true]);
    expect(await call(`${module}.default`)).toBe('the default');
  }
  expect(await call('plain.default')).toBe('as it stands');
  expect(await call('greeting.shout', 'of a package')).toBe('OF A PACKAGE');
  expect(await call('greeting.where')).toBe('greeting.ts:16');
});

test('one that has changed is loaded anew alone, and the others keep what they know', async () => {
  const before = Number(await call('visits.count'));
  await writeFile(file('lib/hello.ts'), hello('Bonjour'));
  await eventually(
    'the new one answers',
    async () => String(await call('greeting.greet', 'Ada')).startsWith('Bonjour, Ada!'),
    patience,
  );
  expect(Number(await call('visits.count'))).toBeGreaterThan(before);
});

test('one that cannot be built stays as it was, with a sentence of where, until it can', async () => {
  await writeFile(file('lib/hello.ts'), 'export const hello = (who: string): number => who;\n');
  await eventually(
    'it is told',
    async () => (await condition('SourceResolved'))?.reason === 'SourceNotBuilt',
    patience,
  );
  expect((await condition('SourceResolved'))?.message).toContain('code/lib/hello.ts:1:');
  await eventually(
    'the last one whose types were looked at answers',
    async () => /^(Hello|Bonjour), Ada!/.test(String(await call('greeting.greet', 'Ada'))),
    patience,
  );
  expect((await condition('Ready'))?.status).toBe('True');
  await writeFile(file('lib/hello.ts'), hello('Moin'));
  await eventually(
    'it is right again',
    async () => String(await call('greeting.greet', 'Ada')).startsWith('Moin, Ada!'),
    patience,
  );
  await eventually('that is told', async () => (await condition('SourceResolved'))?.reason === 'Resolved', patience);
});
