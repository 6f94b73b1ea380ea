import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchSession, type SessionEvent } from '../../cli/endpoint.ts';
import { main } from '../../cli/main.ts';
import { startOwnRedis } from '../../cli/own-redis.ts';
import { connectRedis } from '../../cli/redis.ts';
import { type LocalSettings, openSession, type RunningSession, type StartLocalOperator } from '../../cli/session.ts';
import { sessionFiles, writeSession } from '../../cli/session-files.ts';
import { watchStatus } from '../../cli/status.ts';
import { untilReady } from '../../cli/wait.ts';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { type TestIo, testIo } from '../support/io.ts';
import { freePort } from '../support/processes.ts';
import { eventually } from '../support/wait.ts';

let runtimeFolder: string;
let manifest: string;
let io: TestIo;
/** Wishes that sessions of a test were asked for. */
const wishes: string[][] = [];

beforeEach(async () => {
  runtimeFolder = await mkdtemp(join(tmpdir(), 'redisworker-test-'));
  manifest = join(runtimeFolder, 'worker.yaml');
  await writeFile(manifest, '');
  io = testIo({ environment: { runtimeFolder } });
});
afterEach(() => rm(runtimeFolder, { recursive: true }));

/** A worker with one condition; a ready one has a consumer. */
function worker(name: string, message: string, type = 'Ready', status = 'True', spec: object = {}): KubeObject {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name, namespace: 'default', creationTimestamp: new Date().toISOString() },
    spec: { type: `${name}-type`, ...spec },
    status: {
      conditions: [{ type, status, reason: 'Reason', message }],
      readyReplicas: type === 'Ready' && status === 'True' ? 1 : 0,
    },
  };
}

/** An operator that has these workers and does nothing; keeps what it was started with. */
function operatorOf(
  workers: readonly KubeObject[],
  problems: readonly string[] = [],
  events: readonly SessionEvent[] = [],
): { start: StartLocalOperator; settings: LocalSettings[]; change: (worker: KubeObject) => void } {
  const listeners = new Set<(worker: KubeObject) => void>();
  const settings: LocalSettings[] = [];
  const start: StartLocalOperator = (given) => {
    settings.push(given);
    return Promise.resolve({
      workers: () => workers,
      problems: () => problems,
      events: () => events,
      requestResolve: ({ name }, wish) => Promise.resolve(wishes.push([name, wish])).then(() => undefined),
      lost: new Promise<never>(() => undefined),
      onChange: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      stop: () => Promise.resolve(),
    });
  };
  return { start, settings, change: (changed) => listeners.forEach((listener) => listener(changed)) };
}

function open(
  workers: readonly KubeObject[],
  {
    name = 'up',
    redisUrl = 'redis://127.0.0.1:1',
    problems = [] as readonly string[],
    events = [] as readonly SessionEvent[],
  } = {},
): Promise<RunningSession> {
  return openSession({ name, files: [manifest], redisUrl }, operatorOf(workers, problems, events).start, io);
}

async function status(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = testIo({ environment: { runtimeFolder } });
  const code = await main(['status', ...argv], terminal);
  return { code, out: terminal.printed.join('\n'), err: terminal.failures.join('\n') };
}

describe('a running session is found from another terminal', () => {
  test('its workers are shown as a table', async () => {
    await using _session = await open([worker('a', 'fine'), worker('b', 'fine')]);
    const { code, out } = await status();
    expect(out.split('\n').map((line) => line.split(/\s+/).slice(0, 2))).toEqual([['NAME', 'READY'], ['a', 'True'], [
      'b',
      'True',
    ]]);
    expect(code).toBe(0);
  });

  test('one worker by name or by type, as a document', async () => {
    await using _session = await open([worker('a', 'fine'), worker('b', 'fine')]);
    expect(JSON.parse((await status('b', '-o', 'json')).out)).toMatchObject({
      kind: 'RedisWorker',
      metadata: { name: 'b' },
    });
    expect((await status('a-type', '-o', 'yaml')).out).toContain('name: a\n');
    expect((await status('-o', 'yaml')).out).toContain('kind: List');
  });

  test('one worker in depth, with what was told of it and what of it is not known', async () => {
    const event = (kind: string, name: string): SessionEvent => ({
      kind,
      ref: { namespace: 'default', name },
      type: 'Normal',
      reason: 'Applied',
      message: `told of ${kind} ${name}`,
      count: 2,
      lastTime: new Date().toISOString(),
    });
    const events = [event('RedisWorker', 'a'), event('RedisWorker', 'b'), event('Pod', 'a')];
    await using _session = await open([worker('a', 'fine'), worker('b', 'fine')], { events });
    const { code, out, err } = await status('a');
    expect(out.split('\n').slice(0, 2)).toEqual(['default/a, type a-type', '✓ a is ready: fine']);
    expect(out).toMatch(/\nConditions\n {2}Ready {3}True {3}Reason {6}fine\n/);
    expect(out.match(/told of .*/g)).toEqual(['told of RedisWorker a (2 times)']);
    expect(err).toMatch(/^the dead letters are not shown: no Redis answers at 127.0.0.1:1: /);
    expect(code).toBe(0);
  });

  test('a worker it has not is named, with those it has', async () => {
    await using _session = await open([worker('a', 'fine'), worker('b', 'fine')]);
    expect(await status('c')).toEqual({
      code: 1,
      out: '',
      err: 'there is no worker "c" in the running session; it has: a, b',
    });
  });

  test('what keeps workers from running, wrong manifests and other sessions are told beside the table', async () => {
    const workers = [worker('a', 'fine'), worker('b', 'no Secret', 'Ready', 'False')];
    await using _session = await open(workers, { problems: ['worker.yaml:3: kind is missing'] });
    await using _second = await open([], { name: 'second' });
    const { code, out, err } = await status();
    expect(out.split('\n')).toHaveLength(3);
    expect(err.split('\n')).toEqual([
      '… b is not ready: no Secret',
      'worker.yaml:3: kind is missing',
      'other sessions, shown by --name: second',
    ]);
    expect(code).toBe(0);
    expect((await status('-o', 'json')).err).toBe('');
  });

  test('the sessions there are, when the one asked for does not run', async () => {
    await using _second = await open([], { name: 'second' });
    expect((await status()).err).toBe('no "redisworker up" is running; other sessions, shown by --name: second');
  });

  test('send does not wait for a worker that cannot run', async () => {
    await using _session = await open([worker('a', 'spec.type is wrong', 'Stalled')]);
    expect(await main(['send', 'a-type', '{}'], io)).toBe(1);
    expect(io.failures).toEqual(['✗ a cannot run: spec.type is wrong; nothing was sent']);
  });

  test('send asks the Redis that the manifest names, as its user', async () => {
    const port = await freePort();
    const redis = { url: `redis://127.0.0.1:${port}/2`, username: 'ann' };
    await using _session = await open([worker('a', 'fine', 'Ready', 'True', { redis })]);
    expect(await main(['send', 'a-type', '{}'], io)).toBe(1);
    expect(io.failures).toEqual([`no Redis answers at 127.0.0.1:${port}: start it, or name another with --redis`]);
  });

  test('wait ends once its workers are ready, whether or not the session runs already', async () => {
    const terminal = testIo({ environment: { runtimeFolder } });
    const waiting = main(['wait', 'a'], terminal);
    await using _session = await open([worker('a', 'fine'), worker('b', 'no Secret', 'Ready', 'False')]);
    expect(await waiting).toBe(0);
    expect(terminal.printed).toEqual(['✓ a is ready: fine']);
    expect(await untilReady({ session: 'up', names: [], timeoutSeconds: 0 }, terminal)).toBe(3);
    expect(terminal.failures.join()).toContain(
      'not ready within 0 s:\n✓ a is ready: fine\n… b is not ready: no Secret',
    );
  });

  test('send does not wait for a type it does not have', async () => {
    await using _session = await open([worker('a', 'fine')]);
    expect(await main(['send', 'tpyo', '{}'], io)).toBe(1);
    expect(io.failures.join()).toContain('the running session has no worker of type "tpyo"; it has: a-type');
  });
});

test('a watched status is printed again when more than an age has changed, and ends with the session', async () => {
  const workers = [worker('a', 'fine')];
  const terminal = testIo({ environment: { runtimeFolder } });
  const session = await open(workers);
  const columns = [{ name: 'Ready', type: 'string', jsonPath: '.status.conditions[*].status' }];
  const watching = watchStatus({ session: 'up', names: [] }, columns, terminal, new Promise(() => undefined));
  const ended = expect(watching).rejects.toThrow('no "redisworker up" is running');
  await eventually('the first table', () => terminal.printed.length === 1);
  workers.push(worker('b', 'fine'));
  await eventually('the second table', () => terminal.printed.length === 2);
  await session[Symbol.asyncDispose]();
  await ended;
  expect(terminal.printed).toEqual(['NAME   READY\na      True', 'NAME   READY\na      True\nb      True']);
});

describe('resolve', () => {
  const from = (source: object, resolveRequestedAt?: string): KubeObject => {
    const made = worker('a', 'fine', 'Ready', 'True', { source });
    const digest = resolveRequestedAt === undefined ? 'sha256-one' : 'sha256-two';
    return { ...made, status: { ...made.status as object, source: { digest, resolveRequestedAt } } };
  };

  test('has the session ask again, and tells the old digest and the new one', async () => {
    wishes.length = 0;
    const workers = [from({ url: 'https://example.com/a.ts' })];
    await using _session = await open(workers);
    const terminal = testIo({ environment: { runtimeFolder } });
    const resolving = main(['resolve', 'a'], terminal);
    await eventually('the session is asked', () => wishes.length === 1);
    workers[0] = from({ url: 'https://example.com/a.ts' }, wishes[0]?.[1]);
    expect(await resolving).toBe(0);
    expect(terminal.printed).toEqual([
      '✓ a has other code, digest sha256-one became sha256-two; it rolls by spec.rollout',
    ]);
    expect(await main(['resolve', 'a', '--no-wait'], terminal)).toBe(0);
    expect([terminal.printed.at(-1), wishes.length]).toEqual(['… a is asked for', 2]);
    expect(await main(['resolve', 'a', '--timeout', '1'], terminal)).toBe(3);
  });

  test('is refused for code that is in the manifest or beside it', async () => {
    await using _session = await open([from({ inline: 'export default 1' })]);
    const terminal = testIo({ environment: { runtimeFolder } });
    expect(await main(['resolve', 'a'], terminal)).toBe(1);
    expect(terminal.failures.join()).toContain('the code of a is not from elsewhere');
  });
});

describe('top', () => {
  const counting = (total: number) => {
    const counted = worker('a', 'fine');
    return { ...counted, status: { ...counted.status as object, responses: { total, failed: 0 } } };
  };

  test('prints a look once, of workers and of consumers', async () => {
    await using _session = await open([counting(7), worker('b', 'down', 'Ready', 'False')]);
    const terminal = testIo({ environment: { runtimeFolder } });
    expect(await main(['top', '--once', '--sort', 'name'], terminal)).toBe(0);
    const rows = terminal.printed.join('\n').split('\n').map((line) => line.split(/ {2,}/));
    expect(rows.map(([name, ready, rate]) => [name, ready, rate])).toEqual([
      ['NAME', 'READY', 'RATE'],
      ['a', 'yes', '-'],
      ['b', 'no', '-'],
    ]);
    expect(await main(['top', 'a', '--once'], terminal)).toBe(0);
    expect(terminal.printed.at(-1)).toMatch(/^WORKER +ID +STATE/);
    expect(await main(['top', 'c', '--once'], terminal)).toBe(1);
  });

  test('on a terminal it is drawn in place, no longer than the terminal, until Ctrl-C', async () => {
    const workers = Array.from({ length: 9 }, (_, at) => worker(`w${at}`, 'fine'));
    await using _session = await open(workers);
    const interruption = Promise.withResolvers<undefined>();
    const terminal = testIo({
      environment: { runtimeFolder },
      terminal: true,
      rows: 6,
      interrupted: () => interruption.promise,
    });
    const watching = main(['top', '--every', '1'], terminal);
    await eventually('it is drawn twice', () => terminal.printed.length >= 2);
    interruption.resolve(undefined);
    expect(await watching).toBe(0);
    const drawn = terminal.printed[0]!.split('\n');
    expect(drawn[0]).toBe('\u001b[H\u001b[Jthe running session: 9 workers, 9 ready; numbers are up to 15 s old');
    expect(drawn).toHaveLength(5);
    expect(drawn.at(-1)).toMatch(/^… and 7 more; /);
  });
});

test('without a session status says how to start one', async () => {
  const { code, err } = await status();
  expect(err).toContain('no "redisworker up" is running: start one in another terminal');
  expect(code).toBe(1);
});

describe('a session', () => {
  test('brings a Redis of its own behind a password, which other commands know, and takes it away again', async () => {
    const operator = operatorOf([worker('a', 'starting', 'Ready', 'False')]);
    const session = await openSession({ name: 'up', files: [manifest] }, operator.start, io);
    const { url, password } = session.redis;
    await expect(connectRedis(url)).rejects.toThrow('wants a password');
    const { state } = await sessionFiles('up', io.environment);
    expect(JSON.parse(await readFile(state, 'utf8'))).toMatchObject({ redisUrl: url, ownRedisPassword: password });
    expect((await stat(state)).mode & 0o777).toBe(0o600);
    expect(await main(['dead', 'list', 'a-type'], io)).toBe(0);
    expect((await status('a')).out).toMatch(/\nDead letters\n {2}count {3}none on a-type:dead:x$/);
    const interruption = Promise.withResolvers<undefined>();
    const sending = main(['send', 'a-type', '{}'], { ...io, interrupted: () => interruption.promise });
    await eventually('the reason is told', () => io.failures.length === 2);
    interruption.resolve(undefined);
    expect(await sending).toBe(130);
    expect(io.failures.slice(1)).toEqual([
      '… a is not ready: starting',
      expect.stringContaining('The request was taken back'),
    ]);
    const redis = await connectRedis(url, { password });
    expect(await redis.keys('*')).toEqual([]);
    const closed = new Promise((resolve) => redis.once('close', resolve));
    await session[Symbol.asyncDispose]();
    await closed;
    await expect(connectRedis(url)).rejects.toThrow('no Redis answers');
  });

  test('leaves no file behind', async () => {
    await (await open([]))[Symbol.asyncDispose]();
    expect(await readdir(join(runtimeFolder, 'redisworker'))).toEqual([]);
  });

  test('keeps a password out of its files, and gives it to the operator', async () => {
    const operator = operatorOf([]);
    await using _session = await openSession(
      { name: 'up', files: [manifest], redisUrl: 'redis://ann:hush@r.example' },
      operator.start,
      io,
    );
    expect(operator.settings[0]?.redis).toEqual({ url: 'redis://r.example:6379/0', username: 'ann', password: 'hush' });
    const { state } = await sessionFiles('up', io.environment);
    expect(await readFile(state, 'utf8')).not.toContain('hush');
    expect((await stat(state)).mode & 0o777).toBe(0o600);
  });

  test('tells the standing of its workers when it changes, and the lines of their pods', async () => {
    const operator = operatorOf([]);
    await using _session = await openSession(
      { name: 'up', files: [manifest], redisUrl: 'redis://r.example' },
      operator.start,
      io,
    );
    operator.change(worker('a', '1 of 1 consumers work'));
    operator.change(worker('a', '1 of 1 consumers work'));
    operator.settings[0]?.onPodLine('a-1', 'hello');
    expect(io.printed).toEqual(['✓ a is ready: 1 of 1 consumers work', 'a-1 | hello']);
  });

  test('is refused under a name that is taken, and runs beside it under another', async () => {
    await using _first = await open([]);
    await expect(open([])).rejects.toThrow(
      `"redisworker up" is already running (pid ${process.pid}): stop it with Ctrl-C, or start this one beside it with --name second`,
    );
    await using _second = await open([worker('b', 'fine')], { name: 'second' });
    expect((await status('--name', 'second')).out).toContain('b ');
  });

  test('takes the place of one that was killed, and stops the Redis it left', async () => {
    const left = await startOwnRedis();
    const files = await sessionFiles('up', io.environment);
    await writeSession(files, {
      name: 'up',
      pid: 1,
      redisUrl: left.url,
      ownRedisPid: left.pid,
      ownRedisPassword: left.password,
    });
    await writeFile(files.socket, '');
    await using _session = await open([worker('a', 'fine')]);
    expect((await status()).code).toBe(0);
    await eventually(
      'the left Redis is gone',
      () => connectRedis(left.url, left).then((redis) => redis.disconnect(), () => true),
    );
    await left.stop();
  });

  test('leaves a Redis alone that is not the one it remembers', async () => {
    const other = await startOwnRedis();
    await writeSession(await sessionFiles('up', io.environment), {
      name: 'up',
      pid: 1,
      redisUrl: other.url,
      ownRedisPid: 1,
      ownRedisPassword: other.password,
    });
    await using _session = await open([]);
    const redis = await connectRedis(other.url, other);
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
    await other.stop();
  });

  test('says so when the path of its folder leaves no room for a socket', async () => {
    const folder = join(runtimeFolder, 'd'.repeat(100));
    await mkdir(folder);
    const terminal = testIo({ environment: { runtimeFolder: folder } });
    await expect(openSession({ name: 'up', files: [manifest] }, operatorOf([]).start, terminal)).rejects.toThrow(
      /^the path of the session's socket has \d+ bytes, of which this system takes \d+: set XDG_RUNTIME_DIR or TMPDIR/,
    );
  });

  test('does not start when a manifest is missing', async () => {
    await expect(openSession({ name: 'up', files: ['nowhere.yaml'] }, operatorOf([]).start, io)).rejects.toThrow(
      'there is no readable file or folder nowhere.yaml',
    );
  });

  test('undoes what it began when the operator does not start', async () => {
    const broken: StartLocalOperator = ({ redis }) => Promise.reject(new Error(`broken at ${redis.url}`));
    const failure = await openSession({ name: 'up', files: [manifest] }, broken, io).catch((error: unknown) => error);
    const url = /redis:\S+/.exec(failure instanceof Error ? failure.message : '')?.[0] ?? '';
    await expect(connectRedis(url)).rejects.toThrow('no Redis answers');
    expect((await status()).code).toBe(1);
  });

  test('keeps other users out of its folder', async () => {
    const folder = join(runtimeFolder, 'redisworker');
    await (await open([]))[Symbol.asyncDispose]();
    await chmod(folder, 0o777);
    await using _session = await open([]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });
});

test('without a redis-server on PATH it says how to get one', () => {
  const program =
    `import { startOwnRedis } from './cli/own-redis.ts'; await startOwnRedis().catch((error) => console.log(error.message));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...env, PATH: '/nowhere' },
    encoding: 'utf8',
  });
  expect(stdout).toContain('there is no redis-server on PATH: install one');
});

test('a port that nobody serves is no session', async () => {
  const files = await sessionFiles('up', io.environment);
  await writeSession(files, { name: 'up', pid: 1, redisUrl: `redis://127.0.0.1:${await freePort()}` });
  expect(await main(['send', 'w', '{}'], io)).toBe(1);
  expect(io.failures.join()).toContain('no "redisworker up" is running here');
});

test('a session that is stopped is told as one', async () => {
  const { socket } = await sessionFiles('up', io.environment);
  const deaf = createServer().listen(socket);
  await once(deaf, 'listening');
  await expect(fetchSession(socket, 50)).rejects.toThrow(
    `the session at ${socket} does not answer within 0.05 s: if it was stopped with Ctrl-Z, "fg" in its terminal lets it go on`,
  );
  deaf.close();
});

describe('logs of a session', () => {
  async function logs(...argv: string[]): Promise<{ code: number; out: readonly string[]; err: string }> {
    const terminal = testIo({ environment: { runtimeFolder } });
    const code = await main(['logs', ...argv], terminal);
    return { code, out: terminal.printed, err: terminal.failures.join('\n') };
  }

  /** A session whose pods have printed these lines. */
  async function printed(lines: readonly (readonly [pod: string, line: string])[]) {
    const operator = operatorOf([worker('a', 'fine'), worker('a-b', 'fine')]);
    const session = await openSession(
      { name: 'up', files: [manifest], redisUrl: 'redis://127.0.0.1:1' },
      operator.start,
      io,
    );
    const say = operator.settings[0]!.onPodLine;
    for (const [pod, line] of lines) say(pod, line);
    return { ...session, say };
  }
  const about = (ref: string): string => JSON.stringify({ level: 'info', time: 1, msg: 'seen', ref });

  test('are those of a worker, of one consumer, or about one request', async () => {
    await using _session = await printed([
      ['a-1-abcdef-012345', about('r1')],
      ['a-2-abcdef-012345', about('r2')],
      ['a-b-1-abcdef-012345', 'of another'],
      ['a-2-abcdef-012345', 'just text'],
    ]);
    expect((await logs('a-type')).out).toEqual([
      'a-1-abcdef-012345 | seen ref=r1',
      'a-2-abcdef-012345 | seen ref=r2',
      'a-2-abcdef-012345 | just text',
    ]);
    expect((await logs('a', '--consumer', '1')).out).toEqual(['a-1-abcdef-012345 | seen ref=r1']);
    expect((await logs('a', '--ref', 'r2')).out).toEqual(['a-2-abcdef-012345 | seen ref=r2']);
    expect((await logs('a-b')).out).toEqual(['a-b-1-abcdef-012345 | of another']);
    expect(await logs('c')).toMatchObject({
      code: 1,
      err: 'there is no worker "c" in the running session; it has: a, a-b',
    });
  });

  test('go on with what comes until Ctrl-C', async () => {
    await using session = await printed([['a-1-abcdef-012345', 'one']]);
    const end = Promise.withResolvers<undefined>();
    const terminal = testIo({ environment: { runtimeFolder }, interrupted: () => end.promise });
    const following = main(['logs', 'a', '-f'], terminal);
    await eventually('the first line is there', () => terminal.printed.length === 1);
    session.say('a-1-abcdef-012345', 'two');
    await eventually('the second line is there', () => terminal.printed.length === 2);
    end.resolve(undefined);
    expect(await following).toBe(0);
    expect(terminal.printed.map((line) => line.split('| ')[1])).toEqual(['one', 'two']);
  });
});
