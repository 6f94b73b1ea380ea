/** The commands of the docs that need no cluster, as they stand, with the package as a user has it installed. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tryRun } from '../support/command.ts';
import { files, scenario } from '../support/docs/blocks.ts';
import { playOnLaptop } from '../support/docs/five-commands.ts';
import { runBlocks, type Shell } from '../support/docs/shell.ts';
import { start, type TestProcess } from '../support/processes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const root = join(import.meta.dirname, '../..');

/** The port of the page on metrics is the one that is written there. */
const isTaken = await new Promise<boolean>((resolve) => {
  const server = createServer().once('error', () => resolve(true));
  server.listen(9090, '127.0.0.1', () => server.close(() => resolve(false)));
});

/** Languages callers may be written in. */
function has(language: string): boolean {
  return (env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, language)));
}

/** Where the package is installed. */
let home: string;
const folders: string[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rw-docs-'));
  const packed = await npm('pack', root, '--json', '--silent', '--pack-destination', home);
  const [{ filename }] = JSON.parse(packed) as [{ readonly filename: string }];
  // Deno comes from this checkout: nothing is asked of a registry.
  const deno = join(await realpath(join(root, 'node_modules')), 'deno');
  await npm('install', '--offline', '--omit=optional', '--ignore-scripts', join(home, filename), `deno@file:${deno}`);
});
afterAll(() => Promise.all([home, ...folders].map((folder) => rm(folder, { recursive: true, force: true }))));

async function npm(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryRun('npm', ['--prefix', home, ...args], { cwd: home });
  if (code !== 0) throw new Error(`npm ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** A folder with the files of pages and the examples, a session of its own, and the command on the PATH. */
async function laptop(pages: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Shell> {
  const cwd = await mkdtemp(join(tmpdir(), 'rw-'));
  folders.push(cwd);
  await mkdir(join(cwd, 'run'), { mode: 0o700 });
  await symlink(join(root, 'examples'), join(cwd, 'examples'));
  await symlink(join(home, 'node_modules'), join(cwd, 'node_modules'));
  for (const { name, text } of pages.flatMap(files)) await writeFile(join(cwd, name), text);
  const path = [join(cwd, 'bin'), join(home, 'node_modules/.bin'), env['PATH'] ?? ''].join(delimiter);
  const standard = { HOME: env['HOME'], PATH: path, XDG_RUNTIME_DIR: join(cwd, 'run'), NO_COLOR: '1' };
  // Deno fetches its bundler once, through whatever proxy the machine has.
  return { cwd, env: { ...standard, DENO_TLS_CA_STORE: 'mozilla,system', ...more } };
}

/** Runs a scenario of these pages. */
async function play(name: string, pages: readonly string[], more?: NodeJS.ProcessEnv): Promise<string> {
  const found = scenario(name, pages);
  expect(found.length, name).toBeGreaterThan(0);
  return runBlocks(found, await laptop([...pages, 'docs/start.md'], more));
}

describe('on a laptop', () => {
  test('the first page starts a worker, asks it and shows it', () =>
    play('laptop', ['docs/start.md', 'docs/debug.md']));

  test('a script starts a worker, asks it and ends it', () => play('script', ['docs/start.md']));

  test('an existing worker is moved', () => play('script-worker', ['docs/script.md']));

  test('a module with imports becomes one file', () => play('bundle', ['docs/handler.md']));

  test('a new worker is made, and passes its test', () => play('init', ['docs/start.md']));

  test('the commands of the README lead from nothing to a reply, a changed one, and a green test', async () => {
    await playOnLaptop(await laptop([])); // the scenario 'five'
  });

  test('a test spec is run', () => play('spec', ['docs/testing.md']));

  test('examples are tried and built', () =>
    play('examples', ['calls', 'failures', 'modules'].map((page) => `docs/examples/${page}.md`)));

  test('dead letters are listed, sent again and removed', () => play('dead', ['docs/debug.md']));

  test.skipIf(isTaken)(`metrics are served${isTaken ? ' (skipped: somebody has port 9090)' : ''}`, async () => {
    expect(await play('metrics', ['docs/watch.md'])).toContain('redisworker_workers{ready="True"');
  });

  test('objects are rendered', () => play('render', ['docs/git.md']));

  describe('a worker is called', () => {
    let redis: TestRedis;
    let shell: Shell;
    let up: TestProcess;
    beforeAll(async () => {
      redis = await startRedis();
      const found = await laptop(['docs/start.md', 'docs/calling.md'], { REDIS_URL: redis.url });
      await redisCli(found, redis);
      up = start('redisworker', ['up', 'greeter.yaml', '--redis', redis.url], found);
      shell = found;
    });
    afterAll(async () => {
      await up.stop(30_000);
      await redis.stop();
    });

    test('by JavaScript and by redis-cli', async () => {
      const printed = await runBlocks(scenario('calling', ['docs/calling.md']), shell);
      expect(printed).toContain('"data":{"greeting":"Hello, Ada!"}');
      expect(printed).toContain('greeterTrace');
    });

    test.skipIf(!has('python3'))(`by Python${has('python3') ? '' : ' (skipped: no python3 here)'}`, async () => {
      await runBlocks(scenario('calling-python', ['docs/calling.md']), shell);
    });

    test.skipIf(!has('go'))(`by Go${has('go') ? '' : ' (skipped: no go here)'}`, async () => {
      await runBlocks(scenario('calling-go', ['docs/calling.md']), shell);
    });
  });

  test('records are left out, and counted all the same', async () => {
    await using redis = await kept([]);
    const found = await laptop(['docs/records.md'], { REDIS_URL: redis.url });
    await redisCli(found, redis);
    const up = start('redisworker', ['up', 'resize.yaml', '--redis', redis.url], found);
    await runBlocks(scenario('records', ['docs/records.md']), found).finally(() => up.stop(30_000));
  });

  test('a Redis is examined', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rw-redis-'));
    folders.push(folder);
    await using redis = await kept(['--appendonly', 'yes', '--dir', folder, '--maxmemory', '100mb']);
    await redis.client.config('SET', 'requirepass', 'of the docs');
    await play('doctor', ['docs/redis.md'], { REDIS_URL: redis.url, REDISCLI_AUTH: 'of the docs' });
  });

  test('the demo of the README runs', async () => {
    const shell = await laptop([]);
    await runBlocks(scenario('readme', ['README.md']), { ...shell, cwd: root });
  });
});

async function kept(args: readonly string[]) {
  const redis = await startRedis(args);
  return Object.assign(redis, { [Symbol.asyncDispose]: () => redis.stop() });
}

/** The `redis-cli` of the pages, which speaks to this Redis. */
async function redisCli(shell: Shell, { port }: TestRedis): Promise<void> {
  const tool = (await tryRun('which', ['redis-cli'], {})).stdout.trim();
  await program(shell, 'redis-cli', `exec ${tool} -p ${port} "$@"`);
}

async function program({ cwd }: Shell, name: string, text: string): Promise<void> {
  await mkdir(join(cwd, 'bin'), { recursive: true });
  await writeFile(join(cwd, 'bin', name), `#!/bin/sh\n${text}\n`);
  await chmod(join(cwd, 'bin', name), 0o755);
}
