/** Code from elsewhere in a session that a user starts, and that is killed. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { type CodeServer, startCodeServer } from '../support/code-server.ts';
import { testIo } from '../support/io.ts';
import { start, type TestProcess } from '../support/processes.ts';
import { eventually } from '../support/wait.ts';

const name = `code-${process.pid}`;
const patience = 150_000;
let folder: string;
let host: CodeServer;
let up: TestProcess;

const manifest = (worker: string, source: object): string =>
  JSON.stringify({
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name: worker },
    spec: { source },
  });
const replies = (word: string): string => `export default (): string => '${word}';\n`;

function startUp(): TestProcess {
  const program = join(import.meta.dirname, '../../cli/redisworker.js');
  return start(process.execPath, [program, 'up', 'workers', '--name', name, '--no-page'], {
    cwd: folder,
    env: { ...env, XDG_RUNTIME_DIR: folder },
  });
}

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = testIo({ environment: { runtimeFolder: folder } });
  const code = await main([...argv, '--name', name], io);
  return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
}

async function answers(worker: string, word: string): Promise<void> {
  await eventually(`${worker} answers ${word}`, async () => {
    const { out } = await run('send', worker, '{}', '--timeout', '60');
    return out !== '' && (JSON.parse(out) as { data?: unknown }).data === word;
  }, patience);
}

beforeAll(async () => {
  [folder, host] = await Promise.all([mkdtemp(join(tmpdir(), 'redisworker-test-')), startCodeServer()]);
  for (const place of ['workers', 'repo/greet/1.0.0']) await mkdir(join(folder, place), { recursive: true });
  await writeFile(join(folder, 'repo/greet/worker.ts'), replies('from disk'));
  await writeFile(join(folder, 'repo/greet/1.0.0/worker.ts'), replies('one'));
  const release = (version: string) => ({ release: { repo: '../repo', class: 'greet', version } });
  await writeFile(join(folder, 'workers/latest.json'), manifest('latest', release('local')));
  await writeFile(join(folder, 'workers/released.json'), manifest('released', release('1.0.0')));
  await writeFile(join(folder, 'workers/remote.json'), manifest('remote', { url: `${host.url}/remote.ts` }));
}, patience);
afterAll(async () => {
  await up.stop(30_000);
  await host.close();
  await rm(folder, { recursive: true, force: true });
});

test('a session that is killed while it resolves has one outcome once it is started again', async () => {
  let held = true;
  host.routes.set('/remote.ts', (_request, response) => {
    if (!held) response.writeHead(200, { 'content-type': 'application/typescript' }).end(replies('fetched'));
  });
  up = startUp();
  await eventually('it asks for the code', () => host.asked.length > 0, patience);
  up.child.kill('SIGKILL');
  await up.ended;
  held = false;
  up = startUp();
  await answers('remote', 'fetched');
  expect(host.asked.length).toBe(2);
  expect((await run('wait', 'remote', '--timeout', '60')).code).toBe(0);
  expect(JSON.parse((await run('status', 'remote', '-o', 'json')).out)).toMatchObject({
    status: { consumersReady: '1/1', replicas: 1, source: { entry: `${host.url}/remote.ts` } },
  });
}, 2 * patience);

test('a release may be in a folder: by its version, or the one that is worked on, whose save reloads it', async () => {
  await answers('released', 'one');
  await answers('latest', 'from disk');
  await writeFile(join(folder, 'repo/greet/worker.ts'), replies('saved'));
  await answers('latest', 'saved');
  await answers('released', 'one');
}, 2 * patience);

test('redisworker resolve asks again, and tells what came of it', async () => {
  const same = await run('resolve', 'remote');
  expect({ code: same.code, err: same.err }).toEqual({ code: 0, err: '' });
  expect(same.out).toMatch(/^✓ remote has the code it had: sha256-/);
  host.routes.set('/remote.ts', replies('fetched again'));
  expect((await run('resolve', 'remote')).out).toMatch(
    /^✓ remote has other code, digest sha256-\w+ became sha256-\w+; it rolls by spec.rollout$/,
  );
  await answers('remote', 'fetched again');
  host.routes.delete('/remote.ts');
  const { code, err } = await run('resolve', 'remote');
  expect(code).toBe(1);
  expect(err).toMatch(/^✗ remote: SourceNotFound: there is no module at .*; what was resolved before goes on$/);
  expect((await run('resolve', 'latest')).err).toContain('the code of latest is not from elsewhere');
}, 2 * patience);
