/**
 * Programs of the older contracts as their repositories have them, and a handler in the place of one, run by `up` from
 * addresses, releases and a folder. What they import from deno.land is served here, which a map tells: their text stays.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { configHashKey, replyListKey, requestStreamKey, responseStreamKey, traceHashKey } from '../../contract/keys.ts';
import { type CodeServer, startCodeServer } from '../support/code-server.ts';
import { type TestIo, testIo } from '../support/io.ts';
import { olderProgram, serveDenoLand, vendorDenoLand } from '../support/older-programs.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

const name = `older-${process.pid}`;
const patience = 300_000;
/** What the program has in its text. */
const dateUrl = 'https://raw.githubusercontent.com/example/deno-date-iso/main/worker.ts';

let folder: string;
let redis: TestRedis;
let host: CodeServer;
let up: TestIo;
let running: Promise<number>;
const end = Promise.withResolvers<undefined>();

const worker = (type: string, spec: string): string =>
  `---\napiVersion: redisworker.dev/v1alpha1\nkind: RedisWorker\nmetadata: { name: ${type} }\nspec:\n${spec}\n`;

function manifests({ url }: CodeServer): string {
  const map = JSON.stringify({ imports: { 'https://deno.land/': `${url}/deno.land/` } });
  const importMap = 'importMap: { name: deno-land, key: map }';
  const release = (version: string): string =>
    `release: { repo: '${url}/repo', class: deno-date-iso, version: ${version} }`;
  return [
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: deno-land }\ndata:\n  map: '${map}'\n`,
    `---\napiVersion: v1\nkind: Secret\nmetadata: { name: words }\nstringData: { greeting: Good day }\n`,
    worker(
      'demo-worker',
      `  runtime: Script\n  secretRef: { name: words }\n  stream: { requestLimit: 2 }\n  source:\n    url: ${url}/demo/worker.ts\n    ${importMap}`,
    ),
    worker('date-release', `  runtime: Script\n  source:\n    ${release('v0.0.3')}\n    ${importMap}`),
    worker(
      'date-local',
      '  runtime: Script\n  source:\n    release: { repo: ./repo, class: deno-date-iso, version: local }',
    ),
    worker('date-handler', `  source:\n    ${release('v1.0.0')}`),
  ].join('');
}

beforeAll(async () => {
  [folder, redis, host] = await Promise.all([mkdtemp(join(tmpdir(), 'rw-older-')), startRedis(), startCodeServer()]);
  serveDenoLand(host);
  host.routes.set('/demo/worker.ts', olderProgram('demo-worker'));
  host.routes.set('/repo/deno-date-iso/v0.0.3/worker.ts', olderProgram('deno-date-iso'));
  host.routes.set('/repo/deno-date-iso/v1.0.0/worker.ts', 'export default () => new Date();\n');
  await mkdir(join(folder, 'repo/deno-date-iso'), { recursive: true });
  await writeFile(join(folder, 'repo/deno-date-iso/worker.ts'), olderProgram('deno-date-iso'));
  await writeFile(join(folder, 'repo/deno.json'), '{ "imports": { "https://deno.land/": "./vendor/deno.land/" } }');
  vendorDenoLand(join(folder, 'repo/vendor/deno.land'));
  await writeFile(join(folder, 'workers.yaml'), manifests(host));
  const environment = { runtimeFolder: folder };
  up = testIo({ environment, interrupted: () => end.promise });
  running = main(['up', join(folder, 'workers.yaml'), '--redis', redis.url, '--no-page', '--name', name], up);
  const waiting = testIo({ environment });
  const code = await main(['wait', '--timeout', '280', '--name', name], waiting);
  expect(code, [...up.printed, ...up.failures, ...waiting.failures].join('\n')).toBe(0);
}, patience + 10_000);
afterAll(async () => {
  end.resolve(undefined);
  await running;
  await Promise.all([redis.stop(), host.close(), rm(folder, { recursive: true })]);
}, patience);

let asked = 0;

/** Asks as older callers do: they wait for the list of the reply. */
async function ask(type: string, fields: Record<string, string>): Promise<Record<string, unknown>> {
  const ref = `${type}-${(asked += 1)}`;
  await redis.client.xadd(requestStreamKey(type), '*', ...Object.entries({ ref, ...fields }).flat());
  const reply = await eventually(`"${type}" replies`, () => redis.client.rpop(replyListKey(ref)), 120_000);
  return { ...JSON.parse(reply) as Record<string, unknown>, asked: ref };
}

async function pidOf(type: string): Promise<string | null> {
  return await redis.client.hget(configHashKey(type, '1'), 'pid');
}

const isTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
const fieldsOf = (words: readonly string[]): Record<string, string> =>
  Object.fromEntries(words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? '']] : [])));

async function responseTo(type: string, ref: unknown): Promise<Record<string, string> | undefined> {
  const entries = await redis.client.xrange(responseStreamKey(type), '-', '+');
  return entries.map(([, words]) => fieldsOf(words)).find((one) => one['ref'] === ref);
}

describe.each(['date-release', 'date-local'])('a program of a repository, as %s', (type) => {
  test(
    'answers callers that name its address, and refuses others as it always did',
    { timeout: patience },
    async () => {
      const told = await ask(type, { workerUrl: dateUrl });
      expect(told).toEqual({ code: 200, data: isTime, asked: told['asked'] });
      expect(await responseTo(type, told['asked'])).toEqual({
        ref: told['asked'],
        workerUrl: dateUrl,
        code: '200',
        xid: expect.stringMatching(/^\d+-\d+$/),
      });
      expect(await ask(type, { workerUrl: 'https://example.com/' })).toMatchObject({
        code: 400,
        err: 'workerUrl',
        workerUrl: dateUrl,
      });
    },
  );

  test('is stopped by its pid, and comes back as another process', { timeout: patience }, async () => {
    const pid = await eventually('it has a pid', () => pidOf(type), 60_000);
    await redis.client.hdel(configHashKey(type, '1'), 'pid');
    await eventually('another process is there', async () => {
      const found = await pidOf(type);
      return found !== null && found !== pid;
    }, 120_000);
    expect(await ask(type, { workerUrl: dateUrl })).toMatchObject({ code: 200 });
  });
});

test('hashes tell programs which release they are', async () => {
  const [released, local] = await Promise.all(
    ['date-release', 'date-local'].map((type) => redis.client.hgetall(configHashKey(type, '1'))),
  );
  const url = `${host.url}/repo/deno-date-iso/v0.0.3/worker.ts`;
  expect(released).toMatchObject({ repo: `${host.url}/repo`, class: 'deno-date-iso', version: 'v0.0.3', url });
  expect(local).toMatchObject({ repo: './repo', class: 'deno-date-iso', version: 'local' });
});

describe('a program at an address', () => {
  const type = 'demo-worker';
  test('answers callers that name its type, with a secret it has decrypted', { timeout: patience }, async () => {
    const told = await ask(type, { type, data: '{"name":"Ada"}' });
    const ref = told['asked'];
    const reply = { ref, source: type, message: 'Good day, Ada!', code: 200, time: isTime };
    expect(told).toEqual({ ...reply, asked: ref });
    const response = await responseTo(type, ref);
    expect(response).toEqual({ ref, type, xid: expect.stringMatching(/^\d+-\d+$/), res: expect.any(String) });
    expect(JSON.parse(response?.['res'] ?? '')).toEqual(reply);
    const trace = await redis.client.hget(traceHashKey(String(ref)), `${type}Trace`);
    expect(JSON.parse(trace ?? '')).toEqual({
      received: expect.any(Number),
      completed: expect.any(Number),
      res: response?.['res'],
    });
  });

  test('is replaced after as many requests as its hash says, and after one that it cannot bear', {
    timeout: patience,
  }, async () => {
    await redis.client.xadd(requestStreamKey(type), '*', 'type', type, 'data', 'it has no reference');
    for (const who of ['one', 'two', 'three', 'four', 'five']) {
      expect(await ask(type, { type, data: JSON.stringify({ name: who }) })).toMatchObject({
        code: 200,
        message: `Good day, ${who}!`,
      });
    }
    expect(await ask(type, { type, data: 'no JSON' })).toMatchObject({ code: 500, payload: 'no JSON' });
  });

  test('has its responses counted, which have their code inside', { timeout: patience }, async () => {
    await eventually('all are counted', async () => {
      const told = testIo({ environment: { runtimeFolder: folder } });
      await main(['status', type, '-o', 'json', '--name', name], told);
      const { status } = JSON.parse(told.printed.join('\n')) as { status: { responses?: Record<string, unknown> } };
      const { total, succeeded, failed } = status.responses ?? {};
      return total === 7 && succeeded === 6 && failed === 1;
    }, 60_000);
  });
});

describe('a handler that takes the place of a program', () => {
  const type = 'date-handler';
  test('answers callers of both forms', { timeout: patience }, async () => {
    const url = `${host.url}/repo/deno-date-iso/v1.0.0/worker.ts`;
    expect(await ask(type, { workerUrl: url })).toMatchObject({ code: 200, data: isTime });
    expect(await ask(type, { type })).toMatchObject({ code: 200, data: isTime });
    expect(await ask(type, { workerUrl: dateUrl })).toMatchObject({ code: 400 });
  });
});
