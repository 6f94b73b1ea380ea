/** The Handler runtime when others fail: consumers that vanish, a Redis that refuses or is silent, a pod that ends. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import {
  configHashKey,
  deadLetterStreamKey,
  replyListKey,
  requestStreamKey,
  responseStreamKey,
} from '../../contract/keys.ts';
import { env } from '../../contract/pod.ts';
import { decodeReply, type Reply } from '../../contract/reply.ts';
import { startBlackHole } from '../support/black-hole.ts';
import { startHoldingProxy } from '../support/holding-proxy.ts';
import { createAuthority, createCertificate } from '../support/control-plane/certificates.ts';
import { freePort } from '../support/processes.ts';
import { knowsTls, noTls, startRedis, type TestRedis } from '../support/redis.ts';
import { commandStats } from '../support/server-features.ts';
import { eventually } from '../support/wait.ts';
import { startWorker, type TestWorker, type WorkerOptions, writeHash } from '../support/worker.ts';

let shared: TestRedis;
let client: Redis;
beforeAll(async () => {
  shared = await startRedis();
  client = shared.client;
});
afterAll(() => shared.stop());

/** A worker that is stopped with its test; its output is told when the test failed. */
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

/** A server of the test's own, with a worker's hash in it. */
async function ownRedis(
  { onTestFinished }: TestContext,
  type: string,
  args: readonly string[] = [],
): Promise<TestRedis> {
  const own = await startRedis(args);
  onTestFinished(() => own.stop());
  await writeHash(own.client, type);
  return own;
}

async function send(type: string, ref: string, data: unknown = 1, to = client): Promise<void> {
  await to.xadd(requestStreamKey(type), '*', 'ref', ref, 'type', type, 'data', JSON.stringify(data));
}

async function replyTo(ref: string, from = client): Promise<Reply> {
  return decodeReply(await eventually(`a reply to ${ref}`, () => from.rpop(replyListKey(ref))));
}

const status = (worker: TestWorker, path: string): Promise<number> =>
  fetch(worker.healthUrl + path).then((response) => response.status, () => 0);
const ready = (worker: TestWorker): Promise<unknown> =>
  eventually('the worker is ready', async () => (await status(worker, '/readyz')) === 200);
const says = (worker: TestWorker, text: string): Promise<unknown> =>
  eventually(`it says "${text}"`, () => worker.output().includes(text));

const pendingOf = async (
  type: string,
  from = client,
): Promise<[id: string, consumer: string, idleMs: number, deliveries: number][]> =>
  (await from.xpending(requestStreamKey(type), 'worker', '-', '+', 1000)) as [string, string, number, number][];
const nothingPending = (type: string, from = client): Promise<unknown> =>
  eventually('nothing is pending', async () => (await pendingOf(type, from)).length === 0);
const responses = (type: string, from = client): Promise<number> => from.xlen(responseStreamKey(type));

const echo = 'export default ({ data }) => data';
const who = 'export default (_r, { config, attempt }) => ({ consumer: config.consumerId, attempt })';
/** Runs for as many milliseconds as it is told. */
const slow =
  'export default async ({ data }, { config, log }) => { log.info("started"); await new Promise((r) => setTimeout(r, data)); return config.consumerId; }';

/** Makes the group and lets a consumer that does not exist take every request, so long ago that it counts as gone. */
async function takeAndVanish(type: string, consumer: string): Promise<void> {
  const stream = requestStreamKey(type);
  await client.xreadgroup('GROUP', 'worker', consumer, 'COUNT', 1000, 'STREAMS', stream, '>');
  const ids = (await pendingOf(type)).map(([id]) => id);
  await client.xclaim(stream, 'worker', consumer, 0, ...ids, 'IDLE', 3_600_000, 'JUSTID');
}

describe.concurrent('requests of other consumers', () => {
  test('are finished when their consumer has vanished, all of them, as if never interrupted', async (t) => {
    const { expect } = t;
    const type = 'orphaned';
    await writeHash(client, type, { consumerId: 'b', replyExpireSeconds: 600 });
    await client.xgroup('CREATE', requestStreamKey(type), 'worker', '0', 'MKSTREAM');
    const refs = Array.from({ length: 40 }, (_, at) => `orphan-${at}`);
    for (const ref of refs) await send(type, ref);
    await takeAndVanish(type, 'a');
    const fresh = await run(t, { type, module: who, settings: { concurrency: 8 } }, 'b');
    const replies = await Promise.all(refs.map((ref) => replyTo(ref)));
    expect(new Set(replies.map(({ data }) => JSON.stringify(data)))).toEqual(new Set(['{"consumer":"b","attempt":1}']));
    await nothingPending(type);
    expect(await responses(type)).toBe(40);
    expect(fresh.output()).not.toContain('error');
  });

  test('are left to them while a handler runs long, because they renew their hold on it', async (t) => {
    const { expect } = t;
    const type = 'leased';
    await writeHash(client, type);
    await writeHash(client, type, { consumerId: '2' });
    const settings = { leaseSeconds: 3 };
    const first = await run(t, { type, module: slow, settings });
    await send(type, 'long', 5000);
    await says(first, 'started');
    const second = await run(t, { type, module: slow, settings }, '2');
    const holders = new Set<string>();
    let [idle, renewals] = [0, 0];
    const reply = await eventually('a reply', async () => {
      for (const [, consumer, idleMs] of await pendingOf(type)) {
        holders.add(consumer);
        if (idleMs < idle) renewals++;
        idle = idleMs;
      }
      return client.rpop(replyListKey('long'));
    });
    expect(decodeReply(reply).data).toBe('1');
    expect([...holders]).toEqual(['1']);
    expect(renewals).toBeGreaterThanOrEqual(2); // one could be chance: whoever looks for what is left behind may find its own
    expect(second.output()).not.toContain('started');
    expect(await responses(type)).toBe(1);
  });

  test('are taken over by a consumer that lives already, once theirs hands them over', async (t) => {
    const { expect } = t;
    const type = 'handed-over';
    await writeHash(client, type);
    await writeHash(client, type, { consumerId: '2' });
    const settings = { graceSeconds: 1, leaseSeconds: 4 };
    const hanging =
      'export default (_r, { config, log }) => config.consumerId === "1" ? (log.info("started"), new Promise(() => {})) : config.consumerId';
    const first = await run(t, { type, module: hanging, settings });
    await send(type, 'handed');
    await says(first, 'started');
    await ready(await run(t, { type, module: hanging, settings }, '2'));
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect((await replyTo('handed')).data).toBe('2');
    await nothingPending(type);
  });

  test('are not hoarded: a slow consumer holds no more than it runs', async (t) => {
    const { expect } = t;
    const type = 'hoarding';
    await writeHash(client, type);
    await writeHash(client, type, { consumerId: '2' });
    for (let at = 0; at < 30; at++) await send(type, `shared-${at}`);
    const module =
      'export default async (_r, { config, log, signal }) => { log.info("started"); if (config.consumerId === "1") await new Promise((r) => signal.onabort = r); return config.consumerId; }';
    const first = await run(t, { type, module, settings: { concurrency: 3, graceSeconds: 1 } });
    await eventually('the slow one runs what it can', () => first.output().split('started').length === 4);
    await run(t, { type, module }, '2');
    await eventually('the quick one has done all others', async () => (await responses(type)) === 27);
    expect((await pendingOf(type)).map(([, consumer]) => consumer)).toEqual(['1', '1', '1']);
  });
});

describe.concurrent('a Redis that is not as it was', () => {
  test('has its group made anew in the middle of a request, which is finished once', async (t) => {
    const { expect } = t;
    const type = 'ungrouped';
    await writeHash(client, type);
    const worker = await run(t, { type, module: slow });
    await send(type, 'running', 1500);
    await says(worker, 'started');
    await client.xgroup('DESTROY', requestStreamKey(type), 'worker');
    await says(worker, 'the consumer group is gone; it is made anew');
    expect((await replyTo('running')).data).toBe('1');
    await send(type, 'after', 0);
    expect((await replyTo('after')).data).toBe('1');
    await nothingPending(type);
    expect(await responses(type)).toBe(2);
  });

  test('has a request with thousands of fields set aside when it fails, and goes on', async (t) => {
    const { expect } = t;
    const type = 'broad';
    await writeHash(client, type);
    const worker = await run(t, {
      type,
      settings: { maxAttempts: 2, backoff: { initialMs: 10, maxMs: 10 } },
      module: 'export default ({ data }) => { if (data === "fail") throw new Error("no"); return data; }',
    });
    const many = Array.from({ length: 4500 }, (_, at) => [`f${at}`, 'x']).flat();
    await client.xadd(requestStreamKey(type), '*', 'ref', 'broad', 'type', type, 'data', '"fail"', ...many);
    expect((await replyTo('broad')).code).toBe(500);
    await send(type, 'narrow');
    expect((await replyTo('narrow')).code).toBe(200);
    const [[, fields]] = (await client.xrange(deadLetterStreamKey(type), '-', '+')) as [[string, string[]]];
    expect(fields.length).toBeGreaterThan(9000);
    expect(worker.output()).not.toContain('Redis cannot be used');
  });

  test('is waited for when it is not there yet, also by a worker nobody probes', async (t) => {
    const { expect } = t;
    const type = 'early';
    const own = await ownRedis(t, type);
    await own.crash();
    const worker = await run(t, { type, module: echo, on: own, env: { [env.healthAddress]: '' } });
    await says(worker, 'Redis cannot be used');
    await own.restart();
    await says(worker, `the config hash ${worker.hashKey} does not exist`);
    await writeHash(own.client, type);
    await send(type, 'early', 'here', own.client);
    expect((await replyTo('early', own.client)).data).toBe('here');
    await says(worker, '"msg":"working"');
  });

  test('is waited for while it is a replica, and then gets the answer of what ran meanwhile', async (t) => {
    const { expect } = t;
    const type = 'demoted';
    const own = await ownRedis(t, type);
    const worker = await run(t, {
      type,
      module:
        'let runs = 0; export default async () => { await new Promise((r) => setTimeout(r, 500)); return ++runs; }',
      on: own,
    });
    await ready(worker);
    await send(type, 'first', 1, own.client);
    await eventually('it runs', async () => (await pendingOf(type, own.client)).length === 1);
    await own.client.replicaof('127.0.0.1', await freePort());
    await says(worker, 'READONLY');
    expect([await status(worker, '/healthz'), await status(worker, '/readyz')]).toEqual([200, 503]);
    await own.client.replicaof('NO', 'ONE');
    expect((await replyTo('first', own.client)).data).toBe(1);
    await send(type, 'second', 1, own.client);
    expect((await replyTo('second', own.client)).data).toBe(2);
    await nothingPending(type, own.client);
  });

  test('is waited for while it loads its data', async (t) => {
    const { expect } = t;
    const type = 'loading';
    const folder = temporary(t);
    const own = await ownRedis(t, type, [
      '--enable-debug-command',
      'yes',
      '--dir',
      folder,
      '--loading-process-events-interval-bytes',
      '1024',
    ]);
    const worker = await run(t, { type, module: echo, on: own });
    await ready(worker);
    await own.client.call('DEBUG', 'POPULATE', '3000', 'filler', '2000');
    await own.client.config('SET', 'key-load-delay', '5000');
    const loader = own.client.duplicate();
    t.onTestFinished(() => loader.disconnect());
    const loaded = loader.call('DEBUG', 'RELOAD');
    await says(worker, 'LOADING');
    expect([await status(worker, '/healthz'), await status(worker, '/readyz')]).toEqual([200, 503]);
    await own.client.config('SET', 'key-load-delay', '0');
    await loaded;
    await send(type, 'loaded', 'here', own.client);
    expect((await replyTo('loaded', own.client)).data).toBe('here');
  });

  test('is given up on when it is silent, and used again once it speaks', async (t) => {
    const { expect } = t;
    const type = 'silent';
    const own = await ownRedis(t, type);
    const worker = await run(t, {
      type,
      module:
        'let runs = 0; export default async ({ data }) => { await new Promise((r) => setTimeout(r, data)); return ++runs; }',
      on: own,
    });
    await ready(worker);
    await send(type, 'before', 300, own.client);
    await eventually('it runs', async () => (await pendingOf(type, own.client)).length === 1);
    process.kill(own.pid(), 'SIGSTOP');
    try {
      await says(worker, 'did not answer within');
      expect([await status(worker, '/healthz'), await status(worker, '/readyz')]).toEqual([200, 503]);
    } finally {
      process.kill(own.pid(), 'SIGCONT');
    }
    expect((await replyTo('before', own.client)).data).toBe(1);
    await send(type, 'after', 0, own.client);
    expect((await replyTo('after', own.client)).data).toBe(2);
    await nothingPending(type, own.client);
    expect(await responses(type, own.client)).toBe(2);
  });

  test('answers once though the network delivers a commit after it was given up and made again', async (t) => {
    const { expect } = t;
    const type = 'delayed';
    const own = await ownRedis(t, type);
    const network = await startBlackHole(own.port);
    t.onTestFinished(() => network.stop());
    const worker = await run(t, { type, module: slow, on: own, redisUrl: `redis://127.0.0.1:${network.port}` });
    await ready(worker);
    await send(type, 'delayed', 500, own.client);
    await says(worker, 'started');
    network.swallow();
    expect((await replyTo('delayed', own.client)).data).toBe('1');
    await network.deliver();
    await send(type, 'next', 0, own.client);
    expect((await replyTo('next', own.client)).data).toBe('1');
    await nothingPending(type, own.client);
    expect([await responses(type, own.client), await own.client.llen(replyListKey('delayed'))]).toEqual([2, 0]);
  });

  test('is used over TLS with an authority of its own, and by no other', async (t) => {
    if (!await knowsTls()) return t.skip(noTls);
    const { expect } = t;
    const type = 'encrypted';
    const folder = temporary(t);
    const port = await freePort();
    await createAuthority(folder);
    await createCertificate(folder, {
      name: 'redis',
      subject: '/CN=redis',
      usage: 'serverAuth',
      names: ['IP:127.0.0.1'],
    });
    const file = (name: string): string => join(folder, name);
    const own = await ownRedis(t, type, [
      '--tls-port',
      String(port),
      '--tls-cert-file',
      file('redis.crt'),
      '--tls-key-file',
      file('redis.key'),
      '--tls-ca-cert-file',
      file('ca.crt'),
      '--tls-auth-clients',
      'no',
    ]);
    const options = { type, module: echo, on: own, redisUrl: `rediss://127.0.0.1:${port}` };
    const stranger = await run(t, { ...options, podUid: 'pod-stranger' });
    await says(stranger, 'does not pass the TLS check: SELF_SIGNED_CERT_IN_CHAIN');
    expect(await own.client.hexists(configHashKey(type, '1'), 'pid')).toBe(0);
    const env = { REDIS_CA_FILE: '<secret>/ca.crt' };
    const worker = await run(t, { ...options, env, secretFiles: { 'ca.crt': readFileSync(file('ca.crt'), 'utf8') } });
    const value = 'ü'.repeat(100_000);
    await send(type, 'sealed', value, own.client);
    expect((await replyTo('sealed', own.client)).data).toBe(value);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
  });
});

test('a worker that is the first process of its pod ends with code 0 on SIGTERM, with what ran answered', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can make a process the first of its namespace');
  const { expect } = t;
  const type = 'first-process';
  await writeHash(client, type);
  const worker = await run(t, { type, module: slow, wrapper: ['unshare', '--pid', '--fork'] });
  await send(type, 'last', 500);
  await says(worker, 'started');
  expect(await client.hget(worker.hashKey, 'pid')).toBe('1');
  const inside = Number(readFileSync(`/proc/${worker.pid}/task/${worker.pid}/children`, 'utf8'));
  process.kill(inside, 'SIGTERM');
  expect(await worker.ended).toBe(0);
  expect((await replyTo('last')).data).toBe('1');
  expect(await client.hexists(worker.hashKey, 'pid')).toBe(0);
});

function temporary({ onTestFinished }: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('a commit that arrives after its connection was given up answers nobody a second time', async (context) => {
  const type = 'late';
  await writeHash(client, type);
  const proxy = await startHoldingProxy(shared.port);
  context.onTestFinished(() => proxy.stop());
  const worker = await run(context, {
    type,
    module: 'export default () => 1;',
    redisUrl: `redis://127.0.0.1:${proxy.port}`,
  });
  await ready(worker);
  proxy.holdAt('XACK');
  await send(type, 'late-1');
  await replyTo('late-1');
  await eventually('the first commit is on its way', () => proxy.holds());
  await proxy.release();
  await send(type, 'late-2');
  await replyTo('late-2');
  expect(await client.exists(replyListKey('late-1'))).toBe(0);
  expect(await client.xlen(responseStreamKey(type))).toBe(2);
});

test('a consumer without anything to do asks the server for little, and what comes is answered at once', async (context) => {
  const type = 'at-rest';
  const own = await ownRedis(context, type);
  const worker = await run(context, { type, on: own, module: echo });
  await ready(worker);
  await send(type, 'first', 1, own.client);
  await replyTo('first', own.client);
  /** How often each command was called when a read had been in vain so many times. */
  const callsAfter = (reads: number) =>
    eventually(`it has read ${reads} times`, async () => {
      const calls = new Map([...await commandStats(own.client)].map(([name, stats]) => [name, stats.calls] as const));
      return (calls.get('xreadgroup') ?? 0) >= reads && calls;
    }, 60_000);
  const before = await callsAfter(5); // what the first request leaves to be done is done
  const after = await callsAfter((before.get('xreadgroup') ?? 0) + 6);
  const asked = [...after].map(([name, calls]) => [name, calls - (before.get(name) ?? 0)] as const)
    .filter(([name, calls]) => name !== 'info' && calls > 0);
  // A read waits for two seconds, and all else together comes no more often.
  expect(asked.reduce((sum, [, calls]) => sum + calls, 0), JSON.stringify(asked)).toBeLessThanOrEqual(2 * 6);
  await send(type, 'second', 2, own.client);
  expect((await replyTo('second', own.client)).data).toBe(2);
});

test('a consumer whose place was taken while it was at rest begins no request', async (context) => {
  const type = 'at-rest-fenced';
  const own = await ownRedis(context, type);
  const worker = await run(context, { type, on: own, module: `export default () => console.log('it runs')` });
  await ready(worker);
  const callsOf = async (name: string) => (await commandStats(own.client)).get(name)?.calls ?? 0;
  const asked = await callsOf('hmget');
  await eventually('it has asked for its place again', async () => (await callsOf('hmget')) > asked, 30_000);
  const reads = await callsOf('xreadgroup');
  await eventually('that was more than a second ago', async () => (await callsOf('xreadgroup')) >= reads + 2, 30_000);
  await own.client.multi()
    .hset(configHashKey(type, '1'), 'pid', 'another', 'owner', 'another')
    .xadd(requestStreamKey(type), '*', 'ref', 'late', 'type', type, 'data', '1')
    .exec();
  expect(await worker.ended).toBe(3);
  expect(worker.output()).not.toContain('it runs');
  expect(await own.client.exists(replyListKey('late'))).toBe(0);
});
