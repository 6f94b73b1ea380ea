/** The Hats runtime against a real Redis: its threads and jobs, and what their scripts may call. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HatsOptions, startHats, type TestHats, writeJob, writeThread } from '../support/hats.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

const patience = 60_000;
let redis: TestRedis;
let server: Server;
let address: string;
const running: TestHats[] = [];

beforeAll(async () => {
  redis = await startRedis();
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      response.setHeader('X-Kind', 'echo');
      response.end(`${request.method} ${request.headers['content-type'] ?? '-'} ${body}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await Promise.all(running.map((worker) => worker.stop()));
  server.close();
  await redis.stop();
});

async function worker(options: Omit<HatsOptions, 'on'>): Promise<TestHats> {
  const started = await startHats({ on: redis, ...options });
  running.push(started);
  return started;
}

const field = async (key: string, name: string) => await redis.client.hget(key, name);
const becomes = (key: string, name: string, value: string) =>
  eventually(`${name} of ${key} is ${value}`, async () => await field(key, name) === value, patience);

test('a thread runs its whole source, then init(), then main() again and again, and cleanup() when it is disabled', async () => {
  const key = await writeThread(
    redis,
    'life',
    'hello.js',
    `var state = 0; redis.Do('RPUSH', 'life:log', 'top');
     const add = (n) => n + 1;
     function init() { redis.Do('RPUSH', 'life:log', 'init'); }
     function main() { state = add(state); redis.Do('SET', 'life:count', state); }
     function cleanup() { redis.Do('RPUSH', 'life:log', 'cleanup ' + thread.Status()); }`,
  );
  const { name } = await worker({ type: 'life' });
  await eventually('main() ran three times', async () => Number(await redis.client.get('life:count')) > 3, patience);
  expect(await redis.client.hmget(key, 'State', 'Status', 'Owner')).toEqual(['running', 'enabled', name]);
  expect(await field(`life:workers:${name}`, 'State')).toBe('online');
  await redis.client.hset(key, 'Status', 'disabled');
  await becomes(key, 'State', 'stopped');
  expect(await redis.client.lrange('life:log', 0, -1)).toEqual(['top', 'init', 'cleanup disabled']);
  await redis.client.hset(key, 'Status', 'enabled');
  await becomes(key, 'State', 'running');
});

test('calls of a script give what the ones of the first workers of this kind give', async () => {
  const seen =
    `function seen(name, value) { redis.Do('HSET', 'calls:seen', name, typeof value + ' ' + JSON.stringify(value)); }`;
  await writeThread(
    redis,
    'calls',
    'calls.js',
    `${seen}
     seen('ok', redis.Do('SET', 'calls:a', 'v')); seen('text', redis.Do('GET', 'calls:a'));
     seen('number', redis.Do('INCR', 'calls:n')); seen('nil', redis.Do('GET', 'calls:none'));
     seen('error', redis.Do('INCR', 'calls:a')); redis.Do('HSET', 'calls:h', 'f', 1);
     seen('list', redis.Do('HGETALL', 'calls:h')); seen('refused', redis.Do('SUBSCRIBE', 'x'));
     redis.Do('RPUSH', 'calls:list', 'first'); seen('blpop', redis.Blpop(1, 'calls:list'));
     seen('env', env.Get('GIVEN')); seen('secret', env.Get('REDIS_URL')); seen('set', env.Set('MINE', 'x'));
     seen('mine', env.Get('MINE')); env.Unset('MINE'); seen('unset', env.Get('MINE'));
     seen('argument', String(env.Get())); seen('worker', worker.Name + ' ' + worker.Cluster + ' ' + worker.ShuttingDown);
     seen('thread', thread.Key + ' ' + thread.State() + ' ' + thread.Status() + ' ' + thread.Stopped);
     var got = http.Get('http://ADDRESS/'); seen('get', [got.status, got.body, got.headers['X-Kind']]);
     seen('post', http.Post('http://ADDRESS/', 'text').body);
     seen('form', http.PostForm('http://ADDRESS/', {a: '1 2'}).body);
     seen('redis by http', http.Get('http://127.0.0.1:REDIS/'));
     seen('underscore', [_.map([1, 2], function (n) { return n * 2; }), _.template('Hi <%= name %>')({name: 'Ada'}), _.VERSION.slice(0, 4)]);
     seen('outer', typeof Deno + typeof require + typeof setTimeout + typeof ArrayBuffer + typeof console.log);
     seen('escape', (function () { try { return String(redis.Do.constructor('return typeof Deno')()); } catch (e) { return String(e); } })());
     redis.Do('SET', 'calls:done', 1);`.replaceAll('ADDRESS', address).replaceAll('REDIS/', `${redis.port}/`),
  );
  await worker({ type: 'calls', net: [address], variables: { GIVEN: 'yes' } });
  await eventually('all calls were made', async () => await redis.client.get('calls:done'), patience);
  expect(await redis.client.hgetall('calls:seen')).toEqual({
    ok: 'string "OK"',
    text: 'string "v"',
    number: 'number 1',
    nil: 'undefined undefined',
    error: 'undefined undefined',
    list: 'object ["f","1"]',
    refused: 'undefined undefined',
    blpop: 'string "first"',
    env: 'string "yes"',
    secret: 'undefined undefined',
    set: 'object null',
    mine: 'string "x"',
    unset: 'undefined undefined',
    argument: 'string "SyntaxError: env.Get takes 1 arguments"',
    worker: 'string "calls-1 calls false"',
    thread: 'string "calls:Threads:calls.js running enabled false"',
    get: 'object [200,"GET - ",["echo"]]',
    post: 'string "POST - text"',
    form: 'string "POST application/x-www-form-urlencoded a=1+2"',
    'redis by http':
      `object {"error":"Requires net access to \\"127.0.0.1:${redis.port}\\": add 127.0.0.1:${redis.port} to spec.permissions.net"}`,
    underscore: 'object [[2,4],"Hi Ada","1.13"]',
    outer: 'string "undefinedundefinedundefinedundefinedfunction"',
    escape: 'string "undefined"',
  });
});

test('a script that throws is crashed and disabled with the words of its error, and runs again once it is enabled', async () => {
  const thrown = {
    top: [`throw new Error('top boom')`, 'Error: top boom', '1:7'],
    absent: ['\n\n  x', `ReferenceError: 'x' is not defined`, '3:3'],
    deep: [
      'function f() {\n  null.x;\n}\nfunction main() { f(); }',
      /^TypeError: Cannot read properties of null/,
      '2:8',
    ],
    text: [`function init() { throw 'as it is'; }`, 'as it is', ''],
    object: [`function main() { throw {}; }`, '[object Object]', ''],
    syntax: ['var = 1', '(anonymous): Line 1:5 Unexpected token =', '1:5'],
    unclosed: ['function main() {\n  redis.Do(;\n}', '(anonymous): Line 2:12 Unexpected token ;', '2:12'],
  } as const;
  const keys = new Map<string, string>();
  for (const [name, [source]] of Object.entries(thrown)) {
    keys.set(name, await writeThread(redis, 'crash', name, source));
  }
  await worker({ type: 'crash' });
  for (const [name, [, error, at]] of Object.entries(thrown)) {
    const key = keys.get(name) ?? '';
    await becomes(key, 'State', 'crashed');
    const text = typeof error === 'string' ? error : expect.stringMatching(error);
    expect(await redis.client.hmget(key, 'Status', 'Error', 'ErrorAt')).toEqual(['disabled', text, at]);
    expect(await field(key, 'ErrorTime')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  }
  const rows = (await redis.client.xrange('crash:res:x', '-', '+')).map(([, fields]) => fields[7] ?? '');
  expect(rows.join('\n')).toContain(`"message":"ReferenceError: 'x' is not defined (line 3, column 3)"`);
  expect(rows.join('\n')).toContain(`"message":"(anonymous): Line 1:5 Unexpected token ="`);
  const key = keys.get('top') ?? '';
  await redis.client.hset(key, 'Source', `function main() {}`, 'Status', 'enabled');
  await becomes(key, 'State', 'running');
});

test('a thread whose owner is killed runs elsewhere, and one that was taken from its owner ends at once even when it is busy', async () => {
  const key = await writeThread(redis, 'fence', 'busy.js', `for (;;) if (redis.Do('GET', 'fence:go')) for (;;);`, {
    DeadSeconds: '2',
  });
  const [one, two] = await Promise.all([worker({ type: 'fence' }), worker({ type: 'fence', id: '2' })]);
  const owner = await eventually('somebody has it', async () => await field(key, 'Owner') || undefined, patience);
  const [holder, other] = owner === one.name ? [one, two] : [two, one];
  const fence = Number(await field(key, 'Fence'));
  holder.child.kill('SIGKILL');
  await becomes(key, 'Owner', other.name);
  expect(Number(await field(key, 'Fence'))).toBe(fence + 1);
  await redis.client.set('fence:go', 'yes');
  await redis.client.hset(key, 'Owner', 'somebody else', 'Heartbeat', `${Date.now() + 60_000}000000`);
  await eventually('it ended', () => other.output().includes('another worker has it by now'), patience);
  expect(await redis.client.hmget(key, 'State', 'Owner')).toEqual(['running', 'somebody else']);
});

test('a main() that takes longer than DeadSeconds is running nowhere else, nor a second time, and its heartbeat goes on', async () => {
  const source = `var me = Math.random();
    function main() { redis.Do('SADD', 'slow-main:who', me); redis.Blpop(4, 'slow-main:none'); redis.Do('INCR', 'slow-main:turns'); }`;
  const key = await writeThread(redis, 'slow-main', 'blpop.js', source, { DeadSeconds: '1' });
  await Promise.all(['1', '2'].map((id) => worker({ type: 'slow-main', id })));
  await eventually('it began', async () => await redis.client.exists('slow-main:who') === 1, patience);
  const beats = new Set<string>();
  await eventually('it came to its end', async () => {
    beats.add(await field(key, 'Heartbeat') ?? '');
    return Number(await redis.client.get('slow-main:turns')) > 0;
  }, patience);
  expect(beats.size).toBeGreaterThan(3);
  expect([await redis.client.scard('slow-main:who'), await field(key, 'Fence')]).toEqual([1, '1']);
});

test('a script that is taken away ends within 100 ms, in the middle of while (true)', async () => {
  const source =
    `while (true) { var now = redis.Do('TIME'); redis.Do('SET', 'lost:last', now[0] * 1e6 + Number(now[1])); }`;
  const key = await writeThread(redis, 'lost', 'busy.js', source);
  const { name } = await worker({ type: 'lost' });
  const lateMs: number[] = [];
  for (let n = 0; n < 5 && !lateMs.some((ms) => ms < 100); n++) {
    await redis.client.hset(key, 'Owner', '', 'State', 'stopped');
    await becomes(key, 'Owner', name);
    await redis.client.del('lost:last');
    await eventually('it works', async () => await redis.client.exists('lost:last') === 1, patience);
    await redis.client.hset(key, 'Owner', 'somebody else', 'Heartbeat', `${Date.now() + 60_000}000000`);
    const [seconds, micros] = await redis.client.time();
    let last: string | null = null;
    await eventually('it is still', async () => {
      const before = last;
      last = await redis.client.get('lost:last');
      return last === before;
    }, patience);
    lateMs.push((Number(last) - (Number(seconds) * 1e6 + Number(micros))) / 1000);
  }
  expect(Math.min(...lateMs)).toBeLessThan(100);
});

test('one thread of ten that burns a processor, memory or its stack leaves the others alone', async () => {
  for (let n = 0; n < 8; n++) {
    await writeThread(redis, 'burn', `n${n}`, `function main() { redis.Do('INCR', 'burn:${n}'); }`);
  }
  await writeThread(redis, 'burn', 'cpu', 'for (;;) {}');
  const memory = await writeThread(
    redis,
    'burn',
    'memory',
    `var a = []; for (;;) { a.push(new Array(1000).join('x') + a.length); }`,
  );
  const deep = await writeThread(redis, 'burn', 'deep', 'function f() { f(); } f();');
  await worker({ type: 'burn' });
  await becomes(memory, 'State', 'crashed');
  expect(await field(memory, 'Error')).toBe('RangeError: the script holds more than 64 MiB');
  await becomes(deep, 'State', 'crashed');
  const counts = async () => (await redis.client.mget(...Array.from({ length: 8 }, (_, n) => `burn:${n}`))).map(Number);
  const before = await counts();
  await eventually(
    'all others go on',
    async () => (await counts()).every((count, n) => count > (before[n] ?? 0) + 5),
    patience,
  );
});

test('a job runs once for each tick over all workers, a changed schedule counts at once, and a deleted job stops', async () => {
  const source = `redis.Do('RPUSH', 'jobs:runs', job.Key); redis.Do('INCR', 'jobs:count');`;
  const key = await writeJob(redis, 'jobs', 'count.js', { Cron: '* * * * * *', Source: source });
  const once = await writeJob(redis, 'jobs', 'yearly.js', {
    Cron: '0 0 0 1 1 *',
    Source: `redis.Do('INCR', 'jobs:yearly')`,
  });
  await Promise.all(['1', '2', '3'].map((id) => worker({ type: 'jobs', id })));
  await eventually('it ran five times', async () => Number(await redis.client.get('jobs:count')) >= 5, patience);
  await redis.client.hset(once, 'Cron', '@every 1s');
  await eventually('the changed one ran', async () => Number(await redis.client.get('jobs:yearly')) >= 1, patience);
  await redis.client.hset(key, 'Cron', '0 0 0 1 1 *');
  const rows = await eventually('all runs are told', async () => {
    const found = await redis.client.xrange('jobs:res:x', '-', '+');
    return found.length > 5 && await field(key, 'State') === 'stopped' && found;
  }, patience);
  const refs = rows.map(([, fields]) => fields[1] ?? '').filter((ref) => ref.startsWith('Jobs:count.js:'));
  expect(new Set(refs).size).toBe(refs.length);
  expect(refs[0]).toMatch(/^Jobs:count\.js:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
  await redis.client.del(once);
  const count = await redis.client.get('jobs:yearly');
  await redis.client.hset(key, 'Cron', '* * * * * *');
  const runs = Number(await redis.client.get('jobs:count'));
  await eventually('two more seconds', async () => Number(await redis.client.get('jobs:count')) > runs + 2, patience);
  expect([await redis.client.get('jobs:yearly'), await redis.client.exists(once)]).toEqual([count, 0]);
});

test('jobs that take their time hold no other one up', async () => {
  const slow = Array.from(
    { length: 6 },
    (_, n) => writeJob(redis, 'slow', `slow${n}`, { Cron: '@every 1s', Source: `redis.Blpop(0, 'slow:go');` }),
  );
  const keys = await Promise.all(slow);
  await worker({ type: 'slow' });
  for (const key of keys) await becomes(key, 'State', 'running');
  await writeJob(redis, 'slow', 'quick', { Cron: '@every 1s', Source: `redis.Do('INCR', 'slow:quick')` });
  await eventually('the quick one runs', async () => Number(await redis.client.get('slow:quick')) >= 2, patience);
  expect(await Promise.all(keys.map((key) => field(key, 'State')))).toEqual(keys.map(() => 'running'));
  await redis.client.rpush('slow:go', ...keys);
});

test('a worker that is told to stop lets its threads clean up, leaves them to others and its place to the next pod', async () => {
  const key = await writeThread(
    redis,
    'bye',
    't.js',
    `function main() { redis.Blpop(0, 'bye:none'); } function cleanup() { redis.Do('SET', 'bye:clean', worker.ShuttingDown); }`,
  );
  const leaving = await worker({ type: 'bye' });
  const { name, hashKey, ended } = leaving;
  await becomes(key, 'State', 'running');
  await leaving.stop(30_000);
  expect(await ended).toBe(0);
  expect(await redis.client.hmget(key, 'State', 'Status')).toEqual(['stopped', 'enabled']);
  expect(await redis.client.get('bye:clean')).toBe('true');
  expect(await field(`bye:workers:${name}`, 'State')).toBe('offline');
  expect(await redis.client.hmget(hashKey, 'pid', 'owner')).toEqual([null, null]);
});
