/** The runtime's own codec against the one of ioredis and against what a real server sends, cut at every byte. */
import fc from 'fast-check';
import { Decoder } from 'ioredis/built/resp/decoder.js';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Command, encodeCommands } from '../../worker/redis/commands.ts';
import { RedisError, type Reply, ReplyParser } from '../../worker/redis/resp.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis(['--enable-debug-command', 'yes']);
});
afterAll(() => redis.stop());

/** A reply both codecs are brought to: text and bytes, which are one thing here, as hexadecimal text; an error as its message. */
type Plain = string | number | null | { error: string } | Plain[];

function plain(reply: unknown): Plain {
  if (Array.isArray(reply)) return reply.map(plain);
  if (reply instanceof Error) return { error: reply.message };
  if (typeof reply === 'number' || reply === null) return reply;
  if (typeof reply === 'boolean') return Number(reply);
  return Buffer.from(reply as string | Uint8Array).toString('hex');
}

function ours(chunks: readonly Uint8Array[]): Plain[] {
  const parser = new ReplyParser('bytes');
  const replies: Reply[] = [];
  for (const chunk of chunks) {
    parser.push(chunk);
    for (let reply = parser.next(); reply !== undefined; reply = parser.next()) replies.push(reply);
  }
  return replies.map(plain);
}

function theirs(bytes: Uint8Array): Plain[] {
  const replies: Plain[] = [];
  const take = (reply: unknown): unknown => replies.push(plain(reply));
  // Bulk and verbatim strings as bytes, maps as arrays, doubles and big numbers as text.
  const types = { 36: Buffer, 61: Buffer, 37: Array, 44: String, 40: String };
  new Decoder({ onReply: take, onErrorReply: take, onPush: take, getTypeMapping: () => types }).write(
    Buffer.from(bytes),
  );
  return replies;
}

const atEveryByte = (bytes: Uint8Array, check: (chunks: readonly Uint8Array[]) => void): void => {
  for (let cut = 0; cut <= bytes.length; cut++) check([bytes.subarray(0, cut), bytes.subarray(cut)]);
};

function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, at) => bytes.subarray(cuts[at], end));
}

const bulkReply = (kind: string, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${kind}${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);

const line = fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ 0-9_:$*+é€')), maxLength: 20 });
const bulk = fc.uint8Array({ maxLength: 60 });
/** The decoder of ioredis is off by one at the last safe integers; a test of its own has them. */
const exactThere = fc.integer({ min: -(2 ** 50), max: 2 ** 50 });
const leaf = fc.oneof(
  line.map((text) => `+${text}\r\n`),
  line.map((text) => `-ERR ${text}\r\n`),
  exactThere.map((number) => `:${number}\r\n`),
  fc.constantFrom('$-1\r\n', '*-1\r\n', '*0\r\n', '$0\r\n\r\n', '+QUEUED\r\n', '+OK\r\n', ':0\r\n'),
  fc.constantFrom(
    '_\r\n',
    '#t\r\n',
    '#f\r\n',
    ',1.5\r\n',
    ',-inf\r\n',
    ',6.02e+23\r\n',
    '(-170141183460469231731687303715884105728\r\n',
    '%0\r\n',
    '~0\r\n',
  ),
).map((text) => Buffer.from(text));
const { reply } = fc.letrec<{ reply: Buffer; bulk: Buffer; array: Buffer; map: Buffer }>((tie) => ({
  bulk: fc.tuple(fc.constantFrom('$', '!', '='), bulk).map(([kind, bytes]) =>
    bulkReply(kind, kind === '=' ? Buffer.concat([Buffer.from('txt:'), bytes]) : bytes)
  ),
  array: fc.tuple(fc.constantFrom('*', '~'), fc.array(tie('reply'), { minLength: 1, maxLength: 4 })).map((
    [kind, items],
  ) => Buffer.concat([Buffer.from(`${kind}${items.length}\r\n`), ...items])),
  map: fc.array(fc.tuple(tie('reply'), tie('reply')), { minLength: 1, maxLength: 2 }).map((pairs) =>
    Buffer.concat([Buffer.from(`%${pairs.length}\r\n`), ...pairs.flat()])
  ),
  reply: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('bulk'), tie('array'), tie('map')),
}));

test('replies of every kind, however nested, are read as ioredis reads them, wherever they are cut', () => {
  fc.assert(
    fc.property(fc.array(reply, { minLength: 1, maxLength: 4 }), (replies) => {
      const bytes = Buffer.concat(replies);
      const expected = theirs(bytes);
      expect(expected).toHaveLength(replies.length);
      atEveryByte(bytes, (chunks) => expect(ours(chunks)).toEqual(expected));
    }),
    { numRuns: 25 },
  );
});

test('replies larger than any buffer are read as ioredis reads them, in chunks of any size', () => {
  const large = fc.integer({ min: 0, max: 300_000 }).map((length) => bulkReply('$', Buffer.alloc(length, '\r\n$1')));
  fc.assert(
    fc.property(
      fc.array(fc.oneof(reply, large), { maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      (replies, places) => {
        const bytes = Buffer.concat(replies);
        expect(ours(cutAt(bytes, places))).toEqual(theirs(bytes));
      },
    ),
    { numRuns: 25 },
  );
});

test('what a real server sends is read as ioredis reads it, wherever it is cut', async () => {
  const odd = Uint8Array.of(0, 13, 10, 255, 36);
  const commands: Command[] = [
    ['SET', 'text', odd],
    ['GET', 'text'],
    ['GET', 'nothing'],
    ['INCR', 'count'],
    ['DECRBY', 'count', 5],
    ['SET', 'text'],
    ['NOTHING', 'known'],
    ['XGROUP', 'CREATE', 'stream', 'group', '0', 'MKSTREAM'],
    ['XGROUP', 'CREATE', 'stream', 'group', '0'],
    ['XADD', 'stream', '5-1', 'ref', 'größe', odd, ''],
    ['XREADGROUP', 'GROUP', 'group', 'me', 'COUNT', 9, 'STREAMS', 'stream', '>'],
    ['XREADGROUP', 'GROUP', 'group', 'me', 'STREAMS', 'stream', '>'],
    ['XPENDING', 'stream', 'group'],
    ['XPENDING', 'stream', 'nobody'],
    ['XAUTOCLAIM', 'stream', 'group', 'me', 0, '0-0', 'JUSTID'],
    ['MULTI'],
    ['LPUSH', 'text', 'x'],
    ['XACK', 'stream', 'group', '5-1'],
    ['LPUSH', 'list', odd],
    ['EXEC'],
    ['MULTI'],
    ['LPUSH'],
    ['PING'],
    ['EXEC'],
    ['DISCARD'],
    ['BLPOP', 'none', '0.01'],
    ['EVAL', "return {1, {2, {redis.error_reply('ERR inner'), false, {}}, 'x'}, redis.status_reply('FINE')}", 0],
  ];
  const bytes = await conversation(encodeCommands(...commands), commands.length);
  const expected = theirs(bytes);
  expect(expected).toHaveLength(commands.length);
  expect(expected).toContainEqual([{ error: expect.stringContaining('WRONGTYPE') }, 1, 1]);
  atEveryByte(bytes, (chunks) => expect(ours(chunks)).toEqual(expected));
});

test('a real server says the same in RESP3, whatever kind of reply that is', async () => {
  const kinds = ['string', 'integer', 'double', 'null', 'array', 'set', 'map', 'attrib', 'verbatim', 'true', 'false'];
  const commands: Command[] = [
    ['FLUSHALL'],
    ...kinds.map((kind): Command => ['DEBUG', 'PROTOCOL', kind]),
    ['HSET', 'hash', 'pid', 7],
    ['HGETALL', 'hash'],
    ['HMGET', 'hash', 'pid', 'owner'],
    ['HGETALL', 'none'],
    ['GET', 'hash'],
    ['GET', 'none'],
    ['XGROUP', 'CREATE', 'stream', 'group', '0', 'MKSTREAM'],
    ['XADD', 'stream', '5-1', 'ref', 'a'],
    ['XPENDING', 'stream', 'group'],
    ['XRANGE', 'stream', '-', '+'],
    ['XAUTOCLAIM', 'stream', 'group', 'me', 0, '0-0', 'JUSTID'],
    ['ZADD', 'retries', 1.5, 'a'],
    ['ZSCORE', 'retries', 'a'],
    ['WATCH', 'hash'],
    ['HSET', 'hash', 'pid', 8],
    ['MULTI'],
    ['LPUSH', 'hash', 'x'],
    ['EXEC'],
    ['MULTI'],
    ['LPUSH', 'hash', 'x'],
    ['EXEC'],
    ['EVAL', "return {1, {2, {redis.error_reply('ERR inner'), false, {}}, 'x'}, redis.status_reply('FINE')}", 0],
  ];
  const said = async (protocol: 2 | 3): Promise<Uint8Array> =>
    conversation(encodeCommands(['HELLO', protocol], ...commands), commands.length + 1);
  const [old, now] = [await said(2), await said(3)];
  expect(now).not.toEqual(old);
  expect(ours([now]).slice(1)).toEqual(ours([old]).slice(1));
  atEveryByte(now, (chunks) => expect(ours(chunks)).toEqual(ours([now])));
});

test('commands with any arguments arrive as they were', async () => {
  const arg = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }),
    fc.string({ unit: 'binary', maxLength: 2000 }),
    fc.integer(),
  );
  const samples = fc.sample(fc.array(arg, { minLength: 1, maxLength: 5 }), 20);
  const commands = samples.map((args, at): Command => ['RPUSH', `echo:${at}`, ...args]);
  expect(ours([await conversation(encodeCommands(...commands), commands.length)])).toEqual(
    samples.map(({ length }) => length),
  );
  const pushed = await Promise.all(samples.map((_, at) => redis.client.lrangeBuffer(`echo:${at}`, 0, -1)));
  expect(pushed.map(plain)).toEqual(
    samples.map((args) => args.map((one) => plain(one instanceof Uint8Array ? one : Buffer.from(String(one))))),
  );
});

test('whole numbers are exact as far as a number can be', () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (number) => {
    expect(ours([Buffer.from(`:${number}\r\n`)])).toEqual([number]);
  }));
});

test('an error keeps its first word as its code', () => {
  expect(new RedisError('MOVED 1 127.0.0.1:1').code).toBe('MOVED');
});

/** Sends bytes to the server and gives what it sends back, once that is `count` replies. */
function conversation(bytes: Uint8Array, count: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect(redis.port, '127.0.0.1', () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (ours(chunks).length < count) return;
      socket.destroy();
      resolve(Buffer.concat(chunks));
    });
  });
}
