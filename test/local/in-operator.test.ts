/** Commands about the Redis of a worker in a cluster: the API server is played, and runs them as the operator's pod does. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { main } from '../../cli/main.ts';
import { deadLetterStreamKey, replyListKey, requestStreamKey } from '../../contract/keys.ts';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { answer, type FaultApiServer, startFaultApiServer } from '../support/fault-api-server.ts';
import { startHats, writeThread } from '../support/hats.ts';
import { testIo } from '../support/io.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

let redis: TestRedis;
let own: TestRedis;
let server: FaultApiServer;
let folder: string;
let workers: KubeObject[] = [];
let secrets: Record<string, Record<string, string>> = {};
let mayExec = true;
const read: string[] = [];

const operatorPod = {
  metadata: { name: 'op-1', namespace: 'system' },
  spec: { containers: [{ name: 'operator', args: [] }] },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};

function worker(name: string, spec: object = {}, reached = 'True'): KubeObject {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name, namespace: 'shop', generation: 1 },
    spec,
    status: { observedGeneration: 1, conditions: [{ type: 'RedisReachable', status: reached }] },
  };
}

function answerOf(path: string): { status: number; body: object } {
  const list = (items: readonly object[]) => ({ status: 200, body: { metadata: { resourceVersion: '1' }, items } });
  if (path.endsWith('/pods')) return list([operatorPod]);
  if (path.endsWith('/redisworkers')) return list(workers);
  const secret = /\/secrets\/(.*)$/.exec(path)?.[1];
  if (secret !== undefined) read.push(secret);
  const data = secrets[secret ?? ''];
  return data === undefined
    ? { status: 404, body: { kind: 'Status', reason: 'NotFound', message: 'not found' } }
    : { status: 200, body: { metadata: { name: secret }, data } };
}

/** A message of a channel, in the frame of a server. */
function say(socket: Duplex, channel: number, text: string): void {
  const payload = Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);
  socket.write(Buffer.concat([Buffer.from([0x82, 126, payload.length >> 8, payload.length & 255]), payload]));
}

/** What the client says until it ends the standard input, taken out of its frames. */
async function inputOf(socket: Duplex): Promise<string> {
  let bytes = Buffer.alloc(0);
  let input = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    for (;;) {
      const head = (bytes[1]! & 127) === 126 ? 8 : 6;
      const length = head === 8 ? (bytes[2]! << 8) + bytes[3]! : bytes[1]! & 127;
      if (bytes.length < 6 || bytes.length < head + length) break;
      const mask = bytes.subarray(head - 4, head);
      const payload = bytes.subarray(head, head + length).map((byte, at) => byte ^ mask[at % 4]!);
      bytes = bytes.subarray(head + length);
      if (payload[0] === 255) return input;
      input += Buffer.from(payload.subarray(1)).toString();
    }
  }
  return input;
}

async function execute(url: URL, socket: Duplex): Promise<void> {
  const [, ...words] = url.searchParams.getAll('command');
  const input = url.searchParams.get('stdin') === 'true' ? await inputOf(socket) : '';
  socket.resume();
  const io = testIo({
    environment: { runtimeFolder: folder, inPod: true, operatorRedis: { url: redis.url } },
    input: () => Promise.resolve(input),
  });
  const code = await main(words, io);
  for (const line of io.printed) say(socket, 1, `${line}\n`);
  for (const line of io.failures) say(socket, 2, `${line}\n`);
  const causes = [{ reason: 'ExitCode', message: String(code) }];
  say(socket, 3, JSON.stringify(code === 0 ? { status: 'Success' } : { status: 'Failure', details: { causes } }));
  socket.end(Buffer.from([0x88, 0]));
}

beforeAll(async () => {
  [redis, own, server, folder] = await Promise.all([
    startRedis(),
    startRedis(),
    startFaultApiServer(),
    mkdtemp(join(tmpdir(), 'redisworker-test-')),
  ]);
  server.behave(({ path }, response) => {
    const { status, body } = answerOf(path);
    answer(response, status, body);
  });
  server.upgrade((incoming, socket) => {
    if (!mayExec) {
      const body = JSON.stringify({ kind: 'Status', message: 'not you' });
      socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      return;
    }
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
    void execute(new URL(incoming.url!, 'http://api'), socket);
  });
});
afterAll(() => Promise.all([redis.stop(), own.stop(), server.stop(), rm(folder, { recursive: true })]));
beforeEach(() => {
  vi.stubEnv('KUBECONFIG', server.kubeconfigPath);
  [workers, secrets, mayExec] = [[], {}, true];
  read.length = 0;
});
afterEach(() => vi.unstubAllEnvs());

async function run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = testIo({ environment: { runtimeFolder: folder }, input: () => Promise.resolve('{"name":"Ada"}') });
  const code = await main(words, io);
  return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
}

test('dead letters are listed and sent back with a kubeconfig alone, by the keys the manifest names', async () => {
  workers = [worker('mails', { stream: { request: 'mail:in' }, handler: { deadLetter: 'graveyard' } })];
  await redis.client.xadd('mail:in', '*', 'ref', 'r0');
  await redis.client.xadd('graveyard', '*', 'ref', 'r1', 'rw:reason', 'it broke');
  const { code, out, err } = await run('dead', 'list', 'mails', '-n', 'shop');
  expect(out).toMatch(/^ID +REF +REASON .*\n\S+ +r1 +it broke/);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect((await run('dead', 'redrive', 'mails', '--all', '-n', 'shop')).out).toBe('1 request sent back to mail:in');
});

test('its exit code and its words on failure are those of here', async () => {
  workers = [worker('mails')];
  const { code, out, err } = await run('dead', 'purge', 'mails', '--all', '--namespace', 'shop');
  expect(err).toContain('this removes 0 dead letters on mails:dead:x for good; say so with --yes');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect((await run('trace', 'others', 'r1', '-n', 'shop')).err).toBe(
    'there is no worker "others" in the namespace shop; it has: mails',
  );
});

test('a request on the standard input is passed on, and its reply comes back', async () => {
  workers = [worker('asks')];
  const taking = redis.client.duplicate();
  const taken = taking.xread('BLOCK', 30_000, 'STREAMS', requestStreamKey('asks'), '0');
  const sending = run('send', 'asks', '-', '-n', 'shop', '--ref', 'r9');
  const fields = (await taken)?.[0]?.[1][0]?.[1];
  taking.disconnect();
  expect(fields).toEqual(['ref', 'r9', 'reply', '1', 'type', 'asks', 'data', '{"name":"Ada"}']);
  await redis.client.lpush(replyListKey('r9'), '{"code":200,"data":"hello"}');
  expect(await sending).toEqual({ code: 0, out: '{"code":200,"data":"hello"}', err: '' });
});

test('a test spec is run there, and told here with its file', async () => {
  workers = [worker('asks', { stream: { request: 'asks:in' } })];
  const spec = join(folder, 'asks.test.yaml');
  const cases = ['one', 'two'].map((name) => `  - { name: ${name}, ref: ${name}, expect: { data: one } }\n`).join('');
  await writeFile(spec, `worker: not-there.yaml\ntype: asks\ncases:\n${cases}`);
  const testing = run('test', spec, '-n', 'shop', '--junit', join(folder, 'report.xml'));
  for (const ref of ['one', 'two']) {
    await eventually(
      `${ref} is asked`,
      async () => (await redis.client.xrange('asks:in', '-', '+')).join().includes(ref),
    );
    await redis.client.lpush(replyListKey(ref), JSON.stringify({ code: 200, data: ref }));
  }
  const { code, out, err } = await testing;
  expect(out).toContain(`${spec}:5, ref two\n      data\n        - "one"\n        + "two"`);
  expect(out).toContain('1 of 2 cases passed');
  expect({ code, err }).toEqual({ code: 1, err: '' });
  expect(await readFile(join(folder, 'report.xml'), 'utf8')).toContain(
    `<testsuite name="${spec}" tests="2" failures="1"`,
  );
});

test('a Redis of its own is reached with the Secret the manifest names, once the operator has reached it', async () => {
  await own.client.config('SET', 'requirepass', 'hush');
  await own.client.auth('hush');
  await own.client.xadd(deadLetterStreamKey('apart'), '*', 'ref', 'r1', 'rw:reason', 'it broke there');
  const spec = { redis: { url: own.url, passwordSecretRef: { name: 'login', key: 'password' } } };
  secrets = { login: { password: Buffer.from('hush\n').toString('base64') } };
  workers = [worker('apart', spec, 'False')];
  const refused = await run('dead', 'list', 'apart', '-n', 'shop');
  expect(refused.err).toMatch(
    /^the operator has not reached the Redis of the worker apart as its manifest names it now/,
  );
  expect(read).toEqual([]);
  workers = [worker('apart', spec)];
  expect((await run('dead', 'list', 'apart', '-n', 'shop')).out).toContain('it broke there');
});

test('scripts are listed, shown, switched and run, by the keys the manifest names', async () => {
  workers = [worker('chores', { type: 'house-work', runtime: 'Hats', hats: { cluster: 'house' } })];
  const key = await writeThread(redis, 'house', 'talk.js', 'function main() { console.log("hello"); }', {
    Hang: '3600000000000',
  });
  const running = await startHats({ on: redis, type: 'house-work', cluster: 'house' });
  try {
    const hats = (...words: string[]) => run('hats', ...words, '-n', 'shop');
    const listed = await eventually('it is found and runs', async () => {
      const { out } = await hats('list', 'chores');
      return out.includes('running') && out;
    }, 30_000);
    expect(listed).toMatch(/^SCRIPT .*\nThreads:talk\.js +running +enabled +house-work-1/);
    expect((await hats('show', 'chores', 'talk.js')).out).toMatch(/^Owner +house-work-1$/m);
    expect(await hats('run', 'chores', 'talk.js')).toEqual({
      code: 0,
      out: 'hello',
      err: expect.stringMatching(/^Threads:talk\.js ran on house-work-1 in \d+ ms$/),
    });
    expect((await hats('disable', 'chores', 'talk.js')).out).toBe('house:Threads:talk.js is disabled');
    expect((await hats('enable', 'chores', 'talk.js')).out).toBe('house:Threads:talk.js is enabled');
    expect(await hats('run', 'chores', 'other.js')).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is no script other.js; "redisworker hats list chores" shows'),
    });
  } finally {
    await running.stop();
    await redis.client.del(key);
  }
});

test('who may not run commands in pods is told which right it takes', async () => {
  mayExec = false;
  const { code, err } = await run('dead', 'list', 'mails', '-n', 'shop');
  expect(err).toMatch(
    /^you may not run commands in the pods of namespace system: the right to create pods\/exec there/,
  );
  expect(code).toBe(1);
});

test('a Redis that is named is not reached through the operator', async () => {
  const { code, err } = await run('dead', 'list', 'mails', '-n', 'shop', '--redis', redis.url);
  expect(err).toContain('leave one of them out');
  expect(code).toBe(2);
});
