import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { connectRedis } from '../../cli/redis.ts';
import { send as sendTo } from '../../cli/send.ts';
import { defaultGroup, replyListKey, requestStreamKey } from '../../contract/keys.ts';
import type { Reply } from '../../contract/reply.ts';
import { parseRequest, type Request } from '../../contract/request.ts';
import { testIo } from '../support/io.ts';
import { freePort } from '../support/processes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

let redis: TestRedis;
let locked: TestRedis;
let runtimeFolder: string;

beforeAll(async () => {
  [redis, locked, runtimeFolder] = await Promise.all([
    startRedis(),
    startRedis(['--requirepass', 'hush'], { password: 'hush' }),
    mkdtemp(join(tmpdir(), 'redisworker-test-')),
  ]);
});
afterAll(() => Promise.all([redis.stop(), locked.stop(), rm(runtimeFolder, { recursive: true })]));
beforeEach(() => redis.client.flushall());

async function send(
  argv: readonly string[],
  overrides: Parameters<typeof testIo>[0] = {},
): Promise<{ code: number; out: string; err: string }> {
  const io = testIo({ environment: { runtimeFolder }, ...overrides });
  const code = await main(['send', ...argv], io);
  return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
}

/** Takes one request as a worker of `type` does, and replies what `answer` says. */
async function workOnce(
  type: string,
  answer: (request: Request) => Pick<Reply, 'code' | 'data' | 'err'> | string,
): Promise<void> {
  await redis.client.xgroup('CREATE', requestStreamKey(type), defaultGroup, '0', 'MKSTREAM');
  const hand = redis.client.duplicate();
  const read = await hand.xreadgroup(
    'GROUP',
    defaultGroup,
    '1',
    'COUNT',
    1,
    'BLOCK',
    20_000,
    'STREAMS',
    requestStreamKey(type),
    '>',
  );
  hand.disconnect();
  const [id, pairs] = (read as [string, [string, string[]][]][])[0]![1][0]!;
  const entry = Object.fromEntries(pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1]!]] : [])));
  const parsed = parseRequest(entry, { type });
  if (parsed.kind !== 'request') throw new Error(`the request is refused: ${parsed.cause}`);
  const reply = answer(parsed.request);
  const text = typeof reply === 'string'
    ? reply
    : JSON.stringify({ ref: parsed.request.ref, source: type, time: '2026-01-01T00:00:00Z', ...reply });
  await redis.client.multi().lpush(replyListKey(parsed.request.ref), text).xack(
    requestStreamKey(type),
    defaultGroup,
    id,
  ).exec();
}

describe('a reply', () => {
  test('is printed on one line, and success ends with code 0', async () => {
    const working = workOnce('w', ({ fields }) => ({ code: 200, data: JSON.parse(fields['data']!) as unknown }));
    const { code, out, err } = await send(['w', '{"name":"Ada"}', '--redis', redis.url, '--ref', 'r1']);
    await working;
    expect(out).toBe('{"ref":"r1","source":"w","time":"2026-01-01T00:00:00Z","code":200,"data":{"name":"Ada"}}');
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  test('is printed for the eye on a terminal', async () => {
    const working = workOnce('w', () => ({ code: 200 }));
    const { out } = await send(['w', '{}', '--redis', redis.url], { terminal: true });
    await working;
    expect(out).toContain('{\n  "ref": ');
  });

  test('with an error code ends with code 1', async () => {
    const working = workOnce('w', () => ({ code: 404, err: { message: 'no such thing' } }));
    const { code, out } = await send(['w', '{}', '--redis', redis.url]);
    await working;
    expect(out).toContain('no such thing');
    expect(code).toBe(1);
  });

  test('that does not follow the contract is shown as it is', async () => {
    const working = workOnce('w', () => 'pong');
    const { code, out, err } = await send(['w', '{}', '--redis', redis.url]);
    await working;
    expect({ code, out }).toEqual({ code: 1, out: 'pong' });
    expect(err).toContain('does not follow the contract');
  });
});

test('a request has the fields it is given, and may have no data', async () => {
  const working = workOnce('w', ({ fields }) => ({ code: 200, data: fields }));
  const { out } = await send(['w', '--field', 'width=80', '--field', 'url=a=b', '--redis', redis.url]);
  await working;
  expect(JSON.parse(out)).toMatchObject({ data: { width: '80', url: 'a=b' } });
});

test('a worker URL takes the place of the type', async () => {
  const interruption = Promise.withResolvers<undefined>();
  const url = 'https://example.com/worker.ts';
  const sending = send(['w', '1', '--worker-url', url, '--ref', 'r1', '--redis', redis.url], {
    interrupted: () => interruption.promise,
  });
  const [[, fields] = ['', []]] = await eventually('the request is there', async () => {
    const entries = await redis.client.xrange(requestStreamKey('w'), '-', '+');
    return entries.length > 0 && entries;
  });
  expect(fields).toEqual(['ref', 'r1', 'reply', '1', 'workerUrl', url, 'data', '1']);
  interruption.resolve(undefined);
  expect((await sending).code).toBe(130);
});

test('a reply left over from an earlier request is not taken for the new one', async () => {
  await redis.client.lpush(replyListKey('r1'), '{"code":200}');
  await redis.client.expire(replyListKey('r1'), 100);
  const { code, out, err } = await send(['w', '{}', '--ref', 'r1', '--redis', redis.url]);
  expect(err).toBe(
    `the reply to an earlier request with this reference is still in ${
      replyListKey('r1')
    }, for another 100 s: use another --ref`,
  );
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(await redis.client.exists(replyListKey('r1'))).toBe(1);
});

test('a reference whose earlier request may still be answered is refused, and free once it is done', async () => {
  const stream = requestStreamKey('w');
  await redis.client.xgroup('CREATE', stream, defaultGroup, '0', 'MKSTREAM');
  const id = await redis.client.xadd(stream, '*', 'ref', 'r1', 'type', 'w');
  const refused = async (): Promise<void> => {
    const { code, err } = await send(['w', '{}', '--ref', 'r1', '--redis', redis.url, '--timeout', '1']);
    expect({ code, err }).toEqual({
      code: 2,
      err:
        `an earlier request with this reference is not finished, and its reply would be taken for this one's: use another --ref, or wait for entry ${id} of ${stream}`,
    });
  };
  await refused();
  await redis.client.xreadgroup('GROUP', defaultGroup, '1', 'STREAMS', stream, '>');
  await refused();
  expect(await redis.client.xlen(stream)).toBe(1);
  await redis.client.xack(stream, defaultGroup, String(id));
  const other = await send(['w', '{}', '--ref', 'r1', '--redis', redis.url, '--timeout', '1']);
  expect([other.code, await redis.client.xlen(stream)]).toEqual([3, 2]);
});

test('an interrupted wait takes the request back', async () => {
  const interruption = Promise.withResolvers<undefined>();
  const client = await connectRedis(redis.url);
  const request = { type: 'w', stream: 'w-requests', fields: { data: '{}' }, timeoutSeconds: 60 };
  const sending = sendTo(client, request, interruption.promise);
  await eventually('the request is there', () => redis.client.exists(request.stream));
  interruption.resolve(undefined);
  expect(await sending).toMatchObject({
    exitCode: 130,
    why: expect.stringContaining('interrupted before "w" replied'),
  });
  expect(await redis.client.exists(request.stream)).toBe(0);
  client.disconnect();
});

test('a request can come from standard input', async () => {
  const working = workOnce('w', ({ fields }) => ({ code: 200, data: fields['data'] }));
  const { out } = await send(['w', '-', '--redis', redis.url], { input: () => Promise.resolve('[1,2]\n') });
  await working;
  expect(JSON.parse(out)).toMatchObject({ data: '[1,2]' });
});

test('every request has a reference of its own', async () => {
  await redis.client.xgroup('CREATE', requestStreamKey('w'), defaultGroup, '0', 'MKSTREAM');
  await redis.client.xgroup('CREATECONSUMER', requestStreamKey('w'), defaultGroup, '1');
  const request = { type: 'w', stream: requestStreamKey('w'), fields: {}, timeoutSeconds: 0.05 };
  await sendTo(redis.client, request, new Promise(() => undefined));
  await sendTo(redis.client, request, new Promise(() => undefined));
  const entries = await redis.client.xrange(requestStreamKey('w'), '-', '+');
  expect(new Set(entries.map(([, fields]) => fields[fields.indexOf('ref') + 1])).size).toBe(2);
});

describe('without a reply in time it ends with code 3 and says what to check', () => {
  test('when no worker of the type has ever run', async () => {
    const { code, err } = await send(['w', '{}', '--redis', redis.url, '--timeout', '1']);
    expect(err).toBe(
      `no reply from "w" within 1 s: ${
        requestStreamKey('w')
      } has no consumer group, so no worker of this type has run here; check the type, and start its manifest with "redisworker up FILE". The request was taken back: it will not run`,
    );
    expect(code).toBe(3);
    expect(await redis.client.exists(requestStreamKey('w'))).toBe(0);
  });

  test('when a worker of the type is not there now, and leaves the request to it', async () => {
    await redis.client.xgroup('CREATE', requestStreamKey('w'), defaultGroup, '0', 'MKSTREAM');
    await redis.client.xgroup('CREATECONSUMER', requestStreamKey('w'), defaultGroup, '1');
    const request = { type: 'w', stream: requestStreamKey('w'), fields: {}, timeoutSeconds: 0.05 };
    const answer = await sendTo(redis.client, request, new Promise(() => undefined));
    const [[id] = ['']] = await redis.client.xrange(requestStreamKey('w'), '-', '+');
    expect(answer.kind === 'silence' && answer.why).toContain(
      `It runs once one of them takes it; "redis-cli XDEL ${requestStreamKey('w')} ${id}" removes it`,
    );
  });

  test('when a consumer holds the request', async () => {
    const stream = 'elsewhere';
    await redis.client.xgroup('CREATE', stream, defaultGroup, '0', 'MKSTREAM');
    const hand = redis.client.duplicate();
    const reading = hand.xreadgroup('GROUP', defaultGroup, 'slow', 'BLOCK', 20_000, 'STREAMS', stream, '>');
    const { code, err } = await send(['w', '{}', '--redis', redis.url, '--timeout', '1', '--stream', stream]);
    await reading;
    hand.disconnect();
    expect(err).toContain('consumer "slow" has the request and has not finished it');
    expect(code).toBe(3);
  });
});

describe('Redis', () => {
  test('that is not there is named with the fix', async () => {
    const port = await freePort();
    const { code, err } = await send(['w', '{}', '--redis', `redis://127.0.0.1:${port}`]);
    expect(err).toBe(`no Redis answers at 127.0.0.1:${port}: start it, or name another with --redis`);
    expect(code).toBe(1);
  });

  test.each([
    ['without a password', '', undefined, 'wants a password: set REDISCLI_AUTH'],
    ['with a wrong password', '', 'guess', 'refuses the password'],
    ['with a wrong password in the URL', ':guess@', undefined, 'refuses the password'],
  ])('that is locked says so %s', async (_, credentials, redisPassword, sentence) => {
    const url = `redis://${credentials}127.0.0.1:${locked.port}`;
    const { code, err } = await send(['w', '{}', '--redis', url], {
      environment: { ...(redisPassword ? { redisPassword } : {}) },
    });
    expect(err).toContain(sentence);
    expect(err).not.toContain('guess');
    expect(code).toBe(1);
  });

  test('opens with the password of the environment, or with that of the URL', async () => {
    const clients = await Promise.all([
      connectRedis(locked.url, { password: 'hush' }),
      connectRedis(`redis://:hush@127.0.0.1:${locked.port}`, { password: 'guess' }),
    ]);
    expect(await Promise.all(clients.map((client) => client.ping()))).toEqual(['PONG', 'PONG']);
    clients.forEach((client) => client.disconnect());
  });

  test('with a stream key of another type says what Redis says', async () => {
    await redis.client.set(requestStreamKey('w'), 'text');
    const { code, err } = await send(['w', '{}', '--redis', redis.url]);
    expect(err).toContain('WRONGTYPE');
    expect(code).toBe(1);
  });
});

test('without --redis and without a running session it says what to do', async () => {
  const { code, err } = await send(['w', '{}']);
  expect(err).toBe(
    'no "redisworker up" is running here, so the Redis is not known: name it with --redis redis://host:port',
  );
  expect(code).toBe(1);
});
