/** The Rhai runtime beside a real Redis, with a dispatcher that speaks the protocol of the worker in use. */
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, type TestContext } from 'vitest';
import { serveLocalPage } from '../../cli/local-page.ts';
import { main } from '../../cli/main.ts';
import { silence } from '../../cli/silent-log.ts';
import { deadLetterStreamKey, responseStreamKey } from '../../contract/keys.ts';
import { takenTasksKey, taskQueueKey, taskRecordKey } from '../../contract/tasks.ts';
import { liveWorker } from '../../operator/page/live-worker.ts';
import { targetAt } from '../support/redis-target.ts';
import { type RhaiOptions, type RhaiWorker, startRhai } from '../support/rhai/worker.ts';
import { testIo } from '../support/io.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

let redis: TestRedis;
let client: Redis;
beforeAll(async () => {
  redis = await startRedis();
  client = redis.client;
});
afterAll(() => redis.stop());

const patienceMs = 60_000;

/** A worker that is stopped with its test; its output is told when the test failed. */
async function run(
  { onTestFinished }: TestContext,
  options: Omit<RhaiOptions, 'on'>,
  consumerId = '1',
): Promise<RhaiWorker> {
  const worker = await startRhai({ on: redis, ...options }, consumerId);
  onTestFinished(async ({ task }) => {
    await worker.stop();
    if (task.result?.state === 'fail') process.stderr.write(worker.output());
  });
  return worker;
}

const details = (id: string): string => `rhai_task_details:${id}`;

/** As the dispatcher in use does it: the hash, then the id at the end of the list. */
async function dispatch(circle: string, id: string, script: string, callerId = 'caller'): Promise<void> {
  await client.hset(details(id), { script, callerId, status: 'pending', createdAt: '1' });
  await client.rpush(taskQueueKey(circle), id);
}

const hasEnded = (id: string): Promise<Record<string, string>> =>
  eventually(`task ${id} has ended`, async () => {
    const task = await client.hgetall(details(id));
    return ['completed', 'error'].includes(task['status'] ?? '') ? task : undefined;
  }, patienceMs);

const taken = (circle: string, id = '1'): Promise<string[]> =>
  client.lrange(takenTasksKey(taskQueueKey(circle), id), 0, -1);

/** A server of HTTP on loopback; one that is shut answers nobody before it is opened. */
async function serveShop({ onTestFinished }: TestContext, at: 'open' | 'shut' = 'open') {
  const doors = new EventEmitter();
  let shut = at === 'shut';
  const server = createServer((_, response) => {
    doors.emit('entered');
    if (shut) doors.once('opened', () => response.end(' from the shop'));
    else response.end(' from the shop');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return {
    port: (server.address() as AddressInfo).port,
    entered: once(doors, 'entered'),
    open: () => {
      shut = false;
      doors.emit('opened');
    },
  };
}

test('a task of the dispatcher in use goes from pending to completed, with its output', async (context) => {
  await dispatch('first', 'first-1', 'CALLER_ID + " asked " + CONTEXT_ID + ": " + (40 + 2)', 'alice');
  await run(context, { type: 'first' });
  expect(await hasEnded('first-1')).toMatchObject({
    status: 'completed',
    output: 'alice asked first: 42',
    callerId: 'alice',
    createdAt: '1',
  });
  expect(await taken('first')).toEqual([]);
  expect(await client.hgetall(taskRecordKey(taskQueueKey('first')))).toEqual({ 'consumer:1': '1' });
  const [[, fields]] = await client.xrange(responseStreamKey('first'), '-', '+') as [[string, string[]]];
  const entry = Object.fromEntries(
    fields.flatMap((name, at) => at % 2 === 0 ? [[name, fields[at + 1]]] : []),
  ) as Record<string, string>;
  expect(entry).toMatchObject({ ref: 'first-1', type: 'first', code: '200', consumer: '1', attempt: '1' });
  expect(JSON.parse(entry['res'] ?? '')).toMatchObject({ ref: 'first-1', code: 200, data: 'alice asked first: 42' });
});

test('the command line sends a task as a dispatcher does, and takes back what nobody has taken', async (context) => {
  const send = async (...words: string[]) => {
    const io = testIo();
    const code = await main(['send', 'by-hand', '--rhai', ...words, '--redis', redis.url], io);
    return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
  };
  const list = ['--stream', taskQueueKey('by-hand')];
  const untaken = await send('1', ...list, '--timeout', '1', '--ref', 'hand-0');
  expect(untaken).toMatchObject({
    code: 3,
    err: expect.stringMatching(/^nobody has taken the task from rhai_tasks:by-hand/),
  });
  expect(await client.exists(taskQueueKey('by-hand'), details('hand-0'))).toBe(0);
  await run(context, { type: 'by-hand' });
  expect(await send('CALLER_ID + " gets " + (40 + 2)', ...list, '--caller', 'alice', '--ref', 'hand-1')).toEqual({
    code: 0,
    out: 'alice gets 42',
    err: '',
  });
  expect(await client.hgetall(details('hand-1'))).toMatchObject({ status: 'completed', output: 'alice gets 42' });
  expect(await send('throw "boom"', ...list)).toEqual({
    code: 1,
    out: '',
    err: 'Runtime error: boom (line 1, position 1)',
  });
  expect((await send('1', ...list, '--ref', 'hand-1')).err).toBe(
    'there is a task hand-1 already: choose another --ref',
  );
  expect((await send('1')).err).toMatch(/^no list of tasks is known of the type "by-hand"/);
  expect((await send('1', '--field', 'a=b')).err).toBe('--field is of requests, not of tasks');
});

test('the command line runs a script with the keys of a Redis, and with none that were not opened', async () => {
  const runScript = async (script: string) => {
    const io = testIo({ input: () => Promise.resolve(script) });
    const code = await main(['rhai', 'run', '-', '--redis', redis.url, '--redis-key', 'shop:*'], io);
    return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
  };
  expect(await runScript('redis_set("shop:tea", 2); redis_get("shop:tea")')).toEqual({ code: 0, out: '2', err: '' });
  expect((await runScript('redis_get("other")')).err).toMatch(/is not open to scripts/);
});

test('the page of a laptop sends a task, and tells what became of it', async (context) => {
  await run(context, { type: 'paged' });
  const metadata = { name: 'paged', namespace: 'default', uid: 'u' };
  const spec = { runtime: 'Rhai', tasks: { circlePublicKey: 'paged' } };
  const worker = { apiVersion: 'redisworker.dev/v1alpha1', kind: 'RedisWorker', metadata, spec };
  const operator = { workers: () => [liveWorker(worker, undefined)], redisOf: () => targetAt(redis) };
  const page = await serveLocalPage(0, { operator, log: silence, problems: () => [] });
  context.onTestFinished(() => page.close());
  const [, address = '', token = ''] = /^(\S+)#token=(\S+)$/.exec(page.url) ?? [];
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const at = `${address}data/workers/default/paged`;
  const send = async (script: string): Promise<object> =>
    await (await fetch(`${at}/send`, { method: 'POST', headers, body: JSON.stringify({ script }) })).json() as object;
  expect(await send('throw "boom"')).toMatchObject({ code: 500, reply: 'Runtime error: boom (line 1, position 1)' });
  const sent = await send('40 + 2');
  expect(sent).toMatchObject({ code: 200, reply: '42' });
  const trace = await fetch(`${at}/trace?ref=${(sent as { ref: string }).ref}`, { headers });
  expect(await trace.json()).toMatchObject({ outcome: 'Answered', rows: expect.arrayContaining([['output', '42']]) });
});

test('whatever is wrong with a task is told in its details, and the next one runs', async (context) => {
  await run(context, { type: 'wrong', tasks: { timeoutSeconds: 1, keepSeconds: 1000 } });
  await client.set(details('wrong-string'), 'x');
  await client.hset(details('wrong-empty'), { status: 'pending' });
  await dispatch('wrong', 'wrong-throw', 'throw "boom"');
  await dispatch('wrong', 'wrong-syntax', 'let = ;');
  await dispatch('wrong', 'wrong-long', `"${'x'.repeat(300_000)}"`);
  await dispatch('wrong', 'wrong-loop', 'loop { }');
  await client.rpush(taskQueueKey('wrong'), 'wrong-unknown', 'wrong-string', 'wrong-empty');
  await dispatch('wrong', 'wrong-fine', '1 + 1');
  expect(await hasEnded('wrong-fine')).toMatchObject({ output: '2' });
  const errorOf = async (id: string) => (await hasEnded(id))['error'];
  expect(await errorOf('wrong-throw')).toBe('Runtime error: boom (line 1, position 1)');
  expect(await errorOf('wrong-syntax')).toMatch(/^Syntax error: .*\(line 1, position 5\)$/);
  expect(await errorOf('wrong-long')).toBe('the script has 300002 bytes, and may have 262144');
  expect(await errorOf('wrong-loop')).toMatch(/^(Script terminated|Too many operations)/);
  expect(await errorOf('wrong-unknown')).toMatch(/^there are no details of the task/);
  expect(await errorOf('wrong-empty')).toMatch(/^the task has no script/);
  expect(await client.ttl(details('wrong-fine'))).toBeGreaterThan(900);
  expect(await client.get(details('wrong-string'))).toBe('x');
  await eventually('all are told', async () => (await client.xlen(responseStreamKey('wrong'))) === 8, patienceMs);
  const [[, letter]] = await client.xrange(deadLetterStreamKey('wrong'), '-', '+') as [[string, string[]]];
  expect(letter).toEqual(expect.arrayContaining(['ref', 'wrong-string', 'rw:reason']));
  expect(await taken('wrong')).toEqual([]);
});

test('the prelude is there for every script, and one that cannot be used ends the process', async (context) => {
  await run(context, { type: 'prelude', prelude: 'fn twice(x) { x * 2 }' });
  await dispatch('prelude', 'prelude-1', 'twice(21)');
  expect(await hasEnded('prelude-1')).toMatchObject({ output: '42' });
  const broken = await run(context, { type: 'broken', prelude: 'fn twice(x) {' });
  expect(await broken.ended).toBe(4);
  expect(broken.output()).toMatch(/redisworker: the prelude cannot be used: Syntax error: .*line 1/);
});

test('what a script prints is in the log, with its task', async (context) => {
  const worker = await run(context, { type: 'prints' });
  await dispatch('prints', 'prints-1', 'print("hello " + CALLER_ID);');
  await hasEnded('prints-1');
  const line = await eventually(
    'the line',
    () => worker.output().split('\n').find((one) => one.includes('hello caller')),
  );
  expect(JSON.parse(line)).toMatchObject({ msg: 'hello caller', task: 'prints-1', worker: 'prints:1:h' });
});

test('a killed process leaves its tasks in its list, and the next one ends them first', async (context) => {
  const options = { type: 'killed', podUid: 'pod-killed' };
  const first = await run(context, options);
  await dispatch('killed', 'killed-1', 'loop { }');
  await eventually(
    'it runs',
    async () => (await client.hget(details('killed-1'), 'status')) === 'processing',
    patienceMs,
  );
  first.child.kill('SIGKILL');
  await first.ended;
  expect(await taken('killed')).toEqual(['killed-1']);
  await client.hset(details('killed-1'), 'script', '"second time"');
  await run(context, options);
  expect(await hasEnded('killed-1')).toMatchObject({ output: 'second time', deliveries: '1' });
});

test('a task that keeps killing its process goes to the dead letters, and its details say so', async (context) => {
  const options = { type: 'deadly', podUid: 'pod-deadly', tasks: { maxDeliveries: 2 } };
  await dispatch('deadly', 'deadly-1', 'loop { }');
  for (const deaths of ['0', '1']) {
    const worker = await run(context, options);
    const isRunning = async () => {
      const [status, deliveries] = await client.hmget(details('deadly-1'), 'status', 'deliveries');
      return status === 'processing' && (deliveries ?? '0') === deaths;
    };
    await eventually('it runs', isRunning, patienceMs);
    worker.child.kill('SIGKILL');
    await worker.ended;
  }
  await run(context, options);
  expect(await hasEnded('deadly-1')).toMatchObject({
    status: 'error',
    error: '2 processes that were given this task have died of it',
  });
  expect(await client.xlen(deadLetterStreamKey('deadly'))).toBe(1);
  await dispatch('deadly', 'deadly-2', '"goes on"');
  expect(await hasEnded('deadly-2')).toMatchObject({ output: 'goes on' });
});

test('a process that is to end finishes what runs and gives back what it has not begun', async (context) => {
  const shop = await serveShop(context, 'shut');
  const worker = await run(context, { type: 'ends', spec: { permissions: { net: [`127.0.0.1:${shop.port}`] } } });
  await dispatch('ends', 'ends-1', `http_get("http://127.0.0.1:${shop.port}/")`);
  for (const id of ['ends-2', 'ends-3']) await dispatch('ends', id, '1');
  await shop.entered;
  const stopped = worker.stop(30_000);
  const waiting = await eventually('what was not begun is given back', async () => {
    const ids = await client.lrange(taskQueueKey('ends'), 0, -1);
    return worker.output().includes('stopping: finishing what runs') && ids.length === 2 ? ids : undefined;
  }, patienceMs);
  shop.open();
  await stopped;
  expect(waiting).toEqual(['ends-2', 'ends-3']);
  expect(await hasEnded('ends-1')).toMatchObject({ output: ' from the shop' });
  expect(await taken('ends')).toEqual([]);
  expect(await client.lrange(taskQueueKey('ends'), 0, -1)).toEqual(['ends-2', 'ends-3']);
  expect(await client.hget(details('ends-2'), 'status')).toBe('pending');
  expect(await client.hget(worker.hashKey, 'pid')).toBeNull();
});

test('a process whose pid is taken away writes nothing more, and ends', async (context) => {
  const worker = await run(context, { type: 'fenced' });
  await dispatch('fenced', 'fenced-0', '1');
  await hasEnded('fenced-0');
  await client.hdel(worker.hashKey, 'pid');
  await dispatch('fenced', 'fenced-1', '1');
  expect(await worker.ended).toBe(3);
  expect(await client.hget(details('fenced-1'), 'status')).not.toBe('completed');
  expect([...await taken('fenced'), ...await client.lrange(taskQueueKey('fenced'), 0, -1)]).toEqual(['fenced-1']);
});

test('several scripts run at once, and one that takes long keeps nothing from the others', async (context) => {
  const worker = await run(context, { type: 'several', tasks: { concurrency: 2, maxOperations: 1_000_000_000_000 } });
  await dispatch('several', 'several-slow', 'let n = 0; loop { n += 1; if n > 3_000_000_000 { break; } } n');
  for (let at = 0; at < 20; at++) await dispatch('several', `several-${at}`, `${at} * 2`);
  expect(await hasEnded('several-19')).toMatchObject({ output: '38' });
  expect((await fetch(`${worker.healthUrl}/healthz`)).status).toBe(200);
  expect(await client.hget(details('several-slow'), 'status')).toBe('processing');
});

test('scripts have what the manifest opens to them: keys, hosts and progress', async (context) => {
  const { port } = await serveShop(context);
  await run(context, {
    type: 'opens',
    tasks: { progress: 'Enabled' },
    spec: { redis: { keys: ['shop:*'] }, permissions: { net: [`127.0.0.1:${port}`] } },
  });
  await client.set('shop:price', '7');
  await dispatch(
    'opens',
    'opens-1',
    `redis_set("shop:seen", CALLER_ID); progress(50); redis_get("shop:price") + http_get("http://127.0.0.1:${port}/")`,
  );
  expect(await hasEnded('opens-1')).toMatchObject({ output: '7 from the shop', progress: '50' });
  expect(await client.get('shop:seen')).toBe('caller');
  await dispatch('opens', 'opens-2', `redis_get("${details('opens-1')}")`);
  expect((await hasEnded('opens-2'))['error']).toMatch(/is not open to scripts: add it to spec.redis.keys/);
  await dispatch('opens', 'opens-3', 'http_get("http://127.0.0.1:1/")');
  expect((await hasEnded('opens-3'))['error']).toMatch(/^Runtime error: .*\(line 1, position 1\)$/);
});
