import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { connectRedis } from '../../cli/redis.ts';
import { readSession, type Session, sessionFiles } from '../../cli/session-files.ts';
import { testIo } from '../support/io.ts';
import { freePort, start, type TestProcess } from '../support/processes.ts';
import { eventually } from '../support/wait.ts';

const name = `up-${process.pid}`;
let runtimeFolder: string;
let manifest: string;
let up: TestProcess;
let session: Session;

beforeAll(async () => {
  runtimeFolder = await mkdtemp(join(tmpdir(), 'redisworker-test-'));
  manifest = join(runtimeFolder, 'worker.yaml');
  await copyFile('examples/demo-worker.yaml', manifest);
  up = start(process.execPath, ['cli/redisworker.js', 'up', manifest, '--name', name, '--metrics-port', '0'], {
    env: { ...env, XDG_RUNTIME_DIR: runtimeFolder },
  });
  await told('demo-worker is ready: all 2 consumers are ready');
  session = (await readSession(await sessionFiles(name, { runtimeFolder })))!;
});
afterAll(async () => {
  await up.stop(20_000);
  await rm(runtimeFolder, { recursive: true });
});

/** Waits until `up` has printed a text; a process that ended will not print it any more. */
function told(text: string): Promise<true> {
  return eventually(`up tells "${text}"`, () => {
    if (up.child.exitCode !== null && !up.output().includes(text)) throw new Error(`up ended: ${up.output()}`);
    return up.output().includes(text) ? true : undefined;
  }, 45_000);
}

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = testIo({ environment: { runtimeFolder } });
  const code = await main([...argv, '--name', name], io);
  return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
}

describe('redisworker up', () => {
  test('answers what is sent from another terminal', async () => {
    const { code, out, err } = await run('send', 'demo-worker', '{"name":"Ada"}');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({ code: 200, data: { greeting: 'Hello, Ada!' } });
  });

  test('prints the address of its status page, which sends a request and shows whose reply it is', async () => {
    const [, address = '', token = ''] = /status page is at (http:\S+)#token=(\S+)/.exec(up.output()) ?? [];
    const page = await fetch(address);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<script type="module">')]);
    expect((await fetch(`${address}data/overview`)).status).toBe(401);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const overview = await fetch(`${address}data/overview`, { headers });
    expect(await overview.json()).toMatchObject({ mode: 'Local', rows: [{ name: 'demo-worker', standing: 'Ready' }] });
    const body = JSON.stringify({ data: '{"name":"<img src=x onerror=alert(1)>"}' });
    const at = `${address}data/workers/default/demo-worker`;
    const sent = await fetch(`${at}/send`, { method: 'POST', headers, body });
    const answer = await sent.json() as { ref: string; reply: string; code: number };
    expect(answer).toMatchObject({ code: 200, reply: expect.stringContaining('Hello, <img src=x onerror=alert(1)>!') });
    const trace = await fetch(`${at}/trace?ref=${answer.ref}`, { headers });
    expect(await trace.json()).toMatchObject({ outcome: 'Answered' });
    expect(await (await fetch(`${at}/dead`, { headers })).json()).toEqual({ count: 0, letters: [] });
    const foreign = { ...headers, origin: 'https://evil.example' };
    expect((await fetch(`${at}/send`, { method: 'POST', headers: foreign, body })).status).toBe(403);
  });

  test('shows the worker as kubectl would', async () => {
    const { out } = await run('status');
    expect(out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([['NAME', 'READY', 'CONSUMERS'], [
      'demo-worker',
      'True',
      '2/2',
    ]]);
  });

  test('takes a saved manifest at once', async () => {
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('count: 2', 'count: 3'));
    await told('demo-worker is ready: all 3 consumers are ready');
  });

  test('says what is wrong with a manifest and keeps the worker running', async () => {
    const good = await readFile(manifest, 'utf8');
    await writeFile(manifest, good.replace('count: 3', 'count: -3'));
    await told('consumers.count');
    expect((await run('send', 'demo-worker', '{"name":"Ada"}')).code).toBe(0);
    await writeFile(manifest, good);
  });

  test('is refused when another has its name on the same Redis, whatever folders the two use', async () => {
    const elsewhere = await mkdtemp(join(runtimeFolder, 'elsewhere-'));
    const io = testIo({ environment: { runtimeFolder: elsewhere } });
    const url = session.redisUrl.replace('redis://', `redis://:${session.ownRedisPassword ?? ''}@`);
    expect(await main(['up', manifest, '--name', name, '--redis', url], io)).toBe(1);
    expect(io.failures.join()).toMatch(
      new RegExp(
        `with the name "${name}" already uses this Redis \\(host \\S+, pid ${up.pid}, since 2\\S+\\): stop it with Ctrl-C, or start`,
      ),
    );
    expect((await run('send', 'demo-worker', '{"name":"Ada"}')).code).toBe(0);
  });

  test('ends everything at Ctrl-C, and with code 0', async () => {
    up.child.kill('SIGINT');
    expect(await up.ended).toBe(0);
    expect(await readdir(join(runtimeFolder, 'redisworker'))).toEqual([]);
    await expect(connectRedis(session.redisUrl)).rejects.toThrow('no Redis answers');
    expect((await run('status')).err).toContain('no "redisworker up" is running');
    expect(await readdir((await sessionFiles(name, { runtimeFolder })).data).catch(() => 'gone')).toBe('gone');
  });
});

describe('redisworker up with nothing it can run says why and ends with code 1', () => {
  const files: Record<string, string> = {
    'an empty file': '',
    'a file of something else': 'services: {web: {image: nginx}}\n',
    'an invalid worker':
      'apiVersion: redisworker.dev/v1alpha1\nkind: RedisWorker\nmetadata: {name: w}\nspec: {consumers: {count: -1}}\n',
    'a manifest without a worker': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {}\n',
  };

  async function fails(path: string, ...argv: string[]): Promise<string> {
    const io = testIo({ environment: { runtimeFolder } });
    expect(await main(['up', path, '--name', `${name}-b`, ...argv], io)).toBe(1);
    expect(io.printed.join('\n')).not.toContain('running');
    return io.failures.join('\n');
  }

  test.each(Object.entries(files))('%s', async (what, text) => {
    const path = join(runtimeFolder, 'other.yaml');
    await writeFile(path, text);
    const isWrong = what.includes('something else') || what.includes('invalid');
    expect(await fails(path)).toMatch(
      isWrong
        ? /nothing to run: the manifests have \d problems?, see above$/
        : `nothing to run: there is no RedisWorker in ${path}`,
    );
  });

  test('an empty folder', async () => {
    const folder = await mkdtemp(join(runtimeFolder, 'empty-'));
    expect(await fails(folder)).toBe(
      `nothing to run: there is no RedisWorker in ${folder}: name a manifest or a module, such as greet.ts; "redisworker init NAME" makes both`,
    );
  });

  test('a Redis that does not answer', async () => {
    const port = await freePort();
    expect(await fails('examples/demo-worker.yaml', '--redis', `redis://127.0.0.1:${port}`)).toBe(
      `no Redis answers at 127.0.0.1:${port}: start it, or name another with --redis`,
    );
  });
});
