/** The runner against real redis-servers and a real Deno; each test has a hash, streams and ports of its own. */
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { encodeConfigHash, type EncryptedSecret } from '../../contract/config-hash.ts';
import {
  configHashKey,
  defaultGroup,
  replyListKey,
  requestStreamKey,
  responseStreamKey,
  traceHashKey,
} from '../../contract/keys.ts';
import {
  healthPort as podHealthPort,
  imageRoot,
  proxyVariables,
  scriptRedisPort,
  secretMount,
  sourceFileName,
  sourceMount,
} from '../../contract/pod.ts';
import { decodeReply, type Reply } from '../../contract/reply.ts';
import { encodeRequest } from '../../contract/request.ts';
import { decodeResponse } from '../../contract/response.ts';
import { encodeKeyLine, encryptSecret } from '../../contract/secrets.ts';
import { type CommandInput, denoCommand, ownAddresses } from '../../operator/redisworker/desired/deno-command.ts';
import { startForwardProxy } from '../support/forward-proxy.ts';
import { freePort, start, type TestProcess } from '../support/processes.ts';
import { knowsTls, noTls, startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';
import { giveUser } from '../support/worker-user.ts';

const root = join(import.meta.dirname, '../..');
const deno = join(root, 'node_modules/.bin/deno');
const folder = mkdtempSync(join(tmpdir(), 'runner-test-'));
const keyFile = file('secret/key', encodeKeyLine('00112233445566778899aabbccddeeff'));
const dateIso = file('date-iso.ts', inlineSource('examples/date-iso.yaml'));
const password = 'a pass word';

let redis: TestRedis;
const running: TestProcess[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await Promise.all(running.map((runner) => runner.stop()));
  await redis.stop();
  rmSync(folder, { recursive: true });
});

describe.concurrent('a script of the older contract', () => {
  test('answers with reply, response, trace and acknowledgement, over a plain connection', async () => {
    const worker = await startWorker('plain');
    const reply = await ask(worker, 'r1');
    expect(reply).toMatchObject({
      ref: 'r1',
      code: 200,
      source: 'plain',
      data: { date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) },
    });
    expect(await redis.client.ttl(replyListKey('r1'))).toBe(-2);
    // The script answers its caller first, and acknowledges last.
    await eventually('the request is acknowledged', async () => (await pending(worker)) === 0);
    const [[, fields]] = (await redis.client.xrange(responseStreamKey('plain'), '-', '+')) as [[string, string[]]];
    expect(decodeResponse(toObject(fields))).toMatchObject({ ref: 'r1', code: 200 });
    expect(JSON.parse((await redis.client.hget(traceHashKey('r1'), 'dateIsoTrace'))!)).toMatchObject({
      res: { code: 200 },
    });
  });

  test('refuses what has no ref or another type, and goes on', async () => {
    const worker = await startWorker('strict', { requestLimit: 3 });
    await redis.client.xadd(worker.stream, '*', 'type', 'strict');
    expect(await ask(worker, 'r2', 'other')).toMatchObject({
      code: 400,
      err: { message: 'this worker takes type "strict"' },
    });
    expect(await ask(worker, 'r3')).toMatchObject({ code: 200 });
    expect(await redis.client.hmget(worker.hashKey, 'err:ref', 'err:type')).toEqual(['1', '1']);
  });

  test('loses no request while it is recycled after every third', async () => {
    const worker = await startWorker('recycled', { requestLimit: 3 });
    const refs = Array.from({ length: 12 }, (_, at) => `again-${at}`);
    const replies = await Promise.all(refs.map((ref) => ask(worker, ref)));
    expect(replies.map(({ ref, code }) => `${ref} ${code}`)).toEqual(refs.map((ref) => `${ref} 200`));
    await eventually('every request is acknowledged', async () => (await pending(worker)) === 0);
    expect(await redis.client.xlen(responseStreamKey('recycled'))).toBe(12);
    expect(worker.runner.child.exitCode).toBeNull();
  });

  test('ends with its own code when its pid is deleted by hand, and leaves the hash free', async () => {
    const worker = await startWorker('stopped');
    const pid = await scriptPid(worker);
    await redis.client.hdel(worker.hashKey, 'pid');
    expect(await worker.runner.ended).toBe(1);
    expect(lastLine(worker.runner)).toMatch(
      /^redisworker: the script ended with exit code 1: Error: stopped:1:h has another "pid" now: stopping/,
    );
    expect(await holder(worker)).toEqual([null, null]);
    expect(isAlive(pid)).toBe(false);
  });

  test('comes back in the same pod after its processes were killed', async () => {
    const worker = await startWorker('killed');
    const pid = await scriptPid(worker);
    process.kill(worker.runner.pid, 'SIGKILL');
    process.kill(pid, 'SIGKILL');
    await worker.runner.ended;
    expect(await holder(worker)).toEqual([String(pid), 'pod-killed']);
    const again = await startWorker('killed', { keepHash: true });
    expect(await ask(again, 'r4')).toMatchObject({ code: 200 });
  });

  test('waits, not ready, while another pod holds its hash', async () => {
    const worker = await startWorker('foreign', { hash: { pid: '4711', owner: 'other-pod' } });
    await eventually(
      'it says why it waits',
      () => worker.runner.output().includes('is in use by process 4711 of pod other-pod'),
    );
    expect(await httpStatus(worker, '/healthz')).toBe(200);
    expect(await httpStatus(worker, '/readyz')).toBe(503);
    expect(await holder(worker)).toEqual(['4711', 'other-pod']);
    await redis.client.hdel(worker.hashKey, 'pid', 'owner');
    expect(await ask(worker, 'r5')).toMatchObject({ code: 200 });
    await eventually('it is ready', async () => (await httpStatus(worker, '/readyz')) === 200);
    expect(worker.runner.output().match(/is in use by/g)).toHaveLength(1);
  });

  test('waits, not ready, until its hash is written', async () => {
    const worker = await startWorker('unwritten', { keepHash: true });
    await eventually(
      'it says why it waits',
      () => worker.runner.output().includes('does not exist; waiting until the operator writes it'),
    );
    expect([await httpStatus(worker, '/healthz'), await httpStatus(worker, '/readyz')]).toEqual([200, 503]);
    await configure(worker, redis.client, {});
    expect(await ask(worker, 'r6')).toMatchObject({ code: 200 });
    expect(worker.runner.output().match(/does not exist/g)).toHaveLength(1);
  });

  test('is ended once another pod owns its hash, and what that pod wrote stays', async () => {
    const worker = await startWorker('fenced');
    const pid = await scriptPid(worker);
    await redis.client.hset(worker.hashKey, { owner: 'newer-pod' });
    expect(await worker.runner.ended).toBe(3);
    expect(lastLine(worker.runner)).toMatch(
      /^redisworker: the script was ended, for fenced:1:h is another pod's by now/,
    );
    expect(isAlive(pid)).toBe(false);
    expect(await holder(worker)).toEqual([String(pid), 'newer-pod']);
  });

  test('ends with the runner on SIGTERM', async () => {
    const worker = await startWorker('ended');
    const pid = await scriptPid(worker);
    worker.runner.child.kill('SIGTERM');
    expect(await worker.runner.ended).toBe(143);
    expect(isAlive(pid)).toBe(false);
    expect(await holder(worker)).toEqual([null, null]);
  });

  test('is killed when it does not heed SIGTERM within the grace', async () => {
    const stubborn = file(
      'stubborn.ts',
      `
      Deno.addSignalListener('SIGTERM', () => console.log('no'));
      console.log('pid', Deno.pid);
      setInterval(() => undefined, 1000);`,
    );
    const worker = await startWorker('stubborn', { script: stubborn, graceSeconds: 0 });
    const pid = await eventually('it has started', () => /pid (\d+)/.exec(worker.runner.output())?.[1]);
    worker.runner.child.kill('SIGTERM');
    expect(await worker.runner.ended).toBe(137);
    expect(isAlive(Number(pid))).toBe(false);
  });

  test('ends when its Redis goes away, with nothing left running', async () => {
    const own = await startRedis();
    const worker = await startWorker('orphan', { on: own });
    const pid = await scriptPid(worker, own);
    await own.crash();
    expect(await worker.runner.ended).toBe(1);
    expect(worker.runner.output()).toContain('Redis closed the connection');
    expect(worker.runner.output()).toContain('could not be removed, the next start does it');
    expect(isAlive(pid)).toBe(false);
    await own.stop();
  });

  test('is not started over and over when it ends at once with exit code 0', async () => {
    const worker = await startWorker('idle', { script: file('idle.ts', 'Deno.exit(0);') });
    await eventually('it is slowed down', () => worker.runner.output().includes('within a second, 6 times in a row'));
    worker.runner.child.kill('SIGINT');
    expect([0, 130], 'between two processes, or during one').toContain(await worker.runner.ended);
  });

  test("that fails has the error's own sentence as the last line of its pod", async () => {
    const modules: [string, string, RegExp][] = [
      ['throws', 'throw new TypeError("no tea")', /exit code 1: TypeError: no tea \(throws\.ts:1:7\)$/],
      ['denied', 'await fetch("http://10.0.0.1/")', /add 10\.0\.0\.1:80 to spec\.permissions\.net \(denied\.ts:1:7\)$/],
      ['imports', 'import "npm:lodash"', /bundle them into the module \(imports\.ts:1:8\)$/],
      [
        'reads',
        `import key from ${JSON.stringify(join(folder, 'secret/key'))} with { type: 'text' }; console.error(key)`,
        /Module not found "key": a worker is one file, bundle it into the module \(reads\.ts:1:17\)$/,
      ],
      [
        'full',
        'const all = []; for (;;) all.push(new Array(1e5).fill(Math.random()))',
        /the script ran out of memory: raise/,
      ],
    ];
    await Promise.all(modules.map(async ([name, module, sentence]) => {
      const worker = await startWorker(name, { script: file(`${name}.ts`, module), input: { memoryMiB: 96 } });
      expect(await worker.runner.ended).not.toBe(0);
      expect(lastLine(worker.runner)).toMatch(/^redisworker: /);
      expect(lastLine(worker.runner)).toMatch(sentence);
    }));
  });

  test('finds its Redis on another port through Deno.connect and node:net, and passes its exit code on', async () => {
    const probe = file(
      'probe.ts',
      `
      import net from 'node:net';
      import { createConnection } from 'node:net';
      const own = await Deno.connect({ port: 6379 });
      await own.write(new TextEncoder().encode('HINCRBY probe:1:h dialled 1\\r\\n'));
      const answer = new Uint8Array(16);
      await own.read(answer);
      own.close();
      const ways = [
        () => net.connect(6379),
        () => net.connect(6379, 'localhost'),
        () => createConnection({ port: 6379, host: '127.0.0.1' }),
        () => new net.Socket().connect(6379, '127.0.0.1'),
        () => new net.Socket().connect({ port: 6379 }),
      ];
      for (const way of ways) {
        await new Promise<void>((resolve, reject) => {
          const socket = way();
          socket.on('error', reject);
          socket.on('data', () => resolve(void socket.destroy()));
          socket.write('HINCRBY probe:1:h dialled 1\\r\\n');
        });
      }
      console.log('env', JSON.stringify(Object.keys(Deno.env.toObject()).filter((name) => /REDIS|KEY|POD/.test(name))));
      Deno.exit(7);`,
    );
    const worker = await startWorker('probe', { script: probe, flags: ['--allow-env'] });
    expect(await worker.runner.ended).toBe(7);
    expect(await redis.client.hget(worker.hashKey, 'dialled')).toBe('6');
    expect(worker.runner.output()).toContain('env []');
  });

  test('sends nothing through a proxy, though the image names one and the script tries to', async () => {
    const proxy = await startForwardProxy();
    const script = file(
      'proxy.ts',
      `
      const get = async () => console.log('answer:', await (await fetch('http://${proxy.target}/')).text());
      await get();
      for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']) {
        try { Deno.env.set(name, '${proxy.proxyUrl}'); } catch (error) { console.log(name, error.name); }
      }
      await get();
      Deno.exit(7);`,
    );
    const image = Object.fromEntries(proxyVariables.map((name) => [name, proxy.proxyUrl]));
    const input = { allowNet: [...ownAddresses.Script, proxy.target], allowEnv: ['H*', 'A*', 'h*'] };
    const worker = await startWorker('proxied', { script, input, env: image });
    expect(await worker.runner.ended).toBe(7);
    expect(worker.runner.output()).toMatch(
      /answer: direct[^]*HTTP_PROXY NotCapable[^]*http_proxy NotCapable[^]*ALL_PROXY NotCapable[^]*answer: direct/,
    );
    expect(proxy.proxied).toEqual([]);
    await proxy.stop();
  });

  test('has large answers carried in both directions', async () => {
    const echo = file(
      'echo.ts',
      `
      const text = 'x'.repeat(20_000_000);
      const own = await Deno.connect({ port: 6379 });
      const bytes = new TextEncoder().encode('*2\\r\\n$4\\r\\nECHO\\r\\n$' + text.length + '\\r\\n' + text + '\\r\\n');
      const write = async () => { for (let at = 0; at < bytes.length;) at += await own.write(bytes.subarray(at)); };
      const read = async () => { for (let got = 0; got < bytes.length - 14;) got += await own.read(new Uint8Array(65536)) ?? Infinity; };
      await Promise.all([write(), read()]);
      await own.closeWrite();
      while (await own.read(new Uint8Array(16)) !== null);
      Deno.exit(9);`,
    );
    const worker = await startWorker('large', { script: echo });
    expect(await worker.runner.ended).toBe(9);
  });
});

describe.concurrent('a protected Redis', () => {
  let guarded: TestRedis;
  let tlsUrl: string | undefined;
  const ca = join(folder, 'secret/ca.crt');

  beforeAll(async () => {
    const tlsPort = await knowsTls() ? await freePort() : undefined;
    guarded = await startRedis(['--requirepass', password, ...(tlsPort === undefined ? [] : tlsArgs(tlsPort))], {
      password,
    });
    if (tlsPort !== undefined) tlsUrl = `rediss://127.0.0.1:${tlsPort}`;
    await guarded.client.acl('SETUSER', 'narrow', 'on', '>narrow-pw', '~*', '+@all', '-@dangerous', '-client');
  });
  afterAll(async () => {
    await guarded.stop();
  });

  function tlsArgs(port: number): string[] {
    makeCertificates(ca);
    return [
      '--tls-port',
      `${port}`,
      '--tls-cert-file',
      join(folder, 'redis.crt'),
      '--tls-key-file',
      join(folder, 'redis.key'),
      '--tls-ca-cert-file',
      ca,
      '--tls-auth-clients',
      'no',
    ];
  }

  test('is opened with its password', async () => {
    const worker = await startWorker('password', {
      on: guarded,
      env: { REDIS_PASSWORD_FILE: file('secret/password', `${password}\n`) },
    });
    expect(await ask(worker, 'r6', 'password', guarded)).toMatchObject({ code: 200 });
    expect(worker.runner.output()).not.toContain(password);
  });

  test('is opened as an ACL user of few rights', async () => {
    const env = { REDIS_USERNAME: 'narrow', REDIS_PASSWORD_FILE: file('secret/narrow', 'narrow-pw') };
    const worker = await startWorker('acl', { on: guarded, env });
    expect(await ask(worker, 'r7', 'acl', guarded)).toMatchObject({ code: 200 });
  });

  test('is opened over TLS with an authority of its own', async ({ skip }) => {
    if (tlsUrl === undefined) return skip(noTls);
    const env = { REDIS_URL: tlsUrl, REDIS_CA_FILE: ca, REDIS_PASSWORD_FILE: file('secret/tls-password', password) };
    const worker = await startWorker('tls', { on: guarded, env });
    expect(await ask(worker, 'r8', 'tls', guarded)).toMatchObject({ code: 200 });
  });

  test('is waited for, with the cause told once, while the password is wrong', async () => {
    const worker = await startWorker('wrong', {
      on: guarded,
      env: { REDIS_PASSWORD_FILE: file('secret/wrong', 'not-it') },
    });
    await eventually('the cause is told', () => worker.runner.output().includes('WRONGPASS'));
    expect(await httpStatus(worker, '/readyz')).toBe(503);
    expect(worker.runner.output()).not.toContain('not-it');
    worker.runner.child.kill('SIGTERM');
    expect(await worker.runner.ended).toBe(0);
  });
});

describe.concurrent('what the runner is started with', () => {
  test('our own runtime with a request limit is recycled and loses no request', async () => {
    const type = 'demo-recycled';
    const worker = {
      hashKey: configHashKey(type, '1'),
      type,
      stream: requestStreamKey(type),
      healthPort: await freePort(),
    };
    const key = '00112233445566778899aabbccddeeff';
    await configure(worker, redis.client, {
      requestLimit: 3,
      secret: await encryptSecret(type, { signingKey: 'k' }, key),
    });
    const source = file('source/demo-worker.ts', inlineSource('examples/demo-worker.yaml'));
    const allowNet = [`127.0.0.1:${redis.port}`, ...ownAddresses.Handler];
    const input = { runtime: 'Handler', requestLimit: 3, allowNet } as const;
    const command = commandOf(worker.hashKey, source, input, [1, worker.healthPort]);
    const runner = launch(command, {
      REDIS_URL: redis.url,
      ...(await loginOf(type, 'Handler', redis)),
      POD_UID: 'pod-demo',
      WORKER_KEY_FILE: keyFile,
      WORKER_SOURCE: source,
      HEALTH_ADDRESS: `127.0.0.1:${worker.healthPort}`,
    });
    const names = ['Ada', 'Grace', 'Edsger', 'Barbara', 'Donald', 'Tony', 'Leslie'];
    const replies = await Promise.all(
      names.map((name) => ask({ ...worker, runner }, `greet-${name}`, type, redis, { name })),
    );
    const signed = names.map((name) => {
      const greeting = `Hello, ${name}!`;
      return { greeting, signature: createHmac('sha256', 'k').update(greeting).digest('hex') };
    });
    expect(replies.map(({ data }) => data)).toEqual(signed);
    expect(runner.child.exitCode).toBeNull();
  });

  test('a runtime that speaks to Redis by itself is only recycled, and gets the key and its settings', async () => {
    const counted = file('counted', '');
    const runtime = file(
      'runtime.ts',
      `
      const file = Deno.args[0];
      const line = await new Response(Deno.stdin.readable).text();
      Deno.writeTextFileSync(file, line.slice(0, 9) + Deno.env.get('WORKER_SETTINGS') + '\\n', { append: true });
      Deno.exit(Deno.readTextFileSync(file).split('\\n').length < 4 ? 0 : 9);`,
    );
    const child = [
      'deno',
      'run',
      '--no-config',
      '--allow-env',
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
      runtime,
      counted,
    ];
    const own = [
      'deno',
      'run',
      '--no-config',
      `--allow-read=${folder}`,
      '--allow-env',
      '--allow-run=deno',
      join(root, 'worker/runner.ts'),
      'none:1:h',
    ];
    const runner = launch([...own, '--', ...child], { WORKER_KEY_FILE: keyFile, WORKER_SETTINGS: '{}' });
    expect(await runner.ended).toBe(9);
    expect(readFileSync(counted, 'utf8')).toBe('worker-v0{}\n'.repeat(3));
  });

  test('a port that is taken ends it with one clear sentence', async () => {
    const settings = { REDIS_URL: 'redis://127.0.0.1:1', POD_UID: 'p' };
    const runner = launch(commandOf('absent:1:h', dateIso, {}, [redis.port, 1]), settings);
    expect(await runner.ended).toBe(1);
    expect(runner.output()).toMatch(
      /^redisworker: cannot listen on 127\.0\.0\.1:\d+, where the script expects Redis: Address already in use/,
    );
  });

  test.each([
    ['a key of another kind', 'a-string', {}, 'the key "a-string" is no hash'],
    [
      'a broken key file',
      'absent:1:h',
      { WORKER_KEY_FILE: file('secret/bad-key', 'hunter2') },
      'the file that WORKER_KEY_FILE names is no key',
    ],
    ['a missing variable', 'absent:1:h', { POD_UID: '' }, 'the environment variable POD_UID is missing'],
    [
      'a Redis that is the runner itself',
      'absent:1:h',
      { REDIS_URL: 'redis://localhost:<forward>' },
      'where this runner itself is to listen',
    ],
    ['a Cluster', 'absent:1:h', { REDIS_URL: 'redis+cluster://127.0.0.1:1' }, 'where a script cannot run'],
    ['settings that are none', 'absent:1:h', { WORKER_SETTINGS: 'x' }, 'WORKER_SETTINGS is no JSON'],
    ['a bad address', 'absent:1:h', { REDIS_URL: 'http://x' }, 'REDIS_URL: the Redis URL cannot be used: it must read'],
  ])('%s ends it with code 5 and one clear sentence', async (_, hashKey, env, sentence) => {
    await redis.client.set('a-string', 'x');
    const port = await freePort();
    const { REDIS_URL, ...rest }: Record<string, string> = {
      REDIS_URL: redis.url,
      POD_UID: 'p',
      WORKER_KEY_FILE: keyFile,
      ...env,
    };
    const settings = { ...rest, REDIS_URL: REDIS_URL.replace('<forward>', String(port)) };
    const runner = launch(commandOf(hashKey, dateIso, {}, [port, 1]), settings);
    expect(await runner.ended).toBe(5);
    expect(runner.output()).toContain(sentence);
    expect(runner.output()).not.toContain('hunter2');
    expect(runner.output().trim().split('\n')).toHaveLength(1);
  });
});

const lastLine = (runner: TestProcess) => runner.output().trim().split('\n').at(-1);

interface Worker {
  readonly hashKey: string;
  readonly type: string;
  readonly stream: string;
  readonly healthPort: number;
  readonly runner: TestProcess;
}

interface WorkerOptions {
  readonly on?: TestRedis;
  readonly script?: string;
  readonly requestLimit?: number;
  readonly secret?: EncryptedSecret;
  readonly graceSeconds?: number;
  readonly env?: Record<string, string>;
  readonly flags?: readonly string[]; // after those of the scope
  readonly input?: Partial<CommandInput>;
  /** Further fields of the hash. */
  readonly hash?: Record<string, string>;
  /** The hash and the group are there from an earlier start. */
  readonly keepHash?: boolean;
}

/** Writes what the operator would, and starts the pod's command line. */
async function startWorker(type: string, options: WorkerOptions = {}): Promise<Worker> {
  const { on = redis, script = dateIso } = options;
  const [port, healthPort] = [await freePort(), await freePort()];
  const worker = { hashKey: configHashKey(type, '1'), type, stream: requestStreamKey(type), healthPort };
  if (!options.keepHash) await configure(worker, on.client, options);
  const env = {
    REDIS_URL: on.url,
    ...(options.env?.['REDIS_PASSWORD_FILE'] === undefined ? await loginOf(type, 'Script', on) : {}),
    POD_UID: `pod-${type}`,
    WORKER_KEY_FILE: keyFile,
    HEALTH_ADDRESS: `127.0.0.1:${healthPort}`,
    WORKER_SETTINGS: JSON.stringify({ graceSeconds: options.graceSeconds ?? 5 }),
    ...options.env,
  };
  return {
    ...worker,
    runner: launch(
      commandOf(worker.hashKey, script, { denoOptions: options.flags ?? [], ...options.input }, [port, healthPort]),
      env,
    ),
  };
}

/** The login of a worker as the operator would give it. */
async function loginOf(type: string, runtime: 'Handler' | 'Script', on: TestRedis): Promise<Record<string, string>> {
  const { password, env } = await giveUser(on, configHashKey(type, '1'), { type, runtime });
  return { ...env, REDIS_PASSWORD_FILE: file(`secret/password-of-${type}`, password) };
}

/** The operator's own command line, moved from its pod to this machine as a node without pod networks does. */
function commandOf(
  hashKey: string,
  source: string,
  input: Partial<CommandInput>,
  [port, healthPort]: [number, number],
): string[] {
  const command = denoCommand({
    runtime: 'Script',
    configHashKey: hashKey,
    sourceFile: 'worker.ts',
    allowNet: ownAddresses.Script,
    allowAllNet: false,
    gateNet: [],
    denyNet: ['169.254.169.254'],
    allowEnv: [],
    denoOptions: [],
    requestLimit: 0,
    memoryMiB: 192,
    ...input,
  });
  const moves = [
    [`${sourceMount}/${sourceFileName}`, source],
    [sourceMount, join(folder, 'source')],
    [secretMount, join(folder, 'secret')],
    [imageRoot, root],
    [`127.0.0.1:${scriptRedisPort}`, `127.0.0.1:${port}`],
    [`0.0.0.0:${podHealthPort}`, `127.0.0.1:${healthPort}`],
  ] as const;
  return moves.reduce<string[]>((args, [from, to]) => args.map((arg) => arg.replaceAll(from, to)), command);
}

async function configure(
  { hashKey, type, stream }: Omit<Worker, 'runner'>,
  client: Redis,
  options: WorkerOptions,
): Promise<void> {
  const config = encodeConfigHash({
    type,
    consumerId: '1',
    requestStream: stream,
    responseStream: responseStreamKey(type),
    requestLimit: options.requestLimit ?? 0,
    denoOptions: [],
    ...(options.secret ? { secret: options.secret } : {}),
  });
  await client.hset(hashKey, { ...config, ...options.hash });
  await client.xgroup('CREATE', stream, defaultGroup, '0', 'MKSTREAM');
}

/** Starts `deno run …` with nothing in its environment but what is given. */
function launch([, ...args]: readonly string[], env: Record<string, string>): TestProcess {
  const environment = { HOME: folder, DENO_DIR: join(folder, 'deno'), PATH: dirname(deno), ...env };
  const runner = start(deno, args, { env: environment });
  running.push(runner);
  return runner;
}

async function ask(
  { stream, type, runner }: Worker,
  ref: string,
  asType = type,
  on = redis,
  data: object = {},
): Promise<Reply> {
  const caller = on.client.duplicate();
  try {
    await caller.xadd(stream, '*', ...Object.entries(encodeRequest(ref, asType, JSON.stringify(data))).flat());
    const popped = await caller.brpop(replyListKey(ref), 20);
    expect(popped, `a reply to ${ref}; the runner says: ${runner.output()}`).not.toBeNull();
    return decodeReply(popped![1]);
  } finally {
    caller.disconnect();
  }
}

async function pending({ stream }: Worker): Promise<number> {
  const [count] = (await redis.client.xpending(stream, defaultGroup)) as [number];
  return count;
}

function holder({ hashKey }: Worker): Promise<(string | null)[]> {
  return redis.client.hmget(hashKey, 'pid', 'owner');
}

async function scriptPid({ hashKey }: Worker, on = redis): Promise<number> {
  return Number(await eventually('the script has set its pid', () => on.client.hget(hashKey, 'pid')));
}

async function httpStatus({ healthPort }: Worker, path: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${healthPort}${path}`);
  await response.text();
  return response.status;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function inlineSource(manifest: string): string {
  const documents = parseAllDocuments(readFileSync(join(root, manifest), 'utf8'));
  const worker = documents.find((document) => document.get('kind') === 'RedisWorker');
  return String(worker?.getIn(['spec', 'source', 'inline']));
}

function toObject(fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(fields.flatMap((field, at) => (at % 2 === 0 ? [[field, fields[at + 1] ?? '']] : [])));
}

/** An authority of our own, its certificate in the file `ca`, and a certificate of 127.0.0.1 by it. */
function makeCertificates(ca: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', ca, '-days', '2', '-subj', '/CN=test authority');
  openssl('req', ...ec, '-keyout', 'redis.key', '-out', 'redis.csr', '-subj', '/CN=127.0.0.1');
  file('san', 'subjectAltName=IP:127.0.0.1');
  openssl(
    'x509',
    '-req',
    '-in',
    'redis.csr',
    '-CA',
    ca,
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'san',
    '-out',
    'redis.crt',
  );
}
