/** What the Handler runtime writes beside what others have written, and what it does when it cannot write. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import {
  deadLetterStreamKey,
  replyListKey,
  requestStreamKey,
  responseStreamKey,
  retryScheduleKey,
  traceHashKey,
} from '../../contract/keys.ts';
import { decodeReply, type Reply } from '../../contract/reply.ts';
import { leaveBehind, nothingPending, pendingOf } from '../support/orphans.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { commandStats, secondsLeft } from '../support/server-features.ts';
import { eventually } from '../support/wait.ts';
import { startWorker, type TestWorker, type WorkerOptions, writeHash } from '../support/worker.ts';

let shared: TestRedis;
let client: Redis;
beforeAll(async () => {
  shared = await startRedis();
  client = shared.client;
});
afterAll(() => shared.stop());

const echo = 'export default ({ data }) => data';
/** Answers with as many characters as it is told. */
const long = 'export default ({ data }) => "x".repeat(data)';

async function run(
  { onTestFinished }: TestContext,
  options: Omit<WorkerOptions, 'on'> & { on?: TestRedis },
  consumerId = '1',
): Promise<TestWorker> {
  const worker = await startWorker({ on: shared, podUid: `pod-${consumerId}`, ...options }, consumerId);
  onTestFinished(async ({ task }) => {
    await worker.stop();
    if (task.result?.state === 'fail') process.stderr.write(worker.output());
  });
  return worker;
}

async function ownRedis({ onTestFinished }: TestContext, type: string): Promise<TestRedis> {
  const own = await startRedis();
  onTestFinished(() => own.stop());
  await writeHash(own.client, type);
  return own;
}

async function send(type: string, ref: string | Buffer, data: unknown = 1, to = client): Promise<string> {
  return (await to.xadd(requestStreamKey(type), '*', 'ref', ref, 'type', type, 'data', JSON.stringify(data))) ?? '';
}

async function replyTo(ref: string, from = client): Promise<Reply> {
  return decodeReply(await eventually(`a reply to ${ref}`, () => from.rpop(replyListKey(ref))));
}

const status = (worker: TestWorker, path: string): Promise<number> =>
  fetch(worker.healthUrl + path).then((response) => response.status, () => 0);
const ready = (worker: TestWorker): Promise<unknown> =>
  eventually('the worker is ready', async () => (await status(worker, '/readyz')) === 200);
const notReady = (worker: TestWorker): Promise<unknown> =>
  eventually('the worker is not ready', async () => (await status(worker, '/readyz')) === 503);
const says = (worker: TestWorker, text: string): Promise<unknown> =>
  eventually(`it says "${text}"`, () => worker.output().includes(text));
const times = (worker: TestWorker, text: string): number => worker.output().split(text).length - 1;

async function letters(type: string, from = client): Promise<Record<string, string>[]> {
  const entries = await from.xrange(deadLetterStreamKey(type), '-', '+');
  return entries.map(([, flat]) =>
    Object.fromEntries(flat.flatMap((name, at) => at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : []))
  );
}

describe.concurrent('what others have written', () => {
  test('under the key of a reply is left as it is, and for as long as it was to be there', async (t) => {
    const type = 'keys-taken';
    await writeHash(client, type);
    await client.xadd(replyListKey('jobs:req:x'), '*', 'a', '1');
    await client.rpush(replyListKey('queue'), 'first');
    await client.setex(replyListKey('note'), 1000, 'text');
    await run(t, { type, module: echo });
    for (const ref of ['jobs:req:x', 'queue', 'note']) await send(type, ref);
    await eventually('two dead letters', async () => (await letters(type)).length === 2);
    await nothingPending(client, type);
    t.expect(await client.llen(replyListKey('queue'))).toBe(2);
    t.expect([await client.ttl(replyListKey('queue')), await client.ttl(replyListKey('jobs:req:x'))]).toEqual([-1, -1]);
    t.expect(await client.ttl(replyListKey('note'))).toBeGreaterThan(900);
    t.expect((await letters(type)).map((letter) => letter['rw:reason']).sort()).toEqual([
      'its reply could not be written: WRONGTYPE the key "res:jobs:req:x" is a stream, not a list',
      'its reply could not be written: WRONGTYPE the key "res:note" is a string, not a list',
    ]);
  });

  test('into a trace keeps the life it was given, and a reply comes though a trace cannot', async (t) => {
    const type = 'traces-shared';
    await writeHash(client, type);
    await client.hset(traceHashKey('stays'), 'note', 'x');
    await client.hset(traceHashKey('week'), 'note', 'x');
    await client.expire(traceHashKey('week'), 604_800);
    await client.hset(traceHashKey('minute'), 'note', 'x');
    await client.expire(traceHashKey('minute'), 60);
    await client.set(traceHashKey('odd'), 'x');
    const worker = await run(t, { type, module: echo });
    const refs = ['stays', 'week', 'minute', 'odd', 'fresh'];
    for (const ref of refs) await send(type, ref);
    for (const ref of refs) t.expect((await replyTo(ref)).code).toBe(200);
    await nothingPending(client, type);
    const lives = await Promise.all(refs.slice(0, 3).map((ref) => client.ttl(traceHashKey(ref))));
    t.expect([lives[0], lives[1]! > 600_000, lives[2]! >= 50]).toEqual([-1, true, true]);
    t.expect(await client.hexists(traceHashKey('stays'), 'tracesSharedTrace')).toBe(1);
    await says(worker, 'could not be written');
    t.expect(await letters(type)).toEqual([]);
    t.expect(await secondsLeft(client, traceHashKey('fresh'), 'tracesSharedTrace')).toBeGreaterThan(3500);
  });

  test('is not reached by a reference that is no UTF-8: it counts as none', async (t) => {
    const type = 'binary-ref';
    await writeHash(client, type);
    const worker = await run(t, { type, module: echo });
    await send(type, Buffer.from([0x72, 0xff]));
    await eventually('it is counted', async () => (await client.hget(worker.hashKey, 'err:ref')) === '1');
    await nothingPending(client, type);
    t.expect(await client.exists(replyListKey('r\ufffd'))).toBe(0);
  });
});

describe.concurrent('a key of the worker that is something else', () => {
  test('keeps dead letters and retries until somebody has seen to it, and others are answered meanwhile', async (t) => {
    const type = 'keys-of-ours';
    await writeHash(client, type);
    await client.set(deadLetterStreamKey(type), 'x');
    await client.set(retryScheduleKey(type), 'x');
    const worker = await run(t, {
      type,
      settings: { maxAttempts: 2, backoff: { initialMs: 1, maxMs: 1 } },
      module: `import { DoNotRetry } from "redisworker";
        export default ({ data }, { attempt }) => {
          if (data === "dead") throw new DoNotRetry("no");
          if (data === "again" && attempt === 1) throw new Error("later");
          return data;
        }`,
    });
    await send(type, 'dead', 'dead');
    await send(type, 'again', 'again');
    await says(worker, `the key \\"${deadLetterStreamKey(type)}\\" is a string, not a stream`);
    await says(worker, `the key \\"${retryScheduleKey(type)}\\" is a string, not a zset`);
    await send(type, 'fine', 'fine');
    t.expect((await replyTo('fine')).data).toBe('fine');
    t.expect(await pendingOf(client, type)).toHaveLength(2);
    await client.del(deadLetterStreamKey(type), retryScheduleKey(type));
    t.expect((await replyTo('dead')).code).toBe(500);
    t.expect((await replyTo('again')).data).toBe('again');
    t.expect((await letters(type)).map(({ ref }) => ref)).toEqual(['dead']);
    await nothingPending(client, type);
    t.expect(times(worker, 'is a string, not a stream')).toBe(1);
  });

  test('lets nobody be told that the worker is ready while it is the response stream', async (t) => {
    const type = 'responses-odd';
    await writeHash(client, type);
    const worker = await run(t, { type, module: echo });
    await ready(worker);
    await client.set(responseStreamKey(type), 'x');
    await send(type, 'kept', 7);
    await says(worker, 'is a string, not a stream');
    await notReady(worker);
    await client.del(responseStreamKey(type));
    t.expect((await replyTo('kept')).data).toBe(7);
    await ready(worker);
    t.expect(await client.xlen(responseStreamKey(type))).toBe(1);
  });
});

describe.concurrent('a reply that cannot be committed', () => {
  test('because it is longer than the server takes is answered with an error, and the others with theirs', async (t) => {
    const type = 'too-long';
    const own = await ownRedis(t, type);
    await own.client.config('SET', 'proto-max-bulk-len', '2mb');
    const worker = await run(t, { type, module: long, on: own });
    await ready(worker);
    await send(type, 'long', 5_000_000, own.client);
    await send(type, 'short', 3, own.client);
    t.expect((await replyTo('short', own.client)).data).toBe('xxx');
    const { code, err } = await replyTo('long', own.client);
    t.expect([code, err?.message]).toEqual([500, t.expect.stringContaining('its reply of 50000')]);
    t.expect((await letters(type, own.client)).map(({ ref }) => ref)).toEqual(['long']);
    await nothingPending(own.client, type);
    await ready(worker);
    t.expect(await own.client.xlen(responseStreamKey(type))).toBe(2);
  });

  test('because Redis has no room for so much is answered with an error, and the others with theirs', async (t) => {
    const type = 'too-much';
    const own = await ownRedis(t, type);
    const worker = await run(t, { type, module: long, on: own });
    await ready(worker);
    await send(type, 'first', 3, own.client);
    await replyTo('first', own.client);
    const [, used = '0'] = /used_memory:(\d+)/.exec(await own.client.info('memory')) ?? [];
    await own.client.config('SET', 'maxmemory', String(Number(used) + 6 * 1024 * 1024));
    const beside = Array.from({ length: 8 }, (_, at) => `little-${at}`);
    const lengths = new Map([[beside[0], 3], ['much', 12_000_000], ...beside.slice(1).map((ref) => [ref, 3] as const)]);
    await Promise.all([...lengths].map(([ref = '', length]) => send(type, ref, length, own.client)));
    for (const ref of beside) t.expect((await replyTo(ref, own.client)).data).toBe('xxx');
    t.expect((await replyTo('much', own.client)).code).toBe(500);
    await send(type, 'later', 3, own.client);
    t.expect((await replyTo('later', own.client)).data).toBe('xxx');
    await nothingPending(own.client, type);
    await ready(worker);
  });

  test('over a right that is missing is kept, told of once, and given once the right is there', async (t) => {
    const type = 'no-lpush';
    const own = await ownRedis(t, type);
    await own.client.call('ACL', 'SETUSER', 'guest', 'on', '>any', '~*', '+@all', '-lpush');
    const module = 'let runs = 0; export default () => ++runs';
    const worker = await run(t, { type, module, on: own, ...guest });
    for (const ref of ['a', 'b', 'c']) await send(type, ref, 1, own.client);
    await notReady(worker);
    await says(worker, 'NOPERM');
    t.expect(await status(worker, '/healthz')).toBe(200);
    await eventually(
      'it has tried some times',
      async () => ((await commandStats(own.client)).get('multi')?.calls ?? 0) > 8,
    );
    t.expect([times(worker, 'NOPERM'), await pendingOf(own.client, type)]).toEqual([
      1,
      t.expect.objectContaining({ length: 3 }),
    ]);
    await own.client.call('ACL', 'SETUSER', 'guest', '+lpush');
    const answers = await Promise.all(['a', 'b', 'c'].map((ref) => replyTo(ref, own.client)));
    t.expect(answers.map(({ data }) => data).sort()).toEqual([1, 2, 3]);
    await ready(worker);
    t.expect([await letters(type, own.client), times(worker, 'can be committed again')]).toEqual([[], 1]);
  });

  test('over a key one may not write to is set aside, and the others are answered', async (t) => {
    const type = 'some-keys';
    const own = await ownRedis(t, type);
    const allow = ['~some-keys:*', '~req:*', '~res:good*'];
    await own.client.call('ACL', 'SETUSER', 'guest', 'on', '>any', ...allow, '+@all');
    const worker = await run(t, { type, module: echo, on: own, ...guest });
    await ready(worker);
    for (const ref of ['good-1', 'bad', 'good-2']) await send(type, ref, ref, own.client);
    t.expect((await replyTo('good-1', own.client)).data).toBe('good-1');
    t.expect((await replyTo('good-2', own.client)).data).toBe('good-2');
    await send(type, 'good-3', 3, own.client);
    t.expect((await replyTo('good-3', own.client)).data).toBe(3);
    const [letter] = await eventually('a dead letter', async () => {
      const all = await letters(type, own.client);
      return all.length > 0 && all;
    });
    t.expect([letter?.['ref'], letter?.['rw:reason']]).toEqual(['bad', t.expect.stringContaining('NOPERM')]);
    await nothingPending(own.client, type);
  });
});

const guest = {
  env: { REDIS_USERNAME: 'guest', REDIS_PASSWORD_FILE: '<secret>/password' },
  secretFiles: { password: 'any' },
};

describe.concurrent('requests that may be another consumer’s by now', () => {
  test('are answered by that one alone after their process stood still', async (t) => {
    const type = 'frozen';
    await writeHash(client, type);
    await writeHash(client, type, { consumerId: '2' });
    const module = `export default async (_r, { config, log, attempt }) => {
      log.info("started");
      await new Promise((r) => setTimeout(r, config.consumerId === "1" ? 300 : 0));
      return config.consumerId;
    }`;
    const settings = { leaseSeconds: 1 };
    const first = await run(t, { type, module, settings });
    await ready(first);
    await send(type, 'frozen');
    await says(first, 'started');
    process.kill(first.pid, 'SIGSTOP');
    await run(t, { type, module, settings }, '2');
    t.expect((await replyTo('frozen')).data).toBe('2');
    process.kill(first.pid, 'SIGCONT');
    await send(type, 'after');
    await replyTo('after');
    await nothingPending(client, type);
    t.expect([await client.xlen(responseStreamKey(type)), await client.llen(replyListKey('frozen'))]).toEqual([2, 0]);
  });

  test('are not claimed back when holds are renewed', async (t) => {
    const type = 'claimed-away';
    await writeHash(client, type);
    const module = `export default (_r, { log, signal }) => new Promise((r) => {
      log.info("started");
      signal.onabort = () => { log.info("given up"); r(1); };
    })`;
    const worker = await run(t, { type, module, settings: { leaseSeconds: 4 } });
    await send(type, 'mine');
    await says(worker, 'started');
    const [row] = await pendingOf(client, type);
    await client.xclaim(
      requestStreamKey(type),
      'worker',
      'other',
      0,
      row![0],
      'JUSTID',
    );
    await says(worker, 'given up');
    t.expect((await pendingOf(client, type)).map(([, consumer]) => consumer)).toEqual(['other']);
    t.expect(await client.xlen(responseStreamKey(type))).toBe(0);
  });

  test('are acknowledged and not run when a Script has answered them', async (t) => {
    const type = 'was-a-script';
    await writeHash(client, type);
    const ids = await leaveBehind(client, type, '1', { done: 1, open: 2 });
    const orphans = await leaveBehind(client, type, 'gone', { 'orphan-done': 1, 'orphan-open': 2 });
    for (const xid of [ids[0]!, orphans[0]!]) {
      await client.xadd(responseStreamKey(type), '*', 'ref', 'x', 'type', type, 'xid', xid, 'res', '{"code":200}');
    }
    const worker = await run(t, {
      type,
      module: 'export default (r, { log }) => { log.info("runs " + r.ref); return 1; }',
    });
    await replyTo('open');
    await replyTo('orphan-open');
    await nothingPending(client, type);
    t.expect(worker.output()).not.toMatch(/runs (orphan-)?done/);
    t.expect(await client.xlen(responseStreamKey(type))).toBe(4);
  });
});

describe.concurrent('many requests', () => {
  test('of a mebibyte each are held a few at a time', async (t) => {
    const type = 'large';
    await writeHash(client, type);
    const module = `const go = new Promise((r) => globalThis.go = r);
      export default async ({ data, fields }) => { if (data === "go") return globalThis.go(); await go; return fields.image.length; }`;
    const worker = await run(t, { type, module, settings: { concurrency: 256, timeoutSeconds: 60 } });
    await ready(worker);
    const image = 'x'.repeat(1024 * 1024);
    const total = 100;
    for (let at = 0; at < total; at += 20) {
      await Promise.all(
        Array.from(
          { length: 20 },
          (_, more) =>
            client.xadd(requestStreamKey(type), '*', 'ref', `large-${at + more}`, 'type', type, 'image', image),
        ),
      );
    }
    await eventually('it has taken some', async () => (await pendingOf(client, type)).length >= 3);
    t.expect((await pendingOf(client, type)).length).toBeLessThan(9);
    await client.xgroup('SETID', requestStreamKey(type), 'worker', '$');
    t.expect(await client.xlen(responseStreamKey(type))).toBe(0);
  });

  test('that are due for another attempt are moved by one consumer, with one command', async (t) => {
    const type = 'due';
    await writeHash(client, type);
    await writeHash(client, type, { consumerId: '2' });
    const own = await ownRedis(t, type);
    await writeHash(own.client, type, { consumerId: '2' });
    const module =
      'export default (_r, { attempt }) => { if (attempt === 1) throw new Error("later"); return attempt; }';
    const settings = { maxAttempts: 2, backoff: { initialMs: 400, maxMs: 400 } };
    await ready(await run(t, { type, module, settings, on: own }));
    await ready(await run(t, { type, module, settings, on: own }, '2'));
    await own.client.config('RESETSTAT');
    const refs = Array.from({ length: 60 }, (_, at) => `due-${at}`);
    await Promise.all(refs.map((ref) => send(type, ref, 1, own.client)));
    const replies = await Promise.all(refs.map((ref) => replyTo(ref, own.client)));
    t.expect(new Set(replies.map(({ data }) => data))).toEqual(new Set([2]));
    const stats = await commandStats(own.client);
    t.expect(stats.get('zrem')?.calls).toBe(60);
    t.expect(await own.client.zcard(retryScheduleKey(type))).toBe(0);
  });
});

test('progress is told while a handler runs, and by none that has ended or whose time is over', async (t) => {
  const type = 'late-progress';
  await writeHash(client, type);
  const module = `export default async ({ data }, { progress, log }) => {
    progress(10);
    setTimeout(() => { progress(99); log.info("told late"); }, data);
    if (data > 1000) await new Promise((r) => setTimeout(r, data + 1));
  }`;
  const worker = await run(t, { type, module, settings: { timeoutSeconds: 1 } });
  await send(type, 'ended', 300);
  await send(type, 'over', 1300);
  expect((await replyTo('over')).code).toBe(504);
  await eventually('both have told', () => times(worker, 'told late') === 2);
  await send(type, 'next', 0);
  await eventually(
    'the next is written',
    async () => (await client.hget(traceHashKey('next'), 'lateProgressTrace')) !== null,
  );
  const told = await Promise.all(
    ['ended', 'over'].map((ref) => client.hget(traceHashKey(ref), 'lateProgressProgress')),
  );
  expect(told).not.toContain('99');
});
