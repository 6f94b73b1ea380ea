/** What a worker leaves in Redis, with every choice of records: nothing nobody reads, and every answer counted. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import { type Count, decodeCounts } from '../../contract/counts.ts';
import {
  deadLetterStreamKey,
  groupRecordKey,
  replyListKey,
  requestStreamKey,
  responseStreamKey,
  traceHashKey,
} from '../../contract/keys.ts';
import type { HandlerSettings } from '../../contract/pod.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { commandStats } from '../support/server-features.ts';
import { startWorker, type TestWorker, writeHash } from '../support/worker.ts';
import { eventually } from '../support/wait.ts';

let redis: TestRedis;
let client: Redis;
beforeAll(async () => {
  redis = await startRedis();
  client = redis.client;
});
afterAll(() => redis.stop());

type Kept = Pick<HandlerSettings, 'replies' | 'responses' | 'traces'>;

const lean: Kept = { replies: 'Disabled', responses: 'Failures', traces: 'Off' };

/** Answers 200, 201 or 409, as asked, or fails for good. */
const module = `import { Reply } from "redisworker";
export default ({ data }) => {
  if (data.code === 500) throw new Error("broken");
  return new Reply(data.code, {});
};`;

async function run({ onTestFinished }: TestContext, type: string, settings: Partial<HandlerSettings>) {
  await writeHash(client, type);
  const worker = await startWorker({ on: redis, type, module, settings });
  onTestFinished(async ({ task }) => {
    await worker.stop();
    if (task.result?.state === 'fail') process.stderr.write(worker.output());
  });
  return worker;
}

/** Adds one request per code; every second one asks for a reply. @returns their references */
async function send(type: string, codes: readonly number[]): Promise<string[]> {
  const refs = codes.map(() => randomUUID());
  const adding = client.pipeline();
  codes.forEach((code, at) => {
    const asks = at % 2 === 0 ? [] : ['reply', '1'];
    const fields = ['ref', refs[at] ?? '', 'type', type, 'data', JSON.stringify({ code }), ...asks];
    adding.xadd(requestStreamKey(type), '*', ...fields);
  });
  await adding.exec();
  return refs;
}

/** Everything was taken and acknowledged. */
async function allDone(type: string, sent: number): Promise<void> {
  await eventually('all requests are finished', async () => {
    const [group = []] = await client.xinfo('GROUPS', requestStreamKey(type)) as unknown[][];
    const of = (name: string) => group[group.indexOf(name) + 1];
    return of('pending') === 0 && of('entries-read') === sent;
  }, 60_000);
}

const countsOf = async (type: string): Promise<Count[]> =>
  decodeCounts(Object.entries(await client.hgetall(groupRecordKey(requestStreamKey(type), 'worker'))));

async function responsesOf(type: string): Promise<Record<string, number>> {
  const codes: Record<string, number> = {};
  for (const [, fields] of await client.xrange(responseStreamKey(type), '-', '+')) {
    const code = fields[fields.indexOf('code') + 1] ?? '';
    codes[code] = (codes[code] ?? 0) + 1;
  }
  return codes;
}

const exists = (keys: readonly string[]): Promise<number> => client.exists(...keys);

const codes = [200, 201, 409, 200, 500, 500, 200, 201];
const all = { 200: 3, 201: 2, 409: 1, 500: 2 };
const failures = { 409: 1, 500: 2 };

describe('every answer is counted once, and leaves what is kept and nothing else', () => {
  const choices = (['Enabled', 'OnRequest', 'Disabled'] as const).flatMap((replies) =>
    (['All', 'Failures'] as const).flatMap((responses) =>
      (['On', 'Off'] as const).map((traces): Kept => ({ replies, responses, traces }))
    )
  );

  test.each(choices)('with replies $replies, responses $responses and traces $traces', async (kept) => {
    const type = `kept-${Object.values(kept).join('-').toLowerCase()}`;
    await writeHash(client, type);
    const worker = await startWorker({ on: redis, type, module, settings: { ...kept, retention: 'Forever' } });
    const refs = await send(type, codes);
    await allDone(type, codes.length);
    expect(await responsesOf(type)).toEqual(kept.responses === 'All' ? all : failures);
    expect((await countsOf(type)).toSorted((one, other) => one.code - other.code)).toEqual(
      kept.responses === 'All' ? [] : [{ consumer: '1', code: 200, count: 3 }, { consumer: '1', code: 201, count: 2 }],
    );
    const replied = { Enabled: refs.length, OnRequest: refs.length / 2, Disabled: 0 }[kept.replies];
    expect(await exists(refs.map(replyListKey))).toBe(replied);
    expect(await exists(refs.map(traceHashKey))).toBe(kept.traces === 'On' ? refs.length : 0);
    expect(await client.xlen(deadLetterStreamKey(type))).toBe(2);
    await worker.stop();
  });
});

test('the server is asked for nothing per request that the chosen records do not need', async (context) => {
  const type = 'lean-commands';
  await run(context, type, lean);
  await send(type, [200]);
  await allDone(type, 1);
  await client.config('RESETSTAT');
  await send(type, Array.from({ length: 1000 }, () => 200));
  await allDone(type, 1001);
  const stats = await commandStats(client);
  const calls = (name: string): number => stats.get(name)?.calls ?? 0;
  expect(calls('xadd')).toBe(1000); // those of this test
  expect([...stats.keys()].filter((name) => calls(name) >= 500)).toEqual(['xadd']);
  const unneeded = ['lpush', 'hexpire', 'hsetex', 'expire']; // HSET notes the position of the group now and then
  expect(unneeded.filter((name) => calls(name) > 0)).toEqual([]);
});

test("a request that is answered while its reply list is somebody else's is done where nobody is replied to", async (context) => {
  const type = 'lean-foreign';
  await run(context, type, lean);
  const ref = randomUUID();
  await client.set(replyListKey(ref), 'not a list');
  await client.xadd(requestStreamKey(type), '*', 'ref', ref, 'type', type, 'data', '{"code":200}');
  await allDone(type, 1);
  expect(await countsOf(type)).toEqual([{ consumer: '1', code: 200, count: 1 }]);
  expect(await client.get(replyListKey(ref))).toBe('not a list');
});

test('counts and acknowledgements are one: whatever a worker is killed in, every request is counted once', async (context) => {
  const type = 'lean-killed';
  const sent = 3000;
  await send(type, Array.from({ length: sent }, (_, at) => (at % 10 === 0 ? 409 : 200)));
  for (let killed = 0; killed < 3; killed++) {
    const worker = await start(type);
    const had = await finished(type);
    await eventually('it has finished some', async () => (await finished(type)) > had);
    process.kill(worker.pid, 'SIGKILL');
    await worker.ended.catch(() => undefined);
  }
  await run(context, type, lean);
  await eventually('all are finished', async () => (await finished(type)) >= sent, 120_000);
  expect(await countsOf(type)).toEqual([{ consumer: '1', code: 200, count: sent * 0.9 }]);
  expect(await responsesOf(type)).toEqual({ 409: sent * 0.1 });

  async function start(of: string): Promise<TestWorker> {
    await writeHash(client, of);
    return await startWorker({ on: redis, type: of, module, settings: { ...lean, concurrency: 1, leaseSeconds: 1 } });
  }
});

/** Requests that were counted or have a response. */
async function finished(type: string): Promise<number> {
  const counted = (await countsOf(type)).reduce((sum, { count }) => sum + count, 0);
  return counted + await client.xlen(responseStreamKey(type));
}

test('a group that is lost begins behind what was answered, though no response tells of it', async (context) => {
  const type = 'lean-lost-group';
  await run(context, type, { ...lean, retention: 'Forever' });
  await send(type, [200, 200, 200]);
  await allDone(type, 3);
  const record = groupRecordKey(requestStreamKey(type), 'worker');
  const [last] = await client.xrevrange(requestStreamKey(type), '+', '-', 'COUNT', 1);
  await eventually('the position is remembered', async () => (await client.hget(record, 'position')) === last?.[0]);
  await client.xgroup('DESTROY', requestStreamKey(type), 'worker');
  await send(type, [201]);
  await eventually('the next request is answered', async () => (await countsOf(type)).some(({ code }) => code === 201));
  expect((await countsOf(type)).find(({ code }) => code === 200)?.count).toBe(3);
});
