/** Modules of a manifest on a local cluster with the operator's own Redis: each isolated, called by requests and by each other. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { main } from '../../cli/main.ts';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import { testIo } from '../support/io.ts';
import { startOperatorOnRedis } from '../support/local-operator.ts';
import { eventually } from '../support/wait.ts';

type Started = Awaited<ReturnType<typeof startOperatorOnRedis>>;
let started: Started;
const patience = 60_000;

beforeAll(async () => {
  started = await startOperatorOnRedis();
});
afterAll(async () => await started.stop());

interface Answer {
  readonly code: number;
  readonly data?: unknown;
  readonly err?: { readonly message: string };
}

async function call(type: string, name: string, ...args: unknown[]): Promise<Answer> {
  const [module = '', functionName = ''] = name.split('.');
  return await send(type, { module, function: functionName, data: JSON.stringify(args) });
}

async function send(type: string, fields: Record<string, string>): Promise<Answer> {
  const { client } = started.redis;
  const ref = randomUUID();
  await client.xadd(`${type}:req:x`, '*', ...Object.entries({ ref, type, ...fields }).flat());
  return await eventually(`${JSON.stringify(fields)} is answered`, async () => {
    const reply = await client.rpop(`res:${ref}`);
    return reply === null ? undefined : JSON.parse(reply) as Answer;
  }, patience);
}

async function apply(name: string, spec: object): Promise<void> {
  await started.operator.cluster.apply({
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name, namespace: 'default' },
    spec: { runtime: 'Modules', ...spec },
  }, 'user');
}

async function startHttp(): Promise<{ readonly port: number; readonly url: string; close(): void }> {
  const server = createServer((_, response) => response.end('here'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

const module = (name: string, inline: string, more: object = {}) => ({ name, source: { inline }, ...more });

test('the example runs: a module answers requests, and calls another one that keeps what it knows', async () => {
  const manifest = parse(await readFile('examples/modules.yaml', 'utf8')) as KubeObject;
  await started.operator.cluster.apply(
    { ...manifest, metadata: { ...manifest.metadata, namespace: 'default' } },
    'user',
  );
  expect(await call('modules', 'greeting.hello', 'Ada')).toMatchObject({ code: 200, data: 'Hello Ada, visit 1' });
  expect(await call('modules', 'greeting.hello', 'Ada')).toMatchObject({ code: 200, data: 'Hello Ada, visit 2' });
  const { modules } = await eventually('the status tells', async () => {
    const status = await started.operator.status('modules');
    return status.modules?.[1]?.calls === 2 && (status.modules[0]?.memoryMiB ?? 0) > 0 && status;
  }, patience);
  expect(modules).toEqual([
    { name: 'greeting', state: 'Running', calls: 2, errors: 0, restarts: 0, memoryMiB: expect.any(Number) as number },
    { name: 'visits', state: 'Running', calls: 2, errors: 0, restarts: 0, memoryMiB: expect.any(Number) as number },
  ]);
  await started.operator.told('modules', 'Ready', 'True');
});

test('what a module returns and throws becomes the reply: values, codes, retries and dead letters as with a handler', async () => {
  const { client } = started.redis;
  await apply('replies', {
    handler: { maxAttempts: 2, backoff: { initialMs: 10, maxMs: 10 } },
    modules: [
      module(
        'm',
        `import { DoNotRetry, Reply } from 'redisworker';
        let tries = 0;
        export const add = (one, other) => one + other;
        export const nothing = () => undefined;
        export const page = () => Response.json({ made: true }, { status: 201 });
        export const forbidden = () => { throw new Response('not you', { status: 403 }); };
        export const missing = () => { throw new Reply(404, 'no such thing'); };
        export const fails = () => { tries++; throw new RangeError('on purpose'); };
        export const tried = () => tries;
        export const never = () => { tries++; throw new DoNotRetry('closed'); };
        export const slow = (ms) => new Promise((resolve) => setTimeout(resolve, ms));`,
        { timeoutSeconds: 1 },
      ),
    ],
  });
  expect(await call('replies', 'm.add', 1, 2)).toMatchObject({ code: 200, data: 3 });
  const nothing = await call('replies', 'm.nothing');
  expect([nothing.code, 'data' in nothing]).toEqual([200, false]);
  expect(await call('replies', 'm.page')).toMatchObject({ code: 201, data: { made: true } });
  expect(await call('replies', 'm.forbidden')).toMatchObject({ code: 403, err: { message: 'not you' } });
  expect(await call('replies', 'm.missing')).toMatchObject({ code: 404, err: { message: 'no such thing' } });
  expect(await call('replies', 'm.fails')).toMatchObject({ code: 500, err: { message: 'on purpose' } });
  expect(await call('replies', 'm.tried')).toMatchObject({ data: 2 });
  expect(await call('replies', 'm.never')).toMatchObject({ code: 500, err: { message: 'closed' } });
  expect(await call('replies', 'm.tried')).toMatchObject({ data: 3 });
  expect(await call('replies', 'm.slow', 30_000)).toMatchObject({ code: 504 });
  expect(await client.xlen('replies:dead:x')).toBe(3);
  expect((await call('replies', 'm.none')).err?.message).toBe('Function not found: none() in m.ts');
  expect(await call('replies', 'm.none')).toMatchObject({ code: 404 });
  expect(await call('replies', 'other.none')).toMatchObject({
    code: 404,
    err: { message: 'there is no module "other": there are m' },
  });
  expect(await send('replies', { data: '[]' })).toMatchObject({ code: 400 });
  expect(await send('replies', { module: 'm', function: 'add', data: '{}' })).toMatchObject({ code: 400 });
  expect(await send('replies', { module: 'm', function: 'add', data: '{' })).toMatchObject({ code: 400 });
});

const hostile = `
  import { brokerProxy } from 'redisworker/broker/worker';
  const other = brokerProxy().workerProxy('./victim.ts');
  let visits = 0;
  export const count = () => ++visits;
  export const attempt = async (what, argument) => {
    try {
      return { got: await attempts[what](argument) };
    } catch (error) {
      return { refused: error.name, code: error.code };
    }
  };
  const attempts = {
    fetch: async (url) => await (await fetch(url)).text(),
    redis: async (port) => await Deno.connect({ hostname: '127.0.0.1', port }),
    read: () => Deno.readTextFile(new URL('./victim.ts', import.meta.url)),
    environ: () => Deno.readTextFile('/proc/self/environ'),
    passwd: () => import('file:///etc/passwd', { with: { type: 'text' } }),
    env: () => Deno.env.get('GIVEN'),
    run: () => new Deno.Command('deno', { args: ['eval', '1'] }).output(),
    call: (name) => other[name](),
    outside: () => brokerProxy().workerProxy('data:text/javascript,export const f = () => 1').f(),
    segregated: () => brokerProxy().workerProxy(['./victim.ts', 'mine']).whoCalls(),
  };
  export const forge = (target) => {
    const message = { kind: 'call', id: 4000000, target, functionName: 'whoCalls', values: [], source: target };
    postMessage({ broker: 'redisworker.broker/1', message });
  };
  export const busy = () => { for (;;); };
  export const kill = () => Deno.kill(Deno.pid, 'SIGKILL');
  export const leave = () => Deno.exit(3);
  export const fill = () => { const all = []; for (;;) all.push(new Array(1000000).fill(all.length + 0.5)); };
  export const later = () => void setTimeout(() => { throw new Error('much later'); });
`;
const victim = `
  const callers = [];
  export function whoCalls() { callers.push(this.sourceModule?.replace(/.*[/]/, '') ?? 'request'); return callers.at(-1); }
  export const seen = () => callers;
  export const secret = () => 'secret';
  export const env = () => Deno.env.get('GIVEN') ?? 'none';
  export const fetches = async (url) => await (await fetch(url)).text();
`;

test('a module gets done what its own part of the permissions and mayCall allow, and nothing else', async () => {
  const server = await startHttp();
  const { port } = started.redis;
  await apply('scopes', {
    permissions: { net: [`127.0.0.1:${server.port}`], env: ['GIVEN'] },
    modules: [
      module('victim', victim, { permissions: { net: [`127.0.0.1:${server.port}`], env: ['GIVEN'] } }),
      module('hostile', hostile, { mayCall: ['victim.whoCalls'] }),
    ],
  });
  const attempt = async (what: string, argument: unknown = '') =>
    (await call('scopes', 'hostile.attempt', what, argument)).data;
  expect(await call('scopes', 'victim.fetches', server.url)).toMatchObject({ data: 'here' });
  expect(await attempt('fetch', server.url)).toMatchObject({ refused: 'NotCapable' });
  expect(await attempt('redis', port)).toMatchObject({ refused: 'NotCapable' });
  expect(await attempt('read')).toMatchObject({ refused: 'NotCapable' });
  expect(await attempt('environ')).toMatchObject({ refused: 'NotCapable' });
  expect(await attempt('passwd')).toMatchObject({ refused: 'TypeError' });
  expect(await attempt('env')).toMatchObject({ refused: 'NotCapable' });
  expect(await attempt('run')).toMatchObject({ refused: 'NotCapable' });
  expect(await attempt('call', 'whoCalls')).toEqual({ got: 'hostile.ts' });
  expect(await attempt('call', 'secret')).toMatchObject({ code: 'NotAllowed' });
  expect(await attempt('outside')).toMatchObject({ code: 'NotAllowed' });
  expect(await attempt('segregated')).toMatchObject({ code: 'NotAllowed' });
  const folder = 'file:///tmp/redisworker-modules';
  expect(await call('scopes', 'hostile.forge', `${folder}/victim.ts`)).toMatchObject({ code: 200 });
  expect(await call('scopes', 'victim.whoCalls')).toMatchObject({ data: 'request' });
  expect(await call('scopes', 'victim.seen')).toMatchObject({ data: ['hostile.ts', 'request'] });
  server.close();
});

test('a module that loops, kills itself, leaves, fills its memory or fails later ends alone', async () => {
  await apply('ends', {
    handler: { timeoutSeconds: 120 },
    modules: [
      module('hostile', hostile, { timeoutSeconds: 100 }),
      module('looping', hostile, { timeoutSeconds: 1 }),
      module('victim', victim),
    ],
  });
  await call('ends', 'victim.whoCalls');
  expect(await call('ends', 'looping.busy')).toMatchObject({ code: 504 });
  expect((await call('ends', 'hostile.kill')).err?.message).toMatch(
    /^hostile.ts ended: its process was ended by SIGKILL$/,
  );
  expect((await call('ends', 'hostile.leave')).err?.message).toMatch(/its process ended with code 3$/);
  expect((await call('ends', 'hostile.fill')).err?.message).toMatch(/its process had no memory left$/);
  expect(await call('ends', 'hostile.later')).toMatchObject({ code: 200 });
  const { modules } = await eventually('the ends are counted', async () => {
    const status = await started.operator.status('ends');
    return status.modules?.[0]?.restarts === 4 && status.modules[1]?.restarts === 1 && status;
  }, patience);
  expect(modules?.[0]).toMatchObject({ state: 'Failing', reason: 'hostile ended: its process ended with code 1' });
  expect(modules?.[1]).toMatchObject({
    state: 'Failing',
    reason: 'looping was ended: it did not answer within 1000 ms',
  });
  expect(await call('ends', 'hostile.count')).toMatchObject({ data: 1 });
  expect(await call('ends', 'victim.seen')).toMatchObject({ data: ['request'] });
  expect((await started.operator.status('ends')).consumers?.[0]?.restarts ?? 0).toBe(0);
});

test('a changed module is loaded anew alone, one that rests is ended, and threads do as processes do', async () => {
  const { cluster } = started.operator;
  const counter = (step: number) => `let n = 0; export const next = () => n += ${step};`;
  const changing = (inline: string) => ({
    modules: [
      { name: 'changing', source: { configMap: { name: 'changing', key: 'code' } } },
      module('kept', counter(1)),
      module('thread', inline, { isolation: 'Worker' }),
      module('resting', counter(1), { idleSeconds: 1 }),
    ],
  });
  const text = (data: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'changing', namespace: 'default' },
    data: { code: data },
  });
  await cluster.apply(text(counter(1)), 'user');
  await apply('reload', changing(counter(1)));
  const next = async (name: string) => (await call('reload', `${name}.next`)).data;
  for (const name of ['changing', 'kept', 'thread', 'resting']) expect([name, await next(name)]).toEqual([name, 1]);
  const [pod] = await started.operator.pods('reload');
  await cluster.apply(text(counter(10)), 'user');
  await eventually('the changed one is there', async () => Number(await next('changing')) % 10 === 0, patience);
  await apply('reload', changing(counter(100)));
  await eventually('the changed thread is there', async () => Number(await next('thread')) % 100 === 0, patience);
  expect(await next('kept')).toBe(2);
  expect((await started.operator.pods('reload')).map(({ metadata }) => metadata.uid)).toEqual([pod?.metadata.uid]);
  await eventually('the resting one has ended', async () => {
    const { modules = [] } = await started.operator.status('reload');
    return modules.find(({ name }) => name === 'resting')?.state === 'Idle';
  }, patience);
  expect(await next('resting')).toBe(1);
  await cluster.delete(resources.redisWorkers, { namespace: 'default', name: 'reload' }, {});
  await eventually(
    'nothing is left of it',
    async () =>
      await started.redis.client.exists('reload:modules:declared', 'reload:modules:states', 'reload:1:h') === 0,
    patience,
  );
});

test('a process that has answered its number of requests is replaced, with its modules', async () => {
  await apply('recycled', {
    stream: { requestLimit: 2 },
    modules: [module('m', 'let n = 0; export const next = () => ++n;')],
  });
  const seen: unknown[] = [];
  for (let at = 0; at < 4; at++) seen.push((await call('recycled', 'm.next')).data);
  expect(seen).toEqual([1, 2, 1, 2]);
  expect((await started.operator.status('recycled')).consumers?.[0]?.restarts ?? 0).toBe(0);
});

test('what a manifest says of a module that cannot be is told in its conditions', async () => {
  await apply('wrong', {
    permissions: { net: ['api.test:443'], env: ['A'] },
    modules: [
      module('m', 'export const f = () => 1', {
        permissions: { net: ['other.test'], env: ['B'] },
        mayCall: ['nobody.f'],
      }),
    ],
  });
  const message = await started.operator.told('wrong', 'Stalled', 'True', 'InvalidSpec');
  expect(message).toContain('spec.modules.m.permissions.net has other.test, which spec.permissions.net does not allow');
});

test('over HTTP the addresses of the example give what they give in the original', async () => {
  const server = await startHttp();
  const { operator } = started;
  const manifest = parse(
    (await readFile('examples/modules/worker.yaml', 'utf8')).replaceAll('example.com', `127.0.0.1:${server.port}`),
  ) as KubeObject;
  await operator.cluster.apply({ ...manifest, metadata: { name: 'modules-http', namespace: 'default' } }, 'user');
  const url = await eventually(
    'its address is told',
    async () => (await operator.status('modules-http')).http?.url,
    patience,
  );
  const get = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${url}${path}`, { redirect: 'manual', ...init });
    return `${answer.status} ${await answer.text()}`;
  };
  await eventually('a pod answers', () => fetch(`${url}/hello/world`).catch(() => undefined), patience);
  const seen: Record<string, string> = {};
  const paths = ['/hello/world', '/hello/world?name=Ada', '/test1/ok', '/test1/forbidden', '/test1/redirect'];
  for (const path of [...paths, '/test1/error', '/test1/none', '/none/none', '/', '/test1/fetched', '/test2/fetched']) {
    seen[path] = await get(path);
  }
  expect(seen).toEqual({
    '/hello/world': '200 "Hello World"',
    '/hello/world?name=Ada': '200 "Hello Ada"',
    '/test1/ok': '200 Fine',
    '/test1/forbidden': '403 Not for you',
    '/test1/redirect': '302 ',
    '/test1/error': '500 on purpose',
    '/test1/none': '404 Function not found: none() in test1.ts',
    '/none/none': '404 there is no module "none": there are hello, test1, test2, web',
    '/': '404 Not found: call /<module>/<function>\n',
    '/test1/fetched': '200 here',
    '/test2/fetched': '500 test2.ts may not call get() of web.ts',
  });
  const sequence = async (...asked: string[]) => {
    const answers: string[] = [];
    for (const path of asked) answers.push((await get(path)).replace('200 ', ''));
    return answers;
  };
  const isolated = ['test1/state', 'test1/state?set=foo', 'test1/state', 'test2/state', 'test2/state?set=bar'];
  expect(await sequence(...[...isolated, 'test2/state', 'test1/state'].map((path) => `/${path}`))).toEqual(
    ['"test1"', '"foo"', '"foo"', '"test2"', '"bar"', '"bar"', '"foo"'],
  );
  expect(await sequence('/test1/global', '/test1/global?set=a', '/test2/global', '/test1/global')).toEqual(
    ['204 ', '"a"', '204 ', '"a"'],
  );
  expect(await sequence('/test1/state?set=changed', '/test1/state', '/test1', '/test1/state', '/test2/state')).toEqual(
    ['"changed"', '"changed"', 'Module reloaded', '"test1"', '"bar"'],
  );
  expect(await sequence('/test1/state?id=ada&set=hers', '/test1/state?id=ada', '/test1/state?id=bob', '/test1/state'))
    .toEqual(['"hers"', '"hers"', '"test1"', '"test1"']);
  const json = { method: 'POST', headers: { 'content-type': 'application/json' } };
  expect(await get('/hello/world', { ...json, body: '[{"name":"Grace"}]' })).toBe('200 "Hello Grace"');
  expect(await get('/hello/world', { ...json, body: '{}' })).toMatch(/^400 /);
  expect(await get('/hello/world', { ...json, body: '{' })).toMatch(/^400 /);
  const withBytes = (bytes: number) => get('/hello/world', { ...json, body: `["${'x'.repeat(bytes - 4)}"]` });
  expect(await withBytes(1024 * 1024)).toBe('200 "Hello World"');
  expect(await withBytes(1024 * 1024 + 1)).toBe('413 A body has at most 1048576 bytes, and is sent within 30 s');
  for (let id = 0; id < 20; id++) expect(await get(`/test1/state?id=${id}`)).toBe('200 "test1"');
  expect(await get('/test1/state?id=ada')).toBe('200 "test1"'); // room was made for others
  server.close();
});

test('functions are called from the command line', async () => {
  const run = async (...words: string[]) => {
    const io = testIo({});
    const code = await main(['call', ...words, '--redis', started.redis.url], io);
    return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
  };
  const { code, out } = await run('modules', 'greeting.hello', '["Grace"]');
  expect([code, (JSON.parse(out) as Answer).data]).toEqual([0, 'Hello Grace, visit 1']);
  expect(await run('modules', 'greeting.none')).toMatchObject({
    code: 1,
    out: expect.stringContaining('404') as string,
  });
  expect(await run('modules', 'greeting')).toMatchObject({
    code: 2,
    err: expect.stringContaining('"greeting" names no function of a module: write module.function') as string,
  });
  expect(await run('modules', 'greeting.hello', '"Ada"')).toMatchObject({
    code: 2,
    err: expect.stringContaining(`the arguments must be a list: write '["Ada"]'`) as string,
  });
});
