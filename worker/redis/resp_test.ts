import { byteLength, type Command, CommandBuffer, encodeCommands } from './commands.ts';
import { ProtocolError, RedisError, type Reply, ReplyParser } from './resp.ts';
import { decodeText } from './text.ts';
import { assertEquals, assertThrows } from '../testing/assert.ts';

const utf8 = new TextEncoder();

/** Feeds `bytes` in two pieces cut at `cut` and collects every reply. */
function parseCutAt(bytes: Uint8Array, cut: number, bulkAs: 'text' | 'bytes' = 'text'): Reply[] {
  const parser = new ReplyParser(bulkAs);
  const replies: Reply[] = [];
  for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
    parser.push(piece);
    for (let reply = parser.next(); reply !== undefined; reply = parser.next()) replies.push(reply);
  }
  return replies;
}

/** Long text in a stretch that is not all ASCII comes as bytes; the test does not care. */
function asAscii(reply: Reply): Reply {
  if (Array.isArray(reply)) return reply.map(asAscii);
  return reply instanceof Uint8Array && reply.length > 48 ? decodeText(reply) : reply;
}

const conversation = utf8.encode(
  '+OK\r\n:-12\r\n$5\r\nhello\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n+QUEUED\r\n-OOM command not allowed\r\n' +
    '*3\r\n$6\r\nzürich'.replace('$6', '$7') + '\r\n-WRONGTYPE no\r\n*2\r\n:1\r\n$4\r\na\r\nb\r\n',
);

Deno.test('parses every kind of reply, wherever the bytes are cut', () => {
  for (let cut = 0; cut <= conversation.length; cut++) {
    const [ok, number, hello, empty, none, noArray, noItems, queued, oom, nested, ...rest] = parseCutAt(
      conversation,
      cut,
    );
    assertEquals([ok, number, hello, empty, none, noArray, noItems, queued], [
      'OK',
      -12,
      'hello',
      '',
      null,
      null,
      [],
      'QUEUED',
    ]);
    assertEquals((oom as RedisError).code, 'OOM');
    const [text, wrong, inner] = nested as Reply[];
    assertEquals([text, (wrong as RedisError).message, inner], ['zürich', 'WRONGTYPE no', [1, 'a\r\nb']]);
    assertEquals(rest, []);
  }
});

Deno.test('parses replies that come byte by byte', () => {
  const parser = new ReplyParser();
  const replies: Reply[] = [];
  for (const byte of conversation) {
    parser.push(Uint8Array.of(byte));
    for (let reply = parser.next(); reply !== undefined; reply = parser.next()) replies.push(reply);
  }
  assertEquals(replies.length, 10);
});

Deno.test('gives bytes back unchanged, also a megabyte of them', () => {
  const bytes = new Uint8Array(1_000_003).map((_, at) => (at * 7) & 0xff);
  const reply = encodeCommands([bytes, 'x']);
  for (const cut of [0, 3, 9, 20, 65_536, reply.length - 3, reply.length]) {
    const [array] = parseCutAt(reply, cut, 'bytes');
    assertEquals((array as Uint8Array[])[0], bytes);
  }
});

Deno.test('keeps what it gave out when more arrives', () => {
  const parser = new ReplyParser('bytes');
  parser.push(utf8.encode('$3\r\nabc\r\n$2\r\nü\r\n'));
  const [text, bytes] = [parser.next(), parser.next()];
  parser.push(utf8.encode('$3\r\nxyz\r\n$2\r\nö\r\n'));
  assertEquals([text, bytes, parser.next(), parser.next()], ['abc', utf8.encode('ü'), 'xyz', utf8.encode('ö')]);
});

Deno.test('tells ASCII from other bytes beside it, wherever they are', () => {
  const values = [
    'plain',
    Uint8Array.of(0xff),
    'x'.repeat(40),
    utf8.encode('\ufffd'),
    '',
    '\0\x7f',
    Uint8Array.of(0xef, 0xbb, 0xbf),
    'y',
  ];
  const bytes = encodeCommands(values, ['z'.repeat(60)], values);
  const expected = [values, ['z'.repeat(60)], values];
  for (let cut = 0; cut <= bytes.length; cut++) {
    assertEquals(parseCutAt(bytes, cut, 'bytes').map(asAscii), expected as Reply[]);
  }
});

Deno.test('passes over what was queued, and over the strings of a transaction, wherever the bytes are cut', () => {
  const bytes = utf8.encode(
    '+QUEUED\r\n+QUEUED\r\n-OOM no\r\n+QUEUED\r\n*3\r\n:1\r\n$3\r\n1-1\r\n-WRONGTYPE no\r\n$2\r\nme\r\n',
  );
  for (let cut = 0; cut <= bytes.length; cut++) {
    const parser = new ReplyParser();
    let [queued, replies]: [number, Reply[]] = [0, []];
    for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      parser.push(piece);
      for (;;) {
        queued += parser.skipQueued(3 - queued);
        const reply = parser.next(replies.length === 1 ? 'skipped' : 'taken');
        if (reply === undefined) break;
        replies = [...replies, reply];
      }
    }
    const [refused, executed, last] = replies;
    assertEquals([queued, (refused as RedisError).code, last], [3, 'OOM', 'me']);
    assertEquals((executed as Reply[]).map((reply) => (reply instanceof RedisError ? reply.code : reply)), [
      1,
      null,
      'WRONGTYPE',
    ]);
  }
});

Deno.test('refuses what is no RESP', () => {
  for (
    const text of [
      'HTTP/1.1 400 Bad Request\r\n',
      ':1x\r\n',
      '$999999999999\r\n',
      '\r\n',
      '*?\r\n',
      '%-x\r\n',
      '=3\r\ntxt\r\n',
    ]
  ) {
    const parser = new ReplyParser();
    parser.push(utf8.encode(text));
    assertThrows(() => parser.next(), ProtocolError);
  }
});

Deno.test('gives what RESP3 adds as Redis says it in RESP2, wherever the bytes are cut', () => {
  const bytes = utf8.encode(
    '_\r\n#t\r\n#f\r\n,-1.5e3\r\n,inf\r\n(3492890328409238509324850943850943825024385\r\n=8\r\ntxt:a\r\nb\r\n!10\r\nOOM a\r\nfew\r\n' +
      '%2\r\n+one\r\n:1\r\n$3\r\ntwo\r\n~2\r\n#t\r\n_\r\n%0\r\n>2\r\n+invalidate\r\n*1\r\n+key\r\n>0\r\n' +
      '*2\r\n|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n|0\r\n!4\r\nNO x\r\n+last\r\n',
  );
  for (let cut = 0; cut <= bytes.length; cut++) {
    const [none, yes, no, double, infinite, big, verbatim, error, map, empty, array, last, ...rest] = parseCutAt(
      bytes,
      cut,
    );
    assertEquals([none, yes, no, double, infinite], [null, 1, 0, '-1.5e3', 'inf']);
    assertEquals([big, verbatim], ['3492890328409238509324850943850943825024385', 'a\r\nb']);
    assertEquals([(error as RedisError).message, (error as RedisError).code], ['OOM a\r\nfew', 'OOM']);
    assertEquals([map, empty, last, rest], [['one', 1, 'two', [1, null]], [], 'last', []]);
    const [value, inner] = array as Reply[];
    assertEquals([value, (inner as RedisError).message], ['v', 'NO x']);
  }
});

Deno.test('keeps the errors of RESP3 where strings are passed over', () => {
  const parser = new ReplyParser();
  parser.push(utf8.encode('*3\r\n$1\r\na\r\n!9\r\nWRONGTYPE\r\n%1\r\n$1\r\nb\r\n_\r\n'));
  const [text, error, map] = parser.next('skipped') as Reply[];
  assertEquals([text, (error as RedisError).code, map], [null, 'WRONGTYPE', [null, null]]);
});

Deno.test('encodes commands as the parser reads them', () => {
  const commands: Command[] = [
    ['PING'],
    ['SET', 'größe', 12],
    ['X', '', 'emoji 👍', 'lone \ud800 half', 'ü'.repeat(2000), 1.5],
  ];
  const parsed = parseCutAt(encodeCommands(...commands), 7) as string[][];
  assertEquals(parsed, [
    ['PING'],
    ['SET', 'größe', '12'],
    ['X', '', 'emoji 👍', 'lone \ufffd half', 'ü'.repeat(2000), '1.5'],
  ]);
});

Deno.test('counts the commands in the buffer and starts over after taking them', () => {
  const buffer = new CommandBuffer().add(['PING']).add(['ECHO', Uint8Array.of(255, 0)]);
  assertEquals(buffer.count, 2);
  buffer.take();
  assertEquals([buffer.count, buffer.take().length], [0, 0]);
});

Deno.test('counts bytes as the encoder writes them', () => {
  for (const text of ['', 'abc', 'ü', '€', '👍', '\ud800', '\udc00a', 'a\ud83d']) {
    assertEquals(byteLength(text), utf8.encode(text).length);
  }
});
