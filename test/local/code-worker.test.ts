import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeResolver } from '../../cli/bundle-module.ts';
import type { RedisWorkerStatus } from '../../operator/api/redisworker.ts';
import { systemClock } from '../../operator/clock.ts';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import { type LocalCluster, openLocalCluster, startNode } from '../../operator/cluster/local/index.ts';
import { machineLookUp } from '../../operator/dns/lookup.ts';
import { createLog } from '../../operator/observability/log.ts';
import { createMetrics } from '../../operator/observability/metrics.ts';
import { type Operator, startOperator } from '../../operator/operator.ts';
import { bundlerFetched } from '../support/code-cache.ts';
import { type CodeServer, startCodeServer } from '../support/code-server.ts';
import { withSpec, worker } from '../support/gen.ts';
import { hasGitServer, startGitServer } from '../support/git-server.ts';
import { keptNodeFolder } from '../support/keeper.ts';
import { type NpmRegistry, serveNpm } from '../support/npm-registry.ts';
import { freePort } from '../support/processes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

const root = join(import.meta.dirname, '../..');
const patience = 120_000;

let redis: TestRedis;
let host: CodeServer;
let registry: NpmRegistry;
let cluster: LocalCluster;
let node: Awaited<ReturnType<typeof startNode>>;
let operator: Operator;
let dataDir: string;
const lines: string[] = [];
const log = createLog({ level: 'debug', destination: { write: (text: string) => void lines.push(text) } });

async function startIt(): Promise<void> {
  operator = startOperator({
    cluster,
    log,
    metrics: createMetrics(),
    redisUrl: redis.url,
    redisLogin: {},
    defaultRedisNamespaces: 'All',
    workerImage: 'local',
    policyEnforcement: 'None',
    lookUp: machineLookUp(),
    code: codeResolver({ environment: process.env }, systemClock),
    registries: { npm: registry.url },
    countersEveryMs: 500,
  });
  await operator.started;
}

beforeAll(async () => {
  [redis, host, cluster, registry] = await Promise.all([
    startRedis(),
    startCodeServer(),
    openLocalCluster({ log, nodeName: 'test' }),
    serveNpm(),
    bundlerFetched(), // the registry of the test has none
  ]);
  dataDir = keptNodeFolder();
  const places = { dataDir, imageRoot: root, denoPath: join(root, 'node_modules/.bin/deno') };
  node = await startNode({ cluster, log, nodeName: 'test', ...places, searchPath: process.env['PATH'] ?? '' });
  await startIt();
}, patience);
afterAll(async () => {
  await operator.stop();
  await node.stop();
  await cluster.close();
  registry.close();
  await Promise.all([redis.stop(), host.close(), rm(dataDir, { recursive: true, force: true })]);
}, patience);

async function status(name: string): Promise<RedisWorkerStatus> {
  const found = await cluster.get(resources.redisWorkers, { namespace: 'default', name });
  return found?.status ?? {};
}

function told(name: string, type: string, wanted: string, reason?: string): Promise<string> {
  return eventually(`${type} of ${name} is ${wanted} ${reason ?? ''}`, async () => {
    const found = (await status(name)).conditions?.find((one) => one.type === type);
    return found?.status === wanted && (reason === undefined || found.reason === reason) && (found.message || 'said');
  }, patience);
}

function from(name: string, source: object, annotations: Record<string, string> = {}): KubeObject {
  const made = worker(name, withSpec({ source, consumers: { count: 1 } }));
  return { ...made, metadata: { ...made.metadata, annotations } };
}

async function podsOf(name: string): Promise<readonly (string | undefined)[]> {
  const pods = await cluster.list(resources.pods);
  return pods.filter(({ metadata }) => metadata.labels?.['redisworker.dev/name'] === name).map(({ metadata }) =>
    metadata.uid
  );
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
const asksFor = (path: string): number => host.asked.filter((one) => one.path === path).length;
const greeting = (word: string): string =>
  `import { word } from './word.ts';\nexport default (): string => '${word}' + word;\n`;

describe('a worker whose code is at an address', () => {
  const source = () => ({ url: `${host.url}/greet.ts` });

  test('runs it, tells where it came from, and shares one resolve with another worker', async () => {
    host.routes.set('/greet.ts', greeting('one'));
    host.routes.set('/word.ts', "export const word = '!';\n");
    await Promise.all(['greet', 'twin'].map((name) => cluster.apply(from(name, source()), 'user')));
    await Promise.all([told('greet', 'Ready', 'True'), told('twin', 'Ready', 'True')]);
    expect(asksFor('/greet.ts')).toBe(1);
    const { source: found } = await status('greet');
    expect(found).toMatchObject({
      entry: `${host.url}/greet.ts`,
      modules: 2,
      digest: expect.stringMatching(/^sha256-/),
    });
    const hash = await redis.client.hgetall('greet:1:h');
    expect(hash).toMatchObject({ url: source().url, workerUrl: source().url, sourceDigest: found?.digest });
  }, patience);

  test('is found again by an operator that starts anew while the host is gone, and no pod is touched', async () => {
    const [pods, before] = [await podsOf('greet'), await status('greet')];
    await operator.stop();
    await host.close();
    await startIt();
    await cluster.apply(from('greet', source(), { note: 'a look is wanted' }), 'user');
    await told('greet', 'Ready', 'True');
    expect([await podsOf('greet'), (await status('greet')).source]).toEqual([pods, before.source]);
  }, patience);

  test(
    'keeps what runs when it is to be resolved anew and the host does not answer, or what is there is wrong',
    async () => {
      const pods = await podsOf('greet');
      const wish = (at: string) =>
        cluster.apply(from('greet', source(), { 'redisworker.dev/resolve-requested-at': at }), 'user');
      await wish('one');
      expect(await told('greet', 'SourceResolved', 'False', 'SourceUnreachable')).toContain('Connection refused');
      await told('greet', 'Ready', 'True');
      host = await startCodeServer({ '/greet.ts': 'let x = ;\n', '/word.ts': 'export const word = 2;\n' }, host.port);
      await wish('two');
      expect(await told('greet', 'SourceResolved', 'False', 'InvalidSource')).toContain(
        '/greet.ts:1:9: Expression expected',
      );
      await told('greet', 'Ready', 'True');
      expect(await podsOf('greet')).toEqual(pods);
    },
    patience,
  );

  test('is resolved once for each wish, and rolls to what is there by then', async () => {
    const { source: before } = await status('greet');
    host.routes.set('/greet.ts', greeting('two'));
    await cluster.apply(from('greet', source(), { 'redisworker.dev/resolve-requested-at': 'three' }), 'user');
    await eventually(
      'other code is there',
      async () => (await status('greet')).source?.digest !== before?.digest,
      patience,
    );
    await told('greet', 'Ready', 'True');
    expect((await status('greet')).source).toMatchObject({ resolveRequestedAt: 'three' });
    const asked = asksFor('/greet.ts');
    host.routes.set('/greet.ts', greeting('three'));
    await cluster.apply(
      from('greet', source(), { 'redisworker.dev/resolve-requested-at': 'three', more: 'of it' }),
      'user',
    );
    await told('greet', 'Ready', 'True');
    expect(asksFor('/greet.ts')).toBe(asked);
  }, patience);

  test('is stalled by a digest that is another, and runs once the spec names the right one', async () => {
    await cluster.apply(from('pinned', { ...source(), integrity: `sha256-${'A'.repeat(43)}=` }), 'user');
    const why = await told('pinned', 'Stalled', 'True', 'IntegrityMismatch');
    const [, digest] = /has the digest (\S+),/.exec(why) ?? [];
    await cluster.apply(from('pinned', { ...source(), integrity: digest }), 'user');
    await told('pinned', 'Ready', 'True');
  }, patience);

  test('may be a release, which config hashes name as older programs expect', async () => {
    host.routes.set('/releases/greet/1.2.3/worker.ts', 'export default (): number => 1;\n');
    await cluster.apply(
      from('released', { release: { repo: `${host.url}/releases/`, class: 'greet', version: '1.2.3' } }),
      'user',
    );
    await told('released', 'Ready', 'True');
    expect(await redis.client.hgetall('released:1:h')).toMatchObject({
      repo: `${host.url}/releases/`,
      class: 'greet',
      version: '1.2.3',
      workerVersion: '1.2.3',
      url: `${host.url}/releases/greet/1.2.3/worker.ts`,
    });
  }, patience);

  test('of a Script runs as well', async () => {
    host.routes.set(
      '/script.ts',
      `const redis = await Deno.connect({ hostname: '127.0.0.1', port: 6379 });
await redis.write(new TextEncoder().encode('HSET ' + Deno.args[0] + ' err:told fetched\\r\\n'));
await new Promise(() => setInterval(() => {}, 1000));\n`,
    );
    const made = worker(
      'program',
      withSpec({ runtime: 'Script', source: { url: `${host.url}/script.ts` }, consumers: { count: 1 } }),
    );
    await cluster.apply(made, 'user');
    await eventually(
      'it has written to its hash',
      async () => await redis.client.hget('program:1:h', 'err:told') === 'fetched',
      patience,
    );
  }, patience);

  test('that changes at every look is looked at once, and stays what it was', async () => {
    host.routes.set(
      '/restless.ts',
      (_request, response) =>
        void response.writeHead(200, { 'content-type': 'application/typescript' }).end(
          `export default (): number => ${asksFor('/restless.ts')};\n`,
        ),
    );
    await cluster.apply(from('restless', { url: `${host.url}/restless.ts` }), 'user');
    await told('restless', 'Ready', 'True');
    const { source } = await status('restless');
    await operator.stop();
    await startIt();
    await cluster.apply(from('restless', { url: `${host.url}/restless.ts` }, { note: 'a look is wanted' }), 'user');
    await told('restless', 'Ready', 'True');
    expect([asksFor('/restless.ts'), (await status('restless')).source]).toEqual([1, source]);
  }, patience);

  test.skipIf(!hasGitServer())(
    'may be in a Git repository: its commit is told, and moves when it is asked for',
    async () => {
      const git = await startGitServer();
      try {
        const first = await git.commit('code', { 'greet.ts': 'export default (): number => 1;\n' });
        const source = { git: { url: `${git.url}/code/.git`, ref: 'main', path: 'greet.ts' } };
        await cluster.apply(from('committed', source), 'user');
        await told('committed', 'Ready', 'True');
        expect((await status('committed')).source).toMatchObject({ commit: first });
        const second = await git.commit('code', { 'greet.ts': 'export default (): number => 2;\n' });
        await cluster.apply(from('committed', source, { 'redisworker.dev/resolve-requested-at': 'now' }), 'user');
        await eventually(
          'the second commit is there',
          async () => (await status('committed')).source?.commit === second,
          patience,
        );
        expect(await redis.client.hgetall('committed:1:h')).toMatchObject({ workerVersion: 'main' });
      } finally {
        await git.close();
      }
    },
    2 * patience,
  );

  test('imports by a map and a lock that ConfigMaps hold', async () => {
    host.routes.set('/mapped.ts', "import { word } from 'words';\nexport default () => word;\n");
    host.routes.set('/words.ts', 'export const word = 1;\n');
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'default', name: 'settings' },
      data: { map: '{ "imports": { "words": "./words.ts" } }', lock: '{ "version": "5", "remote": {} }' },
    }, 'user');
    const mapped = { url: `${host.url}/mapped.ts`, importMap: { name: 'settings', key: 'map' } };
    await cluster.apply(from('mapped', mapped), 'user');
    await told('mapped', 'Ready', 'True');
    await cluster.apply(from('locked', { ...mapped, lock: { name: 'settings', key: 'lock' } }), 'user');
    await told('locked', 'Stalled', 'True', 'LockMismatch');
  }, patience);

  test('of a release imports by its map, its hosts and its lock, and is what its digest says', async () => {
    const other = await startCodeServer({ '/words.ts': 'export const word = 2;\n' });
    try {
      const [repo, module] = [`${host.url}/releases`, "import { word } from 'words';\nexport default () => word;\n"];
      host.routes.set('/releases/whole/1.0.0/worker.ts', module);
      const remote = {
        [`${repo}/whole/1.0.0/worker.ts`]: sha256(module).toString('hex'),
        [`${other.url}/words.ts`]: sha256('export const word = 2;\n').toString('hex'),
      };
      await cluster.apply({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace: 'default', name: 'whole' },
        data: {
          map: JSON.stringify({ imports: { words: `${other.url}/words.ts` } }),
          lock: JSON.stringify({ version: '5', remote }),
        },
      }, 'user');
      const source = {
        release: { repo, class: 'whole', version: '1.0.0' },
        importMap: { name: 'whole', key: 'map' },
        lock: { name: 'whole', key: 'lock' },
        importHosts: [other.host],
        integrity: `sha256-${sha256(module).toString('base64')}`,
      };
      await cluster.apply(from('whole', source), 'user');
      await told('whole', 'Ready', 'True');
      expect(await ask(redis.client, 'whole', null)).toMatchObject({ code: 200, data: 2 });
      other.routes.set('/words.ts', 'export const word = 3;\n');
      await cluster.apply(from('whole', source, { 'redisworker.dev/resolve-requested-at': 'now' }), 'user');
      await told('whole', 'SourceResolved', 'False', 'LockMismatch');
      await told('whole', 'Ready', 'True');
    } finally {
      await other.close();
    }
  }, 2 * patience);

  test('dials a database by mysql2, of the registry of npm it is told, and says who does not answer', async () => {
    const port = await freePort();
    host.routes.set(
      '/database.ts',
      `import mysql from 'npm:mysql2/promise';
export default async (): Promise<unknown> => {
  const connection = await mysql.createConnection({ host: '127.0.0.1', port: ${port}, user: 'u', password: 'p' });
  return await connection.query('SELECT 1');
};\n`,
    );
    const made = from('database', { url: `${host.url}/database.ts` });
    const permissions = { net: [`127.0.0.1:${port}`] };
    await cluster.apply({ ...made, spec: { ...(made.spec as object), permissions } }, 'user');
    await told('database', 'Ready', 'True');
    expect(await ask(redis.client, 'database', null)).toMatchObject({
      code: 500,
      err: { message: expect.stringContaining('ECONNREFUSED') as unknown },
    });
  }, 2 * patience);

  test('is rolled back by its former manifest while the host is gone, from what the operator keeps', async () => {
    for (const word of ['former', 'latter']) {
      host.routes.set(`/${word}.ts`, `export default (): string => '${word}';\n`);
    }
    const applied = async (word: string) => {
      const before = (await status('back')).source?.entry;
      await cluster.apply(from('back', { url: `${host.url}/${word}.ts` }), 'user');
      await eventually(`${word} is what is told`, async () => {
        const { source } = await status('back');
        return source?.entry !== before && source?.entry === `${host.url}/${word}.ts` ? true : undefined;
      }, patience);
      await told('back', 'Ready', 'True');
      return (await status('back')).source;
    };
    const former = await applied('former');
    const latter = await applied('latter');
    expect(latter?.digest).not.toBe(former?.digest);
    await host.close();
    expect(await applied('former')).toEqual(former);
    expect((await told('back', 'SourceResolved', 'True')).includes(former?.digest ?? 'none')).toBe(true);
    expect(await redis.client.hgetall('back:1:h')).toMatchObject({ sourceDigest: former?.digest });
  }, 2 * patience);
});
