/** `redisworker trace` on a real Redis; each test has a worker type and references of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import {
  deadLetterStreamKey,
  defaultGroup,
  replyListKey,
  requestStreamKey,
  responseStreamKey,
  retryScheduleKey,
  traceHashKey,
} from '../../contract/keys.ts';
import {
  defaultTaskDetails,
  takenTasksKey,
  taskConsumerField,
  taskQueueKey,
  taskRecordKey,
} from '../../contract/tasks.ts';
import { testIo } from '../support/io.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let runtimeFolder: string;
beforeAll(async () => {
  [redis, runtimeFolder] = await Promise.all([startRedis(), mkdtemp(join(tmpdir(), 'redisworker-test-'))]);
});
afterAll(() => Promise.all([redis.stop(), rm(runtimeFolder, { recursive: true })]));

async function trace(...argv: string[]): Promise<{ code: number; out: string[]; err: string }> {
  const io = testIo({ environment: { runtimeFolder } });
  const code = await main(['trace', ...argv, '--redis', redis.url], io);
  return { code, out: io.printed, err: io.failures.join('\n') };
}

const open = (type: string): Promise<unknown> =>
  redis.client.xgroup('CREATE', requestStreamKey(type), defaultGroup, '0', 'MKSTREAM');
const ask = async (type: string, ref: string, ...more: string[]): Promise<string> =>
  (await redis.client.xadd(requestStreamKey(type), '*', 'ref', ref, 'type', type, ...more))!;
const take = (type: string, consumer: string): Promise<unknown> =>
  redis.client.xreadgroup('GROUP', defaultGroup, consumer, 'COUNT', 100, 'STREAMS', requestStreamKey(type), '>');
const answer = (type: string, ref: string, xid: string, code = 200): Promise<unknown> =>
  redis.client.xadd(
    responseStreamKey(type),
    '*',
    'ref',
    ref,
    'type',
    type,
    'xid',
    xid,
    'code',
    code,
    'res',
    '{}',
    'consumer',
    '1',
    'ms',
    12,
    'attempt',
    1,
  );

describe('a request', () => {
  test('that waits is said to wait', async () => {
    await open('waits');
    const id = await ask('waits', 'r1');
    const { code, out, err } = await trace('waits', 'r1');
    expect(out[0]).toBe('the request r1 waits: no consumer has taken it yet');
    expect(out[1]).toMatch(new RegExp(`^request +${id} on waits:req:x, \\d+s ago: waiting in the group "worker"$`));
    expect({ code, err, more: out.slice(2) }).toEqual({ code: 0, err: '', more: [] });
  });

  test('that joins a trace is told with its id', async () => {
    await open('joins');
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await ask('joins', 'r1', 'traceparent', `00-${traceId}-b7ad6b7169203331-01`);
    await ask('joins', 'r2', 'traceparent', 'none');
    expect((await trace('joins', 'r1')).out.at(-1)).toBe(`trace id   ${traceId}`);
    expect(JSON.parse((await trace('joins', 'r1', '--output', 'json')).out.join('\n'))).toMatchObject({ traceId });
    expect((await trace('joins', 'r2')).out.join('\n')).not.toContain('trace id');
  });

  test('that a consumer has is said to be with it, and how often it was delivered', async () => {
    await open('runs');
    const id = await ask('runs', 'r1');
    await take('runs', '7');
    await redis.client.xclaim(requestStreamKey('runs'), defaultGroup, '7', 0, id);
    const { out } = await trace('runs', 'r1');
    expect(out[0]).toBe('consumer "7" of the group "worker" has the request r1 and has not finished it');
    expect(out[1]).toMatch(
      /: delivered to consumer "7" of the group "worker" \d+s ago, for the 2\. time, and not acknowledged$/,
    );
  });

  test('that was answered is told with its code, its reply that stays, and what every service noted', async () => {
    await open('answers');
    const id = await ask('answers', 'a1');
    await take('answers', '1');
    await redis.client.xack(requestStreamKey('answers'), defaultGroup, id);
    await answer('answers', 'a1', id, 201);
    await redis.client.lpush(replyListKey('a1'), '{"code":201}');
    await redis.client.expire(replyListKey('a1'), 100);
    await redis.client.hset(traceHashKey('a1'), {
      answersTrace: JSON.stringify({ received: '2026-01-01T00:00:00Z', completed: '2026-01-01T00:00:01Z', res: {} }),
      answersProgress: '50',
      gatewayTrace: '{"seen":true}',
    });
    await redis.client.expire(traceHashKey('a1'), 3600);
    const { code, out, err } = await trace('answers', 'a1');
    const lines = out.map((line) =>
      line.replace(/\d{13}-\d+/g, 'ID').replace(/\d+s ago/g, 'NOW ago').replace(/ {2,}/g, '  ')
    );
    expect(lines).toEqual([
      'answers answered the request a1 with code 201 NOW ago',
      'request  ID on answers:req:x, NOW ago: acknowledged in the group "worker"',
      'response  ID on answers:res:x, NOW ago: code 201, by consumer "1", attempt 1, 12 ms',
      expect.stringMatching(/^reply  not fetched yet, in res:a1 for another 9\ds|1m\d+s: \{"code":201\}$/),
      expect.stringMatching(
        /^trace  answersTrace: received 2026-01-01T00:00:00Z, completed 2026-01-01T00:00:01Z, in req:a1:h for another 59m$/,
      ),
      '  answersProgress: 50 %',
      '  gatewayTrace: {"seen":true}',
    ]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await redis.client.llen(replyListKey('a1'))).toBe(1);
  });

  test('that is to be tried again is told with when', async () => {
    await open('again');
    const parts = ['5-1', 'ref', 'r1', 'type', 'again', 'data', 'a\r\nb', 'rw:attempt', '2', 'rw:xid', '5-1'];
    const member = `*${parts.length}\r\n${parts.map((part) => `$${part.length}\r\n${part}\r\n`).join('')}`;
    await redis.client.zadd(retryScheduleKey('again'), Date.now() + 125_000, member, 1, 'no command', 2, '*1\r\n$x');
    const { code, out } = await trace('again', 'r1');
    expect(out[0]).toMatch(/^again tries the request r1 again: attempt 2 is due in 2m\ds$|^.*2m$/);
    expect(out[1]).toContain('in again:retry:z');
    expect(code).toBe(0);
  });

  test('that nobody could finish is told with the reason', async () => {
    await redis.client.xadd(deadLetterStreamKey('dies'), '*', 'ref', 'r1', 'rw:reason', 'it broke', 'rw:attempts', '3');
    const { out } = await trace('dies', 'r1');
    expect(out[0]).toBe('nobody could finish the request r1: it broke (attempt 3)');
    expect(out[1]).toMatch(/^dead letter +\d+-\d+ on dies:dead:x, /);
  });

  test('that was sent again under its old reference is told as it is now', async () => {
    await open('twice');
    await redis.client.xadd(responseStreamKey('twice'), '1000-0', 'ref', 'r1', 'code', '200');
    await ask('twice', 'r1');
    expect((await trace('twice', 'r1')).out[0]).toBe('the request r1 waits: no consumer has taken it yet');
  });

  test('that nobody knows ends with code 1', async () => {
    const { code, out } = await trace('unheard', 'nobody');
    expect(out).toEqual([
      'nothing is known of the request nobody: it was never sent, went to another type, is finished and forgotten, or went to a worker that keeps no record of it',
    ]);
    expect(code).toBe(1);
  });
});

describe('a request that went through several workers', () => {
  const note = (ref: string, ...types: string[]) =>
    redis.client.hset(traceHashKey(ref), Object.fromEntries(types.map((type) => [`${type}Trace`, '{"seen":true}'])));

  test('is told of each that has something of it, in their order, with the reply and the trace once', async () => {
    const first = await ask('path-one', 'p1');
    await answer('path-one', 'p1', first);
    await redis.client.xadd(
      requestStreamKey('path-two'),
      `${Date.now() + 5000}-0`,
      'ref',
      'p1',
      'type',
      'path-two',
      'rw:attempt',
      '2',
    );
    await note('p1', 'pathTwo', 'pathOne', 'gateway');
    await redis.client.lpush(replyListKey('p1'), '{"code":200}');
    const { code, out } = await trace('path-one', 'p1');
    expect(out[0]).toBe('the request p1 went through path-one, then path-two');
    expect(out.filter((line) => /^(path|the request p1 waits)/.test(line))).toEqual([
      expect.stringMatching(/^path-one answered the request p1 with code 200 /),
      'the request p1 waits: no consumer has taken it yet',
    ]);
    expect(out.join('\n').match(/^(reply|trace) /gm)).toEqual(['reply ', 'trace ']);
    expect(out.join('\n')).toContain(': attempt 2, ');
    expect(code).toBe(0);
    const document = JSON.parse((await trace('path-one', 'p1', '-o', 'json')).out.join('\n')) as object;
    expect(document).toMatchObject({
      type: 'path-one',
      outcome: 'Answered',
      passedOn: [{ type: 'path-two', outcome: 'Waiting' }],
    });
  });

  test('is found by its reference alone, as far as services noted it', async () => {
    await answer('alone-two', 'p2', '5-1');
    await note('p2', 'aloneTwo');
    const { code, out } = await trace('p2');
    expect(out[0]).toMatch(/^alone-two answered the request p2 with code 200 /);
    expect(code).toBe(0);
  });

  test('and that nobody noted needs the type', async () => {
    const { code, err } = await trace('p3');
    expect(err).toBe('which worker took the request p3 is not known: name its type, as in "trace demo-worker p3"');
    expect(code).toBe(2);
  });
});

test('a search that did not see everything says where it ended', async () => {
  const filling = redis.client.pipeline();
  for (let at = 0; at < 250; at++) {
    filling.xadd(responseStreamKey('long'), `${1_700_000_000_000 + at}-0`, 'ref', `r${at}`, 'code', '200');
  }
  await filling.exec();
  const { code, err } = await trace('long', 'r0', '--limit', '150');
  expect(err).toBe(
    'long:res:x: the search ended after 150 of 250 entries, back to 2023-11-14T22:13:20.100Z; --limit looks further',
  );
  expect(code).toBe(1);
  expect((await trace('long', 'r0')).out[0]).toMatch(/^long answered the request r0 with code 200 /);
  expect((await trace('long', 'r249', '--limit', '1')).code).toBe(0);
});

test('a response tells how far back to look', async () => {
  await redis.client.xadd(responseStreamKey('early'), '1000-0', 'ref', 'other', 'code', '200');
  for (let at = 0; at < 100; at++) {
    await redis.client.xadd(responseStreamKey('early'), `${2000 + at}-0`, 'ref', 'more', 'code', '200');
  }
  await redis.client.xadd(responseStreamKey('early'), '3000-0', 'ref', 'r1', 'xid', '2990-0', 'code', '200');
  const { out } = await trace('early', 'r1', '-o', 'json');
  const { responses } = JSON.parse(out.join('\n')) as { responses: { looked: number; of: number } };
  expect(responses).toMatchObject({ looked: 100, of: 102 });
});

test('what Redis refuses is told, and the rest is still found', async () => {
  await redis.client.set(traceHashKey('odd'), 'text');
  await redis.client.xadd(responseStreamKey('partly'), '*', 'ref', 'odd', 'code', '500');
  const { code, out, err } = await trace('partly', 'odd');
  expect(out[0]).toMatch(/^partly answered the request odd with code 500 /);
  expect(err).toMatch(/^req:odd:h cannot be read: Redis says "WRONGTYPE /);
  expect(code).toBe(0);
});

test('as a document it has every field as it is', async () => {
  await redis.client.xadd(
    responseStreamKey('whole'),
    '5-1',
    'ref',
    'doc',
    'code',
    '200',
    'bytes',
    Buffer.from([255, 10]),
  );
  await redis.client.hset(traceHashKey('doc'), 'gatewayTrace', '{"seen":true}', 'note', 'plain');
  const { out } = await trace('whole', 'doc', '-o', 'json');
  expect(JSON.parse(out.join('\n'))).toMatchObject({
    type: 'whole',
    ref: 'doc',
    outcome: 'Answered',
    responses: { key: 'whole:res:x', found: [{ id: '5-1', fields: { code: '200', bytes: String.raw`"\xff\n"` } }] },
    trace: { content: { gatewayTrace: { seen: true }, note: 'plain' } },
    faults: [],
  });
});

describe('a task', () => {
  const queue = taskQueueKey('circle');
  const push = async (id: string, fields: Record<string, string> = { status: 'pending' }): Promise<void> => {
    await redis.client.hset(defaultTaskDetails + id, { script: '40 + 2', callerId: 'alice', ...fields });
    await redis.client.rpush(queue, id);
  };
  const take = async (id: string, consumer: string): Promise<void> => {
    await redis.client.hset(taskRecordKey(queue), taskConsumerField(consumer), '1');
    await redis.client.lrem(queue, 1, id);
    await redis.client.rpush(takenTasksKey(queue, consumer), id);
  };
  const ofTask = (id: string, ...argv: string[]) => trace('pricing', id, '--queue', queue, ...argv);

  test('is followed from the list to who has it, and to what it came to', async () => {
    await push('t1');
    await push('t2', { status: 'pending', progress: '40', deliveries: '2' });
    const waiting = await ofTask('t2');
    expect(waiting).toMatchObject({ code: 0, err: '' });
    expect(waiting.out[0]).toBe('the task t2 waits: no consumer has taken it yet, 1 is ahead of it');
    expect(waiting.out.slice(1)).toEqual([
      `list     waits in ${queue}, 1 is ahead of it`,
      'task     pending, 2 processes have died that had it, 40 %, in rhai_task_details:t2',
      'caller   alice',
      'script   40 + 2',
    ]);
    await take('t2', '3');
    expect((await ofTask('t2')).out.slice(0, 2)).toEqual([
      'consumer "3" has the task t2 and has not finished it',
      `list     taken by consumer "3" from ${queue}`,
    ]);
    await redis.client.lrem(takenTasksKey(queue, '3'), 1, 't2');
    await redis.client.hset(`${defaultTaskDetails}t2`, { status: 'completed', output: '42' });
    expect((await ofTask('t2')).out[0]).toBe('the task t2 has the status completed, as its hash tells');
    await answer('pricing', 't2', 't2');
    const ended = await ofTask('t2');
    expect(ended.out[0]).toMatch(/^pricing ended the task t2 with code 200 \ds ago$/);
    expect(ended.out.join('\n')).toMatch(/output +42\nresponse +.* code 200, by consumer "1", attempt 1, 12 ms/);
  });

  test('tells why nobody could finish it, until it was sent back and has ended anew', async () => {
    await redis.client.hset(`${defaultTaskDetails}t3`, { script: '1', status: 'error', error: 'died' });
    await answer('pricing', 't3', 't3', 500);
    await redis.client.xadd(deadLetterStreamKey('pricing'), '*', 'ref', 't3', 'rw:reason', 'died', 'rw:attempts', '5');
    expect((await ofTask('t3')).out[0]).toBe('nobody could finish the task t3: died (attempt 5)');
    await redis.client.xadd(responseStreamKey('pricing'), '9999999999999-0', 'ref', 't3', 'xid', 't3', 'code', 200);
    expect((await ofTask('t3')).out[0]).toMatch(/^pricing ended the task t3 with code 200/);
  });

  test('that is not pushed yet is told apart from one nobody knows', async () => {
    await redis.client.hset(`${defaultTaskDetails}t4`, { script: '1', status: 'pending' });
    expect((await ofTask('t4')).out[0]).toBe(
      `the task t4 has a hash and is in no list: its dispatcher has yet to push it to ${queue}`,
    );
    const unknown = await ofTask('t5');
    expect(unknown.code).toBe(1);
    expect(unknown.out[0]).toMatch(/^nothing is known of the task t5/);
    const { out } = await ofTask('t4', '-o', 'json');
    expect(JSON.parse(out.join('\n'))).toMatchObject({ outcome: 'Waiting', task: { fields: { script: '1' } } });
  });
});

test('a wrong reference is refused', async () => {
  const { code, err } = await trace('t', 'two\nlines');
  expect(err).toBe('a reference has 1 to 512 bytes without control characters');
  expect(code).toBe(2);
});

describe("in the operator's image", () => {
  const inImage = (name: string, ...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
    const io = testIo({
      environment: {
        runtimeFolder,
        operatorRedis: { url: redis.url.replace('://', `://${name}@`), password: 'hush' },
        redisPassword: 'other',
      },
    });
    return main(argv, io).then((code) => ({ code, out: io.printed.join('\n'), err: io.failures.join('\n') }));
  };

  test.each([
    ['trace', 'imaged', 'r1'],
    ['dead', 'list', 'imaged'],
    ['doctor', '-o', 'json'],
  ])("%s asks the operator's Redis, as the operator", async (...argv) => {
    await redis.client.acl('SETUSER', 'ann', 'on', '>hush', '~*', '&*', '+@all');
    await redis.client.xadd(deadLetterStreamKey('imaged'), '*', 'ref', 'r1', 'rw:reason', 'it broke');
    const { out } = await inImage('ann', ...argv);
    expect(out).toContain(argv[0] === 'doctor' ? 'ann' : 'it broke');
    expect((await inImage('bob', ...argv)).out).not.toContain('it broke');
  });

  test('a session that is named is not replaced by it', async () => {
    const { code, err } = await inImage('ann', 'dead', 'list', 'imaged', '--name', 'other');
    expect(err).toContain('no "redisworker up" is running here');
    expect(code).toBe(1);
  });
});
