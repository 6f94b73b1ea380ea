/** `redisworker dead` on a real Redis; each test has a worker type of its own. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { deadLetterStreamKey, requestStreamKey } from '../../contract/keys.ts';
import { testIo } from '../support/io.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let runtimeFolder: string;
beforeAll(async () => {
  [redis, runtimeFolder] = await Promise.all([startRedis(), mkdtemp(join(tmpdir(), 'redisworker-test-'))]);
});
afterAll(() => Promise.all([redis.stop(), rm(runtimeFolder, { recursive: true })]));

async function dead(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = testIo({ environment: { runtimeFolder } });
  const code = await main(['dead', ...argv, '--redis', redis.url], io);
  return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
}

type Parts = readonly (string | Buffer)[];

/** Adds a letter as the runtime does. */
async function bury(
  type: string,
  user: Parts,
  reason = 'it broke',
  stream = deadLetterStreamKey(type),
): Promise<string> {
  return (await redis.client.xadd(
    stream,
    '*',
    ...user,
    'rw:xid',
    '5-1',
    'rw:reason',
    reason,
    'rw:attempts',
    '3',
    'rw:source',
    'sha256-ab',
  ))!;
}

/** Makes the stream of requests, as the operator does, and gives what is on it. */
const open = (type: string): Promise<unknown> =>
  redis.client.xgroup('CREATE', requestStreamKey(type), 'worker', '0', 'MKSTREAM');
const requests = async (type: string): Promise<Buffer[][]> =>
  (await redis.client.xrangeBuffer(requestStreamKey(type), '-', '+')).map(([, fields]) => fields);
const left = (type: string): Promise<number> => redis.client.xlen(deadLetterStreamKey(type));

describe('list', () => {
  test('shows the newest first, one line each, whatever a reason contains', async () => {
    const type = 'listed';
    const first = await bury(type, ['ref', 'one', 'type', type], 'line\nbreak \u001b[31m');
    const second = await bury(type, ['ref', 'two', 'type', type], 'x'.repeat(100));
    const { code, out, err } = await dead('list', type);
    const [header, newest, oldest, ...rest] = out.split('\n');
    expect(header).toMatch(/^ID +REF +REASON +ATTEMPTS +AGE$/);
    expect(newest!.split(/ {2,}/)).toEqual([second, 'two', `${'x'.repeat(59)}…`, '3', expect.stringMatching(/^\d+s$/)]);
    expect(oldest!.split(/ {2,}/).slice(0, 3)).toEqual([first, 'one', '"line\\nbreak \\x1b[31m"']);
    expect({ code, err, rest }).toEqual({ code: 0, err: '', rest: [] });
  });

  test('says how many it does not show', async () => {
    const type = 'many';
    const buried = redis.client.pipeline();
    for (let at = 0; at < 50; at++) buried.xadd(deadLetterStreamKey(type), '*', 'ref', `r${at}`);
    await buried.exec();
    const { out, err } = await dead('list', type, '--limit', '45');
    expect(out.split('\n')).toHaveLength(46);
    expect(out).toContain(' r49 ');
    expect(err).toBe('5 older ones are not shown; --limit shows more');
  });

  test('says so when there is none, and takes another stream', async () => {
    expect(await dead('list', 'nobody')).toEqual({ code: 0, out: '', err: 'there is no dead letter on nobody:dead:x' });
    await bury('elsewhere', ['ref', 'there'], 'why', 'graveyard');
    expect((await dead('list', 'elsewhere', '--stream', 'graveyard')).out).toContain('there');
  });

  test('says what Redis says of a key of another kind', async () => {
    await redis.client.set(deadLetterStreamKey('wrong'), 'text');
    const { code, err } = await dead('list', 'wrong');
    expect(err).toMatch(/^the dead letters on wrong:dead:x cannot be worked on: Redis says "WRONGTYPE /);
    expect(code).toBe(1);
  });
});

describe('show', () => {
  test('prints every field of the request, and why it died', async () => {
    const type = 'shown';
    const id = await bury(type, ['ref', 'r', 'type', type, 'data', '{"name":"ü"}', 'image', Buffer.from([255, 0, 10])]);
    const { code, out } = await dead('show', type, id);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['id', id],
      ['age', expect.stringMatching(/^\d+s$/)],
      ['reason', 'it broke'],
      ['attempts', '3'],
      ['code digest', 'sha256-ab'],
      ['first id', '5-1'],
      [''],
      ['FIELD', 'VALUE'],
      ['ref', 'r'],
      ['type', type],
      ['data', '{"name":"ü"}'],
      ['image', '"\\xff\\x00\\n"'],
    ]);
    expect(code).toBe(0);
  });

  test('says where it looked for one that is not there', async () => {
    expect(await dead('show', 'shown-not', '5-5')).toEqual({
      code: 1,
      out: '',
      err: 'there is no dead letter 5-5 on shown-not:dead:x; "redisworker dead list shown-not" shows which there are',
    });
  });
});

describe('redrive', () => {
  test('sends one back with its fields byte for byte and nothing of ours, and a second time finds nothing', async () => {
    const type = 'redriven';
    await open(type);
    const fields = [
      'ref',
      'r',
      'type',
      type,
      'data',
      '{}',
      'odd',
      randomBytes(3000),
      Buffer.from([0, 255]),
      '',
      'data',
      'twice',
    ];
    const id = await bury(type, fields);
    await bury(type, ['ref', 'other']);
    expect(await dead('redrive', type, id)).toEqual({ code: 0, out: `1 request sent back to ${type}:req:x`, err: '' });
    expect(await requests(type)).toEqual([fields.map((part) => Buffer.from(part))]);
    expect((await dead('redrive', type, id)).err).toContain(`there is no dead letter ${id}`);
    expect([await left(type), (await requests(type)).length]).toEqual([1, 1]);
  });

  test('sends all back in their order, also to another stream', async () => {
    const type = 'all';
    await redis.client.xadd('target', '*', 'earlier', '1');
    for (let at = 0; at < 45; at++) await bury(type, ['ref', `r${at}`]);
    expect((await dead('redrive', type, '--all', '--to', 'target')).out).toBe('45 requests sent back to target');
    const refs = (await redis.client.xrange('target', '-', '+')).slice(1).map(([, fields]) => fields[1]);
    expect(refs).toEqual(Array.from({ length: 45 }, (_, at) => `r${at}`));
    expect(await left(type)).toBe(0);
    expect((await dead('redrive', type, '--all', '--to', 'target')).out).toBe('0 requests sent back to target');
  });

  test('of several at once sends each letter once', async () => {
    const type = 'raced';
    await open(type);
    for (let at = 0; at < 100; at++) await bury(type, ['ref', `r${at}`]);
    const outs = await Promise.all([1, 2, 3].map(() => dead('redrive', type, '--all')));
    expect(outs.reduce((sum, { out }) => sum + Number.parseInt(out), 0)).toBe(100);
    expect(new Set((await requests(type)).map((fields) => String(fields[1]))).size).toBe(100);
    expect([(await requests(type)).length, await left(type)]).toEqual([100, 0]);
  });

  test('loses nothing when a request cannot be added', async () => {
    const type = 'stuck';
    const id = await bury(type, ['ref', 'r']);
    expect((await dead('redrive', type, id)).err).toMatch(
      /^there is no stream stuck:req:x, so nobody would take the request: start its worker first/,
    );
    await redis.client.set(requestStreamKey(type), 'no stream');
    expect(await dead('redrive', type, '--all')).toMatchObject({ code: 1, err: expect.stringContaining('WRONGTYPE') });
    await redis.client.del(requestStreamKey(type));
    await open(type);
    await redis.client.config('SET', 'maxmemory', '1');
    const full = await dead('redrive', type, id);
    await redis.client.config('SET', 'maxmemory', '0');
    expect(full).toMatchObject({ code: 1, err: expect.stringContaining('OOM') });
    expect([await left(type), (await requests(type)).length]).toEqual([1, 0]);
    expect((await dead('redrive', type, id)).code).toBe(0);
  });

  test('leaves what cannot be sent, and tells what has been', async () => {
    const type = 'wide';
    await open(type);
    await bury(type, ['ref', 'narrow']);
    const id = await bury(type, Array.from({ length: 8000 }, (_, at) => `f${at}`));
    const { code, err } = await dead('redrive', type, '--all');
    expect(err).toMatch(
      new RegExp(
        `^1 request sent back to wide:req:x, but the dead letter ${id} has no field to send, or more than 3500`,
      ),
    );
    expect([code, await left(type)]).toEqual([1, 1]);
  });
});

describe('redrive of tasks', () => {
  const details = (id: string) => `rhai_task_details:${id}`;

  test('pushes each task to its list again, with a hash that says nothing of how it ended', async () => {
    const type = 'tasks';
    for (const id of ['t1', 't2']) {
      const ended = {
        script: id,
        callerId: 'me',
        status: 'error',
        error: 'died of it',
        deliveries: '5',
        updatedAt: '1',
      };
      await redis.client.hset(details(id), ended);
      await redis.client.expire(details(id), 1000);
      await bury(type, ['ref', id, 'type', type]);
    }
    expect(await dead('redrive', type, '--all', '--to', 'rhai_tasks:circle')).toEqual({
      code: 0,
      out: '2 tasks sent back to rhai_tasks:circle',
      err: '',
    });
    expect(await redis.client.lrange('rhai_tasks:circle', 0, -1)).toEqual(['t1', 't2']);
    const { updatedAt, ...task } = await redis.client.hgetall(details('t2'));
    expect(task).toEqual({ script: 't2', callerId: 'me', status: 'pending' });
    expect(Number(updatedAt)).toBeGreaterThan(1);
    expect([await redis.client.ttl(details('t2')), await left(type)]).toEqual([-1, 0]);
  });

  test('leaves one whose hash is gone, and writes nothing where the list is none', async () => {
    const type = 'tasks-gone';
    await redis.client.hset(details('t3'), { status: 'error', error: 'died of it' });
    await bury(type, ['ref', 't3', 'type', type]);
    await redis.client.set('rhai_tasks:text', 'no list');
    expect((await dead('redrive', type, '--all', '--to', 'rhai_tasks:text')).err).toContain('WRONGTYPE');
    expect(await redis.client.hget(details('t3'), 'status')).toBe('error');
    const id = await bury(type, ['ref', 't4', 'type', type]);
    const { code, err } = await dead('redrive', type, '--all', '--to', 'rhai_tasks:gone');
    expect(err).toBe(
      `1 task sent back to rhai_tasks:gone, but the task of the dead letter ${id} has no hash that begins with ` +
        'rhai_task_details: any more: have its dispatcher push it again, and remove the letter from ' +
        'tasks-gone:dead:x with "redisworker dead purge"',
    );
    expect([code, await left(type)]).toEqual([1, 1]);
  });
});

describe('purge', () => {
  test('removes nothing without --yes, and tells what it would', async () => {
    const type = 'spared';
    const id = await bury(type, ['ref', 'r']);
    expect(await dead('purge', type, id)).toEqual({
      code: 2,
      out: '',
      err: `this removes the dead letter ${id} on ${type}:dead:x for good; say so with --yes`,
    });
    expect((await dead('purge', type, '--all')).err).toBe(
      `this removes 1 dead letter on ${type}:dead:x for good; say so with --yes`,
    );
    expect(await left(type)).toBe(1);
  });

  test('removes one, or all', async () => {
    const type = 'purged';
    const [id] = await Promise.all([1, 2, 3].map((at) => bury(type, ['ref', `r${at}`])));
    expect((await dead('purge', type, id!, '--yes')).out).toBe(`1 dead letter removed from ${type}:dead:x`);
    expect((await dead('purge', type, id!, '--yes')).code).toBe(1);
    expect((await dead('purge', type, '--all', '--yes')).out).toBe(`2 dead letters removed from ${type}:dead:x`);
    expect((await dead('purge', type, '--all', '--yes')).out).toBe(`0 dead letters removed from ${type}:dead:x`);
  });
});

test('without --redis and without a running session it says what to do', async () => {
  const io = testIo({ environment: { runtimeFolder } });
  expect(await main(['dead', 'list', 'w'], io)).toBe(1);
  expect(io.failures).toEqual([
    'no "redisworker up" is running here, so the Redis is not known: name it with --redis redis://host:port',
  ]);
});
