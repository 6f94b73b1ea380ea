import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../client/mod.ts';
import { countField } from '../../contract/counts.ts';
import { decodeReply } from '../../contract/reply.ts';
import {
  deadLetterStreamKey,
  groupRecordKey,
  keyPrefix,
  replyListKey,
  requestStreamKey,
  responseStreamKey,
  traceHashKey,
} from '../../contract/keys.ts';
import { slotOf } from '../../contract/redis-slot.ts';
import { denialsOf, forgetDenials } from '../support/denials.ts';
import { startCluster, type TestCluster } from '../support/topologies/cluster.ts';
import { eventually } from '../support/wait.ts';
import { startWorker, type TestWorker, type WorkerOptions, writeHash } from '../support/worker.ts';
import { giveUserAt } from '../support/worker-user.ts';

let cluster: TestCluster;
let worker: TestWorker | undefined;
beforeAll(async () => {
  cluster = await startCluster();
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});
afterAll(async () => {
  const denials = await Promise.all(cluster.ports.map((port) => denialsOf(cluster.nodeAt(port))));
  await cluster.stop();
  expect(denials.flat()).toEqual([]);
});

const typeOf = () => `demo-${randomUUID().slice(0, 8)}`;
const prefixOf = (type: string) => keyPrefix(type, { kind: 'Cluster' });

async function start(type: string, module: string, more: Partial<WorkerOptions> = {}): Promise<TestWorker> {
  await writeHash(cluster.client, type);
  return await launch(type, module, await login(type), more);
}

/** A login of its own, as the operator would give it. */
async function login(type: string): Promise<Pick<WorkerOptions, 'env' | 'secretFiles'>> {
  const nodes = cluster.ports.map((port) => cluster.nodeAt(port));
  return await giveUserAt(nodes, { type, runtime: 'Handler', redisUrl: cluster.url });
}

async function launch(
  type: string,
  module: string,
  as: Pick<WorkerOptions, 'env' | 'secretFiles'>,
  more: Partial<WorkerOptions> = {},
): Promise<TestWorker> {
  worker = await startWorker({
    type,
    module,
    redisUrl: cluster.url,
    ...as,
    net: cluster.ports.map((port) => `127.0.0.1:${port}`),
    ...more,
  });
  return worker;
}

async function send(type: string, ref: string, data: unknown = {}): Promise<string> {
  return await cluster.client.xadd(
    requestStreamKey(prefixOf(type)),
    '*',
    'ref',
    ref,
    'type',
    type,
    'data',
    JSON.stringify(data),
  ) ?? '';
}

async function replyTo(ref: string): Promise<unknown> {
  const popped = await eventually('there is a reply', () => cluster.client.rpop(replyListKey(ref)));
  return decodeReply(popped);
}

const pending = async (type: string) => (await cluster.client.xpending(requestStreamKey(prefixOf(type)), 'worker'))[0];

describe('a worker on a Cluster', () => {
  it('answers at the nodes of the replies and traces, and acknowledges at its own', async () => {
    const type = typeOf();
    await start(type, `export default ({ fields }) => JSON.parse(fields.data);`);
    const refs = Array.from({ length: 50 }, () => randomUUID());
    for (const ref of refs) await send(type, ref, { ref });
    for (const ref of refs) expect(await replyTo(ref)).toMatchObject({ code: 200, ref, data: { ref } });
    await eventually('everything is acknowledged', async () => await pending(type) === 0);
    expect(await cluster.client.xlen(responseStreamKey(prefixOf(type)))).toBe(50);
    const trace = await cluster.client.hgetall(traceHashKey(refs[0] ?? ''));
    expect(Object.keys(trace)).toHaveLength(1);
    expect(await cluster.client.ttl(traceHashKey(refs[0] ?? ''))).toBeGreaterThan(0);
  });

  it('tries again, gives up and writes the dead letter in its own slot', async () => {
    const type = typeOf();
    const settings = { maxAttempts: 2, backoff: { initialMs: 10, maxMs: 10 } };
    await start(type, `export default () => { throw new Error('no') };`, { settings });
    await send(type, 'tried-twice');
    expect(await replyTo('tried-twice')).toMatchObject({
      code: 500,
      err: { message: expect.stringContaining('no') as string },
    });
    const letters = await eventually('there is a dead letter', async () => {
      const entries = await cluster.client.xrange(deadLetterStreamKey(prefixOf(type)), '-', '+');
      return entries.length > 0 && entries;
    });
    expect(letters).toHaveLength(1);
  });

  it('asks no other node for records that nobody reads, and counts what it has answered', async () => {
    const type = typeOf();
    const settings = { replies: 'Disabled', responses: 'Failures', traces: 'Off' } as const;
    await start(type, `export default () => 1;`, { settings });
    const refs = Array.from({ length: 50 }, () => randomUUID());
    for (const ref of refs) await send(type, ref);
    const record = groupRecordKey(requestStreamKey(prefixOf(type)), 'worker');
    await eventually(
      'all are counted',
      async () => await cluster.client.hget(record, countField('1', 200)) === String(refs.length),
    );
    expect(await pending(type)).toBe(0);
    expect(await cluster.client.exists(responseStreamKey(prefixOf(type)))).toBe(0);
    const left = await Promise.all(
      refs.flatMap((ref) => [replyListKey(ref), traceHashKey(ref)]).map((key) => cluster.client.exists(key)),
    );
    expect(left.filter((exists) => exists > 0)).toEqual([]);
  });

  it('leaves a reply list that is there as it is', async () => {
    const type = typeOf();
    await start(type, `export default () => 'second';`);
    await cluster.client.lpush(replyListKey('answered'), 'first');
    await send(type, 'answered');
    await eventually(
      'it is acknowledged',
      async () => await cluster.client.xlen(responseStreamKey(prefixOf(type))) === 1 && await pending(type) === 0,
    );
    expect(await cluster.client.lrange(replyListKey('answered'), 0, -1)).toEqual(['first']);
  });

  it('sets a request aside whose reply key holds something else', async () => {
    const type = typeOf();
    await start(type, `export default () => 'never read';`);
    await cluster.client.set(replyListKey('taken'), 'mine');
    await send(type, 'taken');
    await eventually(
      'there is a dead letter',
      async () => await cluster.client.xlen(deadLetterStreamKey(prefixOf(type))) > 0,
    );
    expect(await cluster.client.get(replyListKey('taken'))).toBe('mine');
    expect(await cluster.client.ttl(replyListKey('taken'))).toBe(-1);
  });

  it('writes progress into a trace at another node', async () => {
    const type = typeOf();
    await start(
      type,
      `export default async (_request, { progress, signal }) => {
      progress(40);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    };`,
      { settings: { graceSeconds: 1 } },
    );
    await send(type, 'long');
    const trace = await eventually('there is progress', async () => {
      const fields = await cluster.client.hgetall(traceHashKey('long'));
      return Object.keys(fields).length > 0 && fields;
    });
    expect(Object.values(trace)).toEqual(['40']);
  });

  it('answers while the slot of a reply is on its way to another node', async () => {
    const type = typeOf();
    await start(type, `export default () => 'there';`);
    const ref = randomUUID();
    const list = replyListKey(ref);
    await cluster.migrateSlot(slotOf(list), await otherThan(list), async () => {
      await send(type, ref);
      expect(await replyTo(ref)).toMatchObject({ data: 'there' });
    });
  });

  it('follows its own keys to another node, and waits while they are on their way', async () => {
    const type = typeOf();
    await start(type, `export default () => 'moved';`);
    await send(type, `${type}-before`);
    await replyTo(`${type}-before`);
    const own = requestStreamKey(prefixOf(type));
    await cluster.migrateSlot(slotOf(own), await otherThan(own), async () => {
      await send(type, `${type}-meanwhile`);
    });
    await send(type, `${type}-after`);
    expect(await replyTo(`${type}-meanwhile`)).toMatchObject({ data: 'moved' });
    expect(await replyTo(`${type}-after`)).toMatchObject({ data: 'moved' });
    await eventually('everything is acknowledged', async () => await pending(type) === 0);
    expect(await cluster.client.xlen(responseStreamKey(prefixOf(type)))).toBe(3);
  });
});

describe('a worker that dies between reply and acknowledgement', () => {
  it('does not push the reply again that is still there', async () => {
    const { type, ref } = await dieBeforeAcknowledging();
    await acknowledged(type);
    expect(await cluster.client.llen(replyListKey(ref))).toBe(1);
    expect(await cluster.client.xlen(responseStreamKey(prefixOf(type)))).toBe(1);
  });

  it('gives a second reply where the first has been taken, and one response', async () => {
    const { type, ref } = await dieBeforeAcknowledging((ref) => replyTo(ref));
    await acknowledged(type);
    expect(await cluster.client.llen(replyListKey(ref))).toBe(1);
    expect(await cluster.client.xlen(responseStreamKey(prefixOf(type)))).toBe(1);
  });
});

/** Its reply is pushed, its own node takes no response, and it is killed; its successor finds all as it should be. */
async function dieBeforeAcknowledging(
  meanwhile?: (ref: string) => Promise<unknown>,
): Promise<{ type: string; ref: string }> {
  const type = typeOf();
  const owners = await cluster.owners();
  const own = owners(prefixOf(type));
  const isElsewhere = (ref: string) => [replyListKey(ref), traceHashKey(ref)].every((key) => owners(key) !== own);
  const ref = Array.from({ length: 100 }, () => randomUUID()).find(isElsewhere) ?? '';
  await writeHash(cluster.client, type);
  await send(type, ref);
  const as = await login(type);
  await giveUserAt([cluster.nodeAt(own)], { type, runtime: 'Handler', redisUrl: cluster.url, denied: ['xadd'] });
  const first = await launch(type, `export default () => {};`, as);
  await eventually('the reply is there', async () => await cluster.client.llen(replyListKey(ref)) > 0);
  await eventually('nothing can be committed', () => first.output().includes('nothing can be committed'));
  first.child.kill('SIGKILL');
  await first.ended;
  await forgetDenials(cluster.nodeAt(own));
  expect(await cluster.client.xlen(responseStreamKey(prefixOf(type)))).toBe(0);
  await meanwhile?.(ref);
  await start(type, `export default () => {};`);
  return { type, ref };
}

async function acknowledged(type: string): Promise<void> {
  await eventually(
    'it is answered and acknowledged',
    async () => await cluster.client.xlen(responseStreamKey(prefixOf(type))) > 0 && await pending(type) === 0,
  );
}

async function otherThan(key: string): Promise<number> {
  const owner = await cluster.ownerOf(key);
  return (await cluster.masters()).find((port) => port !== owner) ?? 0;
}

it('is asked by many callers at once, with references of the client and of their own', async () => {
  const type = typeOf();
  await start(type, 'export default ({ data }) => data;');
  const client = await connect({ url: cluster.url, timeout: 60_000 });
  try {
    const numbers = Array.from({ length: 100 }, (_, at) => at);
    const asked = numbers.map((at) => client.ask(type, at, at % 10 === 0 ? { ref: randomUUID() } : {}));
    expect(await Promise.all(asked)).toEqual(numbers);
  } finally {
    await client.close();
  }
});
