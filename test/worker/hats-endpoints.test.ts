/** Endpoints of a HATS cluster, asked over HTTP: what the first workers of this kind answer, and what holds their scripts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHats, type TestHats, writeEndpoint } from '../support/hats.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

const patience = 90_000;
const cluster = 'web';
let redis: TestRedis;
let worker: TestHats;

beforeAll(async () => {
  redis = await startRedis();
  worker = await startHats({ on: redis, type: cluster, variables: { GIVEN: 'yes' } });
  await eventually('it answers', () => fetch(`${worker.url}/`).catch(() => undefined), patience);
});
afterAll(async () => {
  await worker.stop();
  await redis.stop();
});

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
  readonly headers: Headers;
}

async function ask(path: string, options: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(`${worker.url}${path}`, options);
  const { status, headers } = answer;
  return { status, type: headers.get('content-type'), body: await answer.text(), headers };
}
const endpoint = (path: string, source: string) => writeEndpoint(redis, cluster, path, source);
const plain = 'text/plain; charset=utf-8';

test.each([
  ['no script', 'no script', plain],
  ['<h1>Hi</h1> <? response.Write(1 + 1) ?>!', '<h1>Hi</h1> 2!', 'text/html; charset=utf-8'],
  ['100% of %d, <? var x = "a"; ?>, <? response.Write(x + "b") ?>', '100% of %d, , ab', plain],
  ['one <? response.Write("1") ?> two ?> three', 'one 1 two ?> three', plain],
  ['a <? b', 'a  b', plain],
  ['<? response.Write(_.uniq([1, 1, 2]).join() + (_ = 3)) ?>', '1,23', plain],
  ['response.Write("x") ?> y', 'x y', plain],
  ['{"a":<? response.Write(JSON.stringify([1])) ?>}', '{"a":[1]}', plain],
  ['  <!-- note -->', '  <!-- note -->', 'text/html; charset=utf-8'],
  ['<a><? response.SetContentType("text/css") ?>', '<a>', 'text/css'],
  ['<? response.SetHeader("Content-Type", "text/x-own"); response.Write("ü €") ?>', 'ü €', 'text/x-own'],
])('the template %j answers %j', async (source, body, type) => {
  await endpoint('/template', source);
  expect(await ask('/template')).toMatchObject({ status: 200, body, type });
});

test('a script is told of its request, and says what is answered', async () => {
  await endpoint(
    '/seen',
    `<? response.SetHeader('X-Seen', request.GetHeader('x-ASKED')); response.Write(JSON.stringify([request.Method,
      request.Path, request.Query, request.Body, request.GetHeader('none'), typeof thread, typeof job, worker.Name,
      env.Get('GIVEN'), redis.Do('INCR', 'web:asked')])) ?>`,
  );
  const { headers, body } = await ask('/seen?a=1&b=x%20y&a=2+3', {
    method: 'PUT',
    body: 'given',
    headers: { 'X-Asked': 'why' },
  });
  expect([headers.get('x-seen'), JSON.parse(body)]).toEqual([
    'why',
    ['PUT', '/seen', { a: ['1', '2 3'], b: ['x y'] }, 'given', '', 'undefined', 'undefined', worker.name, 'yes', 1],
  ]);
});

test('paths count to the letter, are escaped in keys and to scripts, and nothing else answers', async () => {
  const key = await endpoint('/a&b', '<? response.Write(request.Path) ?>');
  expect(key).toBe('web:Endpoints:/a&amp;amp;b');
  expect((await ask('/a&b')).body).toBe('/a&amp;b');
  expect((await ask('/a%26b')).body).toBe('/a&amp;b');
  for (const path of ['/a&b/', '/A&b', '/none', '/a&amp;amp;b']) {
    expect(await ask(path)).toMatchObject({ status: 404, type: plain, body: 'Endpoint not found\n' });
  }
  expect((await ask('/%zz')).status).toBe(400);
  await redis.client.hset(key, 'Status', 'disabled');
  expect((await ask('/a&b')).status).toBe(404);
});

test('an endpoint keeps nothing between two requests, and a changed one counts at once', async () => {
  await endpoint('/count', '<? var n = (typeof n === "undefined" ? 0 : n) + 1; response.Write(n) ?>');
  expect([(await ask('/count')).body, (await ask('/count')).body]).toEqual(['1', '1']);
  await endpoint('/count', 'changed');
  expect((await ask('/count')).body).toBe('changed');
});

test('response.Error leaves out all that was written, and what a script throws is told to whoever asks, in its hash and in the stream', async () => {
  await endpoint('/refuse', 'before <? response.SetHeader("X-Why", "no"); response.Error("not you", 403) ?> after');
  const refused = await ask('/refuse');
  expect([refused.status, refused.body, refused.type]).toEqual([403, 'not you\n', plain]);
  expect([refused.headers.get('x-why'), refused.headers.get('x-content-type-options')]).toEqual(['no', 'nosniff']);
  const failures = {
    '/throws': ['before <? throw new Error("boom") ?> after', 'Error: boom', '1:17'],
    '/unknown': ['two\nlines <?\nnothing() ?>', "ReferenceError: 'nothing' is not defined", '3:1'],
    '/broken': ['<? var = 1 ?>', '(anonymous): Line 1:8 Unexpected token =', '1:8'],
  } as const;
  for (const [path, [source, error, at]] of Object.entries(failures)) {
    const key = await endpoint(path, source);
    expect(await ask(path)).toMatchObject({ status: 500, body: `${error}\n`, type: plain });
    await eventually('the hash tells', async () => await redis.client.hget(key, 'Error') === error, patience);
    expect(await redis.client.hget(key, 'ErrorAt')).toBe(at);
    const told = (await redis.client.xrevrange('web:res:x', '+', '-', 'COUNT', 50)).map(([, fields]) => fields);
    const entry = told.find((fields) => fields[fields.indexOf('ref') + 1]?.startsWith(`Endpoints:${path}:`)) ?? [];
    expect(entry).toEqual(expect.arrayContaining(['code', '500', 'consumer', '1']));
    expect(entry[entry.indexOf('res') + 1]).toContain(JSON.stringify(error).slice(1, -1));
  }
  await endpoint('/write', '<? response.Write() ?>');
  expect((await ask('/write')).body).toBe('RangeError: response.Write takes a text\n');
  const key = await endpoint('/throws', 'well again');
  expect((await ask('/throws')).body).toBe('well again');
  await eventually('its error is gone', async () => await redis.client.hget(key, 'Error') === '', patience);
});

test('one that burns its processor or fills its memory ends alone, and many are answered meanwhile', async () => {
  await endpoint('/burns', '<? for (;;) {} ?>');
  await endpoint('/fills', '<? var all = []; for (;;) all.push(new Array(1e5).fill(1)) ?>');
  await endpoint('/long', '<? for (;;) response.Write(new Array(1e6).join("x")) ?>');
  await endpoint('/quick', '<? response.Write(redis.Do("INCR", "web:quick")) ?>');
  const leaving = new AbortController();
  const burning = [1, 2].map(() => ask('/burns', { signal: leaving.signal }).catch(() => 'left'));
  const full = ask('/fills');
  const quick = await Promise.all(Array.from({ length: 40 }, () => ask('/quick')));
  expect(new Set(quick.map(({ body }) => Number(body))).size).toBe(40);
  expect(await full).toMatchObject({ status: 500, body: 'RangeError: the script holds more than 64 MiB\n' });
  expect((await ask('/long')).body).toBe('RangeError: the answer is longer than 4194304 characters\n');
  leaving.abort();
  expect(await Promise.all(burning)).toEqual(['left', 'left']);
  expect((await ask('/quick')).status).toBe(200);
});

test('a body that is too long is refused', async () => {
  await endpoint('/body', '<? response.Write(request.Body.length) ?>');
  expect((await ask('/body', { method: 'POST', body: 'x'.repeat(1024 * 1024) })).body).toBe('1048576');
  expect((await ask('/body', { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) })).status).toBe(413);
});

test('one that is to stop is not ready, tells its scripts, answers what it was asked, and ends', async () => {
  const going = await startHats({ on: redis, type: 'going', graceSeconds: 10 });
  await writeEndpoint(
    redis,
    'going',
    '/slow',
    '<? redis.Blpop(20, "going:go"); response.Write(worker.ShuttingDown) ?>',
  );
  await eventually('it answers', () => fetch(`${going.url}/`).catch(() => undefined), patience);
  const ready = async () => (await fetch(`${going.healthUrl}/readyz`)).status;
  await eventually('it is ready', async () => await ready() === 200, patience);
  const asked = fetch(`${going.url}/slow`).then((answer) => answer.text());
  await eventually('its script waits', async () => {
    return ((await redis.client.client('LIST')) as string).includes('cmd=blpop');
  }, patience);
  going.child.kill('SIGTERM');
  await eventually('it is not ready', async () => await ready() === 503, patience);
  await redis.client.rpush('going:go', 'now');
  expect(await asked).toBe('true');
  expect(await going.ended).toBe(0);
});
