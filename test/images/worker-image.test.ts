/** The image as it was built: what it holds, and both contracts answered from inside its files, read-only, by user 65532. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { configHashKey, defaultGroup, replyListKey, requestStreamKey } from '../../contract/keys.ts';
import {
  env,
  healthPort,
  keyFileName,
  scratchMount,
  scriptRedisPort,
  secretMount,
  sourceFileName,
  sourceMount,
} from '../../contract/pod.ts';
import { encodeKeyLine } from '../../contract/secrets.ts';
import { workerConfiguration } from '../../images/configuration.ts';
import { type ImageFile, modeOf } from '../../images/file.ts';
import { unpack } from '../../images/unpack.ts';
import { buildWorkerImage } from '../../images/worker-image.ts';
import type { BuiltImage } from '../../images/write.ts';
import { inputOf, jobOf } from '../../operator/code-jobs/objects.ts';
import { readResultLine } from '../../operator/code/result-line.ts';
import { type CommandInput, denoCommand, ownAddresses } from '../../operator/redisworker/desired/deno-command.ts';
import { startCodeServer } from '../support/code-server.ts';
import { filesOf, notAsRoot, startInside } from '../support/images/unpacked.ts';
import { freePort, type TestProcess } from '../support/processes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { writeHash } from '../support/worker.ts';

const folder = mkdtempSync(join(tmpdir(), 'redisworker-image-test-'));
const isRoot = notAsRoot === '';
let image: BuiltImage;
let files: ImageFile[];
let redis: TestRedis;

beforeAll(async () => {
  image = await buildWorkerImage({
    output: join(folder, 'image.tar'),
    tag: 'registry.invalid/redisworker/worker:test',
  });
  files = await filesOf(image.archive);
  redis = await startRedis();
  await unpack(files, join(folder, 'root'));
});
afterAll(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true });
});

test('the same sources and packages give the same archive', async () => {
  const again = await buildWorkerImage({
    output: join(folder, 'again.tar'),
    tag: 'registry.invalid/redisworker/worker:test',
  });
  expect(again.digest).toBe(image.digest);
  expect(readFileSync(again.archive).equals(readFileSync(image.archive))).toBe(true);
  expect(readFileSync(again.bill).equals(readFileSync(image.bill))).toBe(true);
});

test('it holds Deno, the libraries it is linked to, our files and their warm cache, and no shell', () => {
  const paths = files.map(({ path }) => path);
  for (
    const path of [
      'usr/bin/deno',
      'etc/passwd',
      'etc/group',
      'etc/nsswitch.conf',
      'etc/ssl/certs/ca-certificates.crt',
      'redisworker/worker/main.js',
      'redisworker/worker/mod.js',
      'redisworker/worker/runner.js',
      'redisworker/worker/hats.js',
      'redisworker/worker/hats-vm.js',
      'redisworker/worker/hats-outside.js',
      'redisworker/worker/hats-sql.js',
      'redisworker/worker/modules.js',
      'redisworker/worker/modules-import-map.json',
      'redisworker/broker/process-entry.js',
      'redisworker/worker/import_map.json',
      'redisworker/code/resolve-job.js',
      'redisworker/code/redisworker.ts',
      'redisworker/deno/v8_code_cache_v2',
      'redisworker/deno/v8_code_cache_v2-wal',
      'redisworker/deno/v8_code_cache_v2-shm',
    ]
  ) expect(paths).toContain(path);
  for (const name of ['gen', 'location_data']) {
    expect(files).toContainEqual({ kind: 'link', path: `redisworker/deno/${name}`, target: scratchMount });
  }
  for (const library of ['libc.so.6', 'libgcc_s.so.1', 'libm.so.6']) {
    expect(paths.some((path) => path.endsWith(`/${library}`)), library).toBe(true);
  }
  expect(paths.filter((path) => /(^|\/)s?bin\//.test(path))).toEqual(['usr/bin/deno']);
  expect(files.filter((file) => file.kind === 'file' && (modeOf(file) & 0o022) !== 0)).toEqual([]);
});

test('its bill of material names the packages it holds files of, Deno, the bundler, and nothing else', () => {
  const { components } = JSON.parse(readFileSync(image.bill, 'utf8')) as { components: { name: string }[] };
  const notices = ['third-party', 'third-party-worker'].map((name) => textOf(`usr/share/doc/redisworker/${name}.txt`));
  const told = [...notices.join('\n').matchAll(/^(\S+) \d\S* \(.+\)$/gm)].map(([, name]) => name);
  const bundled = [...new Set(told)];
  expect(bundled).toEqual(expect.arrayContaining(['isomorphic-git', 'mysql2', 'zod']));
  expect(components.map(({ name }) => name).sort()).toEqual(
    ['ca-certificates', 'deno', 'esbuild', 'libc6', 'libgcc-s1', ...bundled].sort(),
  );
});

test.skipIf(!isRoot)(
  `a handler is answered for, knows the Reply the runtime throws, and may use Deno's cache storage${notAsRoot}`,
  async () => {
    const worker = await startPod(
      'image-handler',
      { runtime: 'Handler' },
      `
    import { Reply, type Handler } from 'redisworker';
    const handler: Handler<{ name: string }> = async (request) => {
      try {
        const stored = await caches.open('names');
        await stored.put('http://names/last', new Response(request.data!.name));
        return await (await stored.match('http://names/last'))!.text();
      } catch (error) {
        return { sameReply: error instanceof Reply };
      }
    };
    export default handler;
  `,
    );
    expect(await worker.ask({ name: 'Ada' })).toMatchObject({ code: 200, data: 'Ada' });
    await redis.client.xadd(
      requestStreamKey('image-handler'),
      '*',
      'ref',
      'broken',
      'type',
      'image-handler',
      'data',
      '{',
    );
    const [, reply] = (await redis.client.brpop(replyListKey('broken'), 20))!;
    expect(JSON.parse(reply)).toMatchObject({ code: 200, data: { sameReply: true } });
  },
);

test.skipIf(!isRoot)(
  `a process starts with what the cache has for it${notAsRoot}`,
  async () => {
    const worker = await startPod(
      'image-warm',
      { runtime: 'Handler', denoOptions: ['--log-level=debug'] },
      'export default () => 1;',
    );
    expect(await worker.ask({})).toMatchObject({ code: 200 });
    for (const file of ['main.js', 'mod.js']) {
      expect(worker.process.output()).toContain(
        `V8 code cache hit for ES module: file:///redisworker/worker/${file}`,
      );
    }
    // What V8 refuses, as it was made under other flags, Deno finds in the cache all the same, and makes anew.
    expect(worker.process.output()).not.toContain('Updating V8 code cache for ES module: file:///redisworker/');
  },
);

test.skipIf(!isRoot)(
  `a script of the older contract is answered for${notAsRoot}`,
  async () => {
    const [manifest] = parseAllDocuments(
      readFileSync(join(import.meta.dirname, '../../examples/date-iso.yaml'), 'utf8'),
    );
    const worker = await startPod(
      'image-script',
      { runtime: 'Script' },
      String(manifest!.getIn(['spec', 'source', 'inline'])),
    );
    expect(await worker.ask({})).toMatchObject({
      code: 200,
      data: { date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string },
    });
  },
);

test.skipIf(!isRoot)(`code at an address is resolved as a Job does it, without a registry${notAsRoot}`, async () => {
  const server = await startCodeServer({
    '/worker.ts': "import { one } from './one.ts';\nexport default (): number => one;\n",
    '/one.ts': 'export const one: number = 1;\n',
  });
  onTestFinished(() => server.close());
  const entry = { kind: 'url', url: `${server.url}/worker.ts` } as const;
  const registries = { npm: 'http://127.0.0.1:1/', jsr: 'http://127.0.0.1:1/' };
  const question = { asker: 'shop/one', id: 'ab'.repeat(32), request: { entry, registries } };
  const job = jobOf('shop', question, { image: '', resources: {}, deadlineSeconds: 600, podUser: 'Image' });
  const [container] = job.spec!.template.spec!.containers;
  const request = join(folder, 'request');
  mkdirSync(request);
  const { data = {} } = inputOf(job, question) as { data?: Record<string, string> };
  for (const [file, text] of Object.entries(data)) writeFileSync(join(request, file), text);
  const added = Object.fromEntries((container!.env ?? []).map(({ name, value = '' }) => [name, value]));
  const process = startInside({
    root: join(folder, 'root'),
    user: workerConfiguration.user,
    mounts: { [container!.volumeMounts![0]!.mountPath]: request },
    env: { ...workerConfiguration.env, ...added },
  }, container!.command!);
  onTestFinished(() => process.stop());
  expect(await process.ended, process.output()).toBe(0);
  expect(readResultLine(process.output())).toMatchObject({ kind: 'resolved', modules: 2 });
}, 180_000);

function textOf(path: string): string {
  const file = files.find((one) => one.path === path);
  return file !== undefined && 'content' in file ? Buffer.from(file.content).toString() : '';
}

/** Runs the operator's own command line inside the image, against the real Redis; its ports are moved to free ones. */
async function startPod(
  type: string,
  input: Partial<CommandInput> & Pick<CommandInput, 'runtime'>,
  module: string,
): Promise<{ process: TestProcess; ask(data: object): Promise<unknown> }> {
  const [root, source, secret] = [join(folder, 'root'), join(folder, type, 'source'), join(folder, type, 'secret')];
  for (const path of [source, secret]) mkdirSync(path, { recursive: true });
  writeFileSync(join(source, sourceFileName), module);
  writeFileSync(join(secret, keyFileName), encodeKeyLine('00112233445566778899aabbccddeeff'));
  await writeHash(redis.client, type);
  await redis.client.xgroup('CREATE', requestStreamKey(type), defaultGroup, '0', 'MKSTREAM');
  const [health, forward] = [await freePort(), await freePort()];
  const own = input.runtime === 'Script' ? ownAddresses.Script : [...ownAddresses.Handler, `127.0.0.1:${redis.port}`];
  const command = denoCommand({
    configHashKey: configHashKey(type, '1'),
    sourceFile: 'worker.ts',
    allowNet: own,
    allowAllNet: false,
    gateNet: [],
    denyNet: ['169.254.169.254'],
    allowEnv: [],
    denoOptions: [],
    requestLimit: 0,
    memoryMiB: 128,
    ...input,
  }).map((word) => word.replaceAll(`:${healthPort}`, `:${health}`).replaceAll(`:${scriptRedisPort}`, `:${forward}`));
  const process = startInside({
    root,
    user: workerConfiguration.user,
    mounts: { [sourceMount]: source, [secretMount]: secret },
    env: {
      ...workerConfiguration.env,
      [env.redisUrl]: redis.url,
      [env.source]: `${sourceMount}/${sourceFileName}`,
      [env.podUid]: `pod-${type}`,
      [env.healthAddress]: `0.0.0.0:${health}`,
      [env.settings]: '{}',
      [env.keyFile]: `${secretMount}/${keyFileName}`,
    },
  }, command);
  onTestFinished(() => process.stop());
  const told = (cause: unknown) => {
    throw new Error(`no answer; the worker printed:\n${process.output()}`, { cause });
  };
  return { process, ask: (data) => ask(redis.client, type, data, 20).catch(told) };
}
