import { backoffMs } from '../pod/backoff.ts';
import { DoNotRetry, Reply } from '../mod.ts';
import { type Attempt, decide, type Ended } from './outcome.ts';
import { assertEquals, assertThrows } from '../testing/assert.ts';
import { oddValues } from '../testing/odd-values.ts';

const answerer = { ref: 'r', source: 'demo', time: '2026-01-02T03:04:05.678Z' };
const bare = '{"ref":"r","code":200,"source":"demo","time":"2026-01-02T03:04:05.678Z"';
const policy = { maxAttempts: 3, backoff: { initialMs: 100, maxMs: 1000 }, timeoutSeconds: 2 };
const first: Attempt = { attempt: 1, policy, nowMs: 5000, random: 0 };
const last: Attempt = { ...first, attempt: 3 };
const returned = (value: unknown): Ended => ({ kind: 'returned', value });
const threw = (error: unknown): Ended => ({ kind: 'threw', error });

Deno.test('what a handler returns is the data of a reply with code 200', () => {
  assertEquals(decide(returned({ a: 1 }), answerer, first), {
    answer: { code: 200, json: `${bare},"data":{"a":1}}`, told: `${bare},"data":{"a":1}}` },
  });
  assertEquals(decide(returned(undefined), answerer, first).answer?.json, `${bare}}`);
  assertEquals(decide(returned(null), answerer, first).answer?.json, `${bare},"data":null}`);
});

Deno.test('what nobody is told of is not looked at, but for the code of a Reply, and failures are', () => {
  const cycle: Record<string, unknown> = {};
  cycle['itself'] = cycle;
  const isUntold = (code: number) => code < 300;
  const codeOf = (ended: Ended, attempt = first) => decide(ended, answerer, attempt, isUntold).answer;
  assertEquals(codeOf(returned(cycle)), { code: 200, json: '', told: '' });
  assertEquals(codeOf(returned(new Reply(204, cycle))), { code: 204, json: '', told: '' });
  assertEquals(codeOf(returned(new Reply(404, 'none')))?.json.includes('none'), true);
  assertEquals(codeOf(threw(new Error('no')), last)?.json.includes('no'), true);
  const noCode = { [Symbol.for('redisworker.Reply')]: true, code: 20, body: cycle };
  assertEquals(codeOf(returned(noCode))?.code, 500);
});

Deno.test('a long reply is told without its data elsewhere', () => {
  const { answer } = decide(returned('x'.repeat(20_000)), answerer, first);
  assertEquals([(answer?.json.length ?? 0) > 20_000, answer?.told], [true, `${bare}}`]);
});

Deno.test('an error is tried again later, and after the last attempt set aside and answered', () => {
  assertEquals(decide(threw(new Error('no')), answerer, first), { failed: 'no', retryAt: 5050 });
  assertEquals(decide(threw(new Error('no')), answerer, { ...first, attempt: 2 }).retryAt, 5100);
  const outcome = decide(threw(new Error('no')), answerer, last);
  assertEquals([outcome.dead, outcome.answer?.code, outcome.retryAt], ['no', 500, undefined]);
});

Deno.test('a timeout counts as a failed attempt', () => {
  assertEquals(decide({ kind: 'timedOut' }, answerer, first).retryAt, 5050);
  const outcome = decide({ kind: 'timedOut' }, answerer, last);
  assertEquals([outcome.dead, outcome.answer?.code], ['the handler did not finish within 2 s', 504]);
});

Deno.test('a Reply is final, thrown or returned', () => {
  for (const ended of [returned(new Reply(503, 'later')), threw(new Reply(503, 'later'))]) {
    const outcome = decide(ended, answerer, first);
    assertEquals([outcome.answer?.code, outcome.dead, outcome.retryAt], [503, undefined, undefined]);
    assertEquals(JSON.parse(outcome.answer?.json ?? '').err, { message: 'later' });
  }
  assertEquals(JSON.parse(decide(returned(new Reply(201, [1])), answerer, first).answer?.json ?? '').data, [1]);
  assertEquals(JSON.parse(decide(returned(new Reply(404)), answerer, first).answer?.json ?? '').err, {
    message: 'code 404',
  });
});

Deno.test('a Reply outside 200 to 299 carries an error, as it counts as failed everywhere', () => {
  for (const code of [100, 199, 300, 302, 399]) {
    const { data, err } = JSON.parse(
      decide(returned(new Reply(code, { to: '/' })), answerer, first).answer?.json ?? '',
    );
    assertEquals([data, err], [{ to: '/' }, { message: `code ${code}` }]);
  }
});

Deno.test('DoNotRetry and results that are no JSON are set aside at once', () => {
  for (
    const ended of [
      threw(new DoNotRetry('closed')),
      returned(1n),
      returned(Symbol('s')),
      returned(new Reply(200, () => 1)),
    ]
  ) {
    const outcome = decide(ended, answerer, first);
    assertEquals([typeof outcome.dead, outcome.answer?.code, outcome.retryAt], ['string', 500, undefined]);
  }
});

Deno.test('whatever is thrown becomes a message', () => {
  const message = (error: unknown) => JSON.parse(decide(threw(error), answerer, last).answer?.json ?? '').err.message;
  assertEquals([message('text'), message(undefined), message({ a: 1 }), message(new TypeError())], [
    'text',
    'undefined',
    '{ a: 1 }',
    'TypeError',
  ]);
  assertEquals(message(new Error('x'.repeat(10_000))).length, 4096);
});

Deno.test('the code of a Reply is checked where it is made', () => {
  for (const code of [0, 99, 1000, 200.5, NaN]) assertThrows(() => new Reply(code), RangeError);
});

Deno.test('waits double up to their bound, and clock takes at most half', () => {
  const bounds = { initialMs: 100, maxMs: 1000 };
  assertEquals([1, 2, 3, 4, 5, 100].map((failures) => backoffMs(failures, bounds, 0.999_999)), [
    100,
    200,
    400,
    800,
    1000,
    1000,
  ]);
  assertEquals([1, 2, 100].map((failures) => backoffMs(failures, bounds, 0)), [50, 100, 500]);
});

Deno.test('whatever a handler returns or throws, its caller gets an answer that is JSON', () => {
  for (const value of oddValues(2000)) {
    for (const ended of [returned(value), threw(value)]) {
      const { answer } = decide(ended, answerer, last);
      assertEquals(JSON.parse(answer?.json ?? '').code, answer?.code);
    }
  }
});

Deno.test('an error whose message is no text is answered with what it is', () => {
  const message = (more: object) =>
    JSON.parse(decide(threw(Object.assign(new Error('x'), more)), answerer, last).answer?.json ?? '').err.message;
  assertEquals([message({ message: { code: 42 } }), message({ message: 5 }), message({ name: null })], [
    '{ code: 42 }',
    '5',
    'x',
  ]);
});

Deno.test('a Reply of another copy of our module counts, and one with an impossible code is an error', () => {
  const foreign = (code: unknown, body?: unknown) => ({ [Symbol.for('redisworker.Reply')]: true, code, body });
  assertEquals(decide(returned(foreign(404, 'none')), answerer, last).answer?.code, 404);
  for (const code of [42, '200', undefined, 1e9]) {
    assertEquals(decide(threw(foreign(code)), answerer, last).answer?.code, 500);
  }
});

Deno.test('an Error as the body of a Reply is its message', () => {
  assertEquals(JSON.parse(decide(threw(new Reply(409, new Error('taken'))), answerer, last).answer?.json ?? '').err, {
    message: 'taken',
  });
});

async function* pages() {
  yield await Promise.resolve(1);
}

Deno.test('a result that JSON would lose is refused, wherever it is inside, with what to return instead', () => {
  const lost: readonly [unknown, RegExp][] = [
    [new Map(), /return Object.fromEntries/],
    [new Set([1]), /return \[...set\]/],
    [new Response('x'), /await response.json\(\)/],
    [new ReadableStream(), /read it to its end/],
    [new Error('returned'), /throw it/],
    [Promise.resolve(1), /await it/],
    [new Uint8Array(3), /toBase64/],
    [new ArrayBuffer(3), /toBase64/],
    [pages(), /Array.fromAsync/],
    [/x/, /return its source/],
    [Object.assign(new Error('not found'), { code: 'ENOENT' }), /throw it/],
    [new Map([[1, 2]]).keys(), /return \[...it\]/],
    [new Set([1]).values(), /return \[...it\]/],
    [[1].values().map((one) => one), /return \[...it\]/],
    [12n, /BigInt; return String\(value\)/],
  ];
  for (const [value, advice] of lost) {
    for (const result of [value, { a: [{}, value] }, new Reply(200, { a: value }), new Reply(409, { a: value })]) {
      const outcome = decide(returned(result), answerer, first);
      assertEquals([outcome.answer?.code, outcome.retryAt], [500, undefined]);
      assertEquals(advice.test(outcome.dead ?? ''), true);
    }
  }
});

Deno.test('what JSON carries as it is goes out, empty objects and values with a toJSON of their own too', () => {
  const data = (value: unknown) => JSON.parse(decide(returned(value), answerer, first).answer?.json ?? '').data;
  assertEquals(data({ empty: {}, none: null, list: [{}], numbered: { 0: 'a' } }), {
    empty: {},
    none: null,
    list: [{}],
    numbered: { 0: 'a' },
  });
  assertEquals(data([1, 'a', { b: null }]), [1, 'a', { b: null }]);
  assertEquals(
    data({
      at: new Date(0),
      to: new URL('http://a/'),
      own: new (class {
        x = {};
      })(),
    }),
    { at: '1970-01-01T00:00:00.000Z', to: 'http://a/', own: { x: {} } },
  );
});
