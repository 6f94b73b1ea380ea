/** `redisworker/client` with real workers of a local operator, and with a Redis that misbehaves. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect, RedisError, ReplyError, TimeoutError } from '../../client/mod.ts';
import { replyListKey, requestStreamKey } from '../../contract/keys.ts';
import { startTestOperator, type TestOperator } from '../support/local-operator.ts';
import { freePort } from '../support/processes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

const module = `
import { Reply } from 'redisworker';
export default async ({ data, fields }) => {
  if (data?.code) throw new Reply(data.code, data.why);
  if (data?.ms) await new Promise((resolve) => setTimeout(resolve, data.ms));
  return { data, fields };
};`;

let redis: TestRedis;
let operator: TestOperator;
let client: Client;

beforeAll(async () => {
  redis = await startRedis();
  operator = await startTestOperator({ redisUrl: redis.url });
  await operator.cluster.apply({
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name: 'echo', namespace: 'default' },
    spec: { source: { inline: module }, handler: { concurrency: 1000 }, stream: { replyExpireSeconds: 60 } },
  }, 'user');
  client = await connect(redis.url);
  await operator.told('echo', 'Ready', 'True');
}, 120_000);
afterAll(async () => {
  await client.close();
  await operator.stop();
  await redis.stop();
});

/** Connections of callers that are open now. */
async function waiting(): Promise<number> {
  const list = String(await redis.client.client('LIST'));
  return list.split('\n').filter((line) => / cmd=brpop /.test(line)).length;
}

describe('ask', () => {
  test('gives the data of the reply', async () => {
    const told = await client.ask<{ data: unknown; fields: object }, { name: string }>('echo', { name: 'Ada' }, {
      fields: { width: '80' },
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    expect(told.data).toEqual({ name: 'Ada' });
    expect(told.fields).toMatchObject({
      width: '80',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
  });

  test('takes no data for none', async () => {
    expect(await client.ask('echo')).toEqual({ fields: { reply: '1' } });
  });

  test('throws what a worker refuses, with its code', async () => {
    const refused = client.ask('echo', { code: 404, why: 'no such thing' }, { ref: 'refused-1' });
    await expect(refused).rejects.toThrow(new ReplyError(404, 'no such thing', 'refused-1'));
    await expect(refused).rejects.toMatchObject({ name: 'ReplyError', code: 404, ref: 'refused-1' });
  });

  test('gives each of a thousand in flight its own reply, over a handful of connections', async () => {
    const numbers = Array.from({ length: 1000 }, (_, at) => at);
    let most = 0;
    const looking = setInterval(() => void waiting().then((count) => (most = Math.max(most, count))), 20);
    const replies = await Promise.all(
      numbers.map((at) => client.ask<{ data: { at: number } }>('echo', { at, ms: 100 }, { timeout: 60_000 })),
    );
    clearInterval(looking);
    expect(replies.map(({ data }) => data.at)).toEqual(numbers);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(4);
  });

  test('answers what is asked while all connections wait for something else', async () => {
    await using one = closing(await connect({ url: redis.url, connections: 1 }));
    const slow = one.ask('idle', {}, { timeout: 60_000 }).catch((error: unknown) => error);
    await eventually('it waits', async () => await waiting() >= 1);
    expect(await one.ask('echo', { quick: true }, { timeout: 20_000 })).toMatchObject({ data: { quick: true } });
    await one.close();
    expect(await slow).toEqual(new RedisError('the client was closed'));
  });

  test('throws a timeout of its own, with the reference', async () => {
    const late = client.ask('nobody', {}, { timeout: 30, ref: 'late-1' });
    await expect(late).rejects.toThrow(new TimeoutError('no reply from "nobody" within 30 ms', 'late-1'));
    expect(await redis.client.xlen(requestStreamKey('nobody'))).toBe(1);
  });

  test('ends with the reason of its signal, before and while it waits', async () => {
    const stop = new AbortController();
    const asked = client.ask('nobody', {}, { signal: stop.signal });
    await eventually('it waits', waiting);
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow(new Error('enough'));
    const before = await redis.client.xlen(requestStreamKey('nobody'));
    await expect(client.ask('nobody', {}, { signal: stop.signal })).rejects.toThrow(new Error('enough'));
    expect(await redis.client.xlen(requestStreamKey('nobody'))).toBe(before);
  });

  test('refuses a reference no worker takes', async () => {
    await expect(client.ask('echo', {}, { ref: 'a\nb' })).rejects.toThrow('1 to 512 bytes');
  });

  test('tells a spoilt list to the one that waits for it, and to nobody else', async () => {
    await using one = closing(await connect({ url: redis.url, connections: 1 }));
    await redis.client.set(replyListKey('spoilt'), 'text');
    const spoilt = one.ask('nobody', {}, { ref: 'spoilt' }).catch((error: unknown) => error);
    expect(await one.ask('echo', { other: 1 }, { timeout: 20_000 })).toMatchObject({ data: { other: 1 } });
    expect(await spoilt).toMatchObject({ name: 'RedisError', message: expect.stringContaining('WRONGTYPE') as string });
  });

  test('counts a reply without a code as one of a bad gateway', async () => {
    await redis.client.lpush(replyListKey('odd-1'), 'pong');
    await expect(client.ask('nobody', {}, { ref: 'odd-1' })).rejects.toMatchObject({ code: 502, data: 'pong' });
  });
});

test('send gives the reference at once, and the reply is there for whoever pops it', async () => {
  const ref = await client.send('echo', { name: 'Ada' });
  const hand = redis.client.duplicate();
  const popped = await hand.brpop(replyListKey(ref), 20);
  hand.disconnect();
  expect(JSON.parse(popped![1])).toMatchObject({ ref, code: 200, data: { data: { name: 'Ada' } } });
});

test('whoever may add requests and pop replies needs no other right', async () => {
  const name = 'caller';
  const rules = ['reset', 'on', '>hush', '%R~res:*', '%W~res:*', '%W~*:req:x', '+xadd', '+brpop'];
  await redis.client.call('ACL', 'SETUSER', name, ...rules);
  await using caller = closing(
    await connect({ url: redis.url, username: name, password: 'hush', connections: 1 }),
  );
  const asked = [1, 2, 3].map((at) => caller.ask('echo', { at, ms: at * 50 }, { timeout: 20_000 }));
  expect(await Promise.all(asked)).toMatchObject([{ data: { at: 1 } }, { data: { at: 2 } }, { data: { at: 3 } }]);
  const refused = (await connect(redis.url.replace('://', `://${name}:hush@`))).send('x', {}, { stream: 'elsewhere' });
  await expect(refused).rejects.toThrow(RedisError);
  await redis.client.acl('LOG', 'RESET');
});

describe('a Redis', () => {
  test('that is not there is named', async () => {
    const port = await freePort();
    const dialled = connect(`redis://127.0.0.1:${port}`);
    await expect(dialled).rejects.toThrow(RedisError);
    await expect(dialled).rejects.toThrow(`127.0.0.1:${port}`);
  });

  test('that is restarted is asked again over new connections, and a reply meanwhile is not lost', async () => {
    const own = await startRedis();
    await using one = closing(await connect(own.url));
    const asked = one.ask('anybody', {}, { ref: 'over-1', timeout: 60_000 });
    await eventually('it is sent', () => own.client.exists(requestStreamKey('anybody')));
    await own.crash();
    await own.restart();
    await own.client.lpush(replyListKey('over-1'), '{"code":200,"data":1}');
    expect(await asked).toBe(1);
    expect(await one.send('anybody')).toMatch(/^[-0-9a-f]{36}$/);
    await own.stop();
  });
});

function closing(opened: Client): Client & AsyncDisposable {
  return { ...opened, [Symbol.asyncDispose]: () => opened.close() };
}
