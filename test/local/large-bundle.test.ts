/** Bundles that no ConfigMap holds: made, and run by both runtimes on a node of this machine. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '../../cli/build.ts';
import { moduleBundler } from '../../cli/bundle-module.ts';
import { configHashKey } from '../../contract/keys.ts';
import { maxBundleBytes } from '../../contract/limits.ts';
import { withCode } from '../../operator/cluster/local/files/bundled-worker.ts';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import { readManifest } from '../../operator/cluster/local/index.ts';
import type { Bundle } from '../../operator/code/bundle.ts';
import { resolveSource } from '../../operator/redisworker/observe/source.ts';
import { withSpec, worker } from '../support/gen.ts';
import { testIo } from '../support/io.ts';
import { manyFunctions, noise } from '../support/large-code.ts';
import { startTestOperator, type TestOperator } from '../support/local-operator.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

let redis: TestRedis;
let operator: TestOperator;

const handler = `export default async () => {
  const readable = [];
  for (const path of ['/etc/hostname', '/tmp']) {
    readable.push(await Deno.readTextFile(path).then(() => true, () => false));
  }
  const written = await Deno.writeTextFile(new URL('worker.js', import.meta.url), 'mine').then(() => true, () => false);
  try { f0(1); } catch (error) { return { readable, written, where: /\\w+\\.(ts|js):\\d+/.exec(error.stack)?.[0] }; }
};\n`;
const script = `import net from 'node:net';
const [key] = Deno.args;
const conn = await Deno.connect({ hostname: '127.0.0.1', port: 6379 });
await conn.write(new TextEncoder().encode('HSET ' + key + ' err:told ' + typeof f0 + net.isIP('::1') + '\\r\\n'));
await new Promise(() => setInterval(() => {}, 1000));\n`;

/** As a build makes it: the last line names the source map. */
function bundleOf(own: string, bytes: number): Bundle {
  const map = JSON.stringify({
    version: 3,
    sources: ['large.ts'],
    names: [],
    mappings: ';AAAA'.repeat(20),
    x: noise(400_000),
  });
  const mapName = `${createHash('sha256').update(map).digest('hex').slice(0, 12)}.map`;
  const end = `\n//# sourceMappingURL=${mapName}\n`;
  const packed = `/* ${noise(Math.floor(bytes / 3))} */\n`; // what does not compress, such as data
  const rest = bytes - own.length - packed.length - end.length;
  const code = (own + packed + manyFunctions(rest - 2000)).padEnd(bytes - end.length) + end;
  const digest = `sha256-${createHash('sha256').update(code).digest('hex')}`;
  return { code, bytes: code.length, digest, map, mapName, modules: 1 };
}

const objectsOf = (name: string, spec: Record<string, unknown>, bundle: Bundle): readonly KubeObject[] =>
  withCode(
    worker(
      name,
      withSpec({ redis: { url: redis.url }, ...spec, source: { ...spec['source'] ?? {}, file: 'large.ts' } }),
    ),
    '/manifests/large.yaml',
    () => ({ bundle, problem: undefined }),
  );
const apply = async (objects: readonly KubeObject[]) => {
  for (const object of objects) await operator.cluster.apply(object, 'user');
};

beforeAll(async () => {
  redis = await startRedis();
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => {
  await operator.stop();
  await redis.stop();
});

describe('a bundle that no ConfigMap holds', () => {
  test.each([['of 3 MiB', 'three', 3 * 1024 * 1024], ['of 8 MiB', 'eight', maxBundleBytes]])(
    '%s answers as a Handler, which may neither read more for that nor write',
    { timeout: 180_000 },
    async (_size, name, bytes) => {
      const objects = objectsOf(name, {}, bundleOf(handler, bytes));
      expect(objects.length).toBeGreaterThan(2);
      await apply(objects);
      await operator.told(name, 'Ready', 'True', undefined, 110_000);
      expect(await ask(redis.client, name, {})).toMatchObject({
        code: 200,
        data: { readable: [false, false], written: false },
      });
    },
  );

  test('of 8 MiB runs as a Script', { timeout: 120_000 }, async () => {
    await apply(objectsOf('script', { runtime: 'Script' }, bundleOf(script, maxBundleBytes)));
    await eventually(
      'the script has written to its hash',
      async () => await redis.client.hget(configHashKey('script', '1'), 'err:told') === 'function6',
      60_000,
    );
  });

  test('is refused by name while a part is missing, is in the wrong place or has another content', async () => {
    const bundle = bundleOf(handler, 3 * 1024 * 1024);
    const [one, two, ...more] = objectsOf('wrong', {}, bundle);
    const all = [one!, two!, ...more];
    await apply(all.filter((object) => object !== two));
    expect(await operator.told('wrong', 'SourceResolved', 'False', 'ConfigMapNotFound')).toContain(two!.metadata.name);
    await apply([two!]);
    await operator.told('wrong', 'SourceResolved', 'True');
    const withBundle = (change: (names: readonly string[]) => readonly string[], digest = bundle.digest) => {
      const object = all.find(({ kind }) => kind === resources.redisWorkers.kind)!;
      const configMaps = change(
        (object.spec as { source: { bundle: { configMaps: string[] } } }).source.bundle.configMaps,
      );
      return apply([{ ...object, spec: { ...object.spec as object, source: { bundle: { digest, configMaps } } } }]);
    };
    await withBundle((names) => names.slice(0, -1));
    expect(await operator.told('wrong', 'SourceResolved', 'False', 'SourcePartMissing')).toMatch(
      /part \d of \d of \S+ is in none of them/,
    );
    await withBundle((names) => names.toReversed());
    await eventually(
      'the order is refused',
      async () => (await operator.told('wrong', 'SourceResolved', 'False', 'SourcePartMissing')).includes('should be'),
      60_000,
    );
    await withBundle((names) => names, `sha256-${'0'.repeat(64)}`);
    await operator.told('wrong', 'SourceResolved', 'False', 'SourceDigestMismatch');
  });

  test('comes back by its old manifest when its ConfigMaps are gone, from what the operator keeps', {
    timeout: 180_000,
  }, async () => {
    const versions = ['one', 'two'].map((word) =>
      objectsOf('back', {}, bundleOf(`export default () => '${word}';\n`, 2 * 1024 * 1024))
    );
    const answers = (word: string) =>
      eventually(`it answers ${word}`, async () => {
        const reply = await ask(redis.client, 'back', {});
        return reply.code === 200 && reply.data === word;
      }, 120_000);
    for (const [at, word] of ['one', 'two'].entries()) {
      await apply(versions[at]!);
      await answers(word);
    }
    for (const { kind, metadata } of versions[0]!) {
      if (kind === 'ConfigMap') await operator.cluster.delete(resources.configMaps, metadata);
    }
    await apply(versions[0]!.slice(-1));
    await answers('one');
    expect(await operator.told('back', 'SourceResolved', 'True')).toBeTruthy();
  });
});

describe('redisworker build', { timeout: 180_000 }, () => {
  const bundle = moduleBundler({ environment: process.env, check: false });
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'redisworker-build-'));
    file = join(folder, 'large.ts');
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function built(): Promise<{ code: number; out: string; err: string }> {
    const io = testIo({ environment: {} });
    const code = await build({ files: [file], settings: {} }, bundle, io);
    return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
  }

  test('makes several ConfigMaps of what one does not hold, and drops no source map for it', async () => {
    await writeFile(file, `export default () => '${noise(1100 * 1024)}';\n`);
    const { code, out } = await built();
    expect(code).toBe(0);
    const objects = readManifest(out, 'out.yaml').objects.map(({ object }) => object);
    const worker = objects.pop();
    const names = objects.map(({ metadata }) => metadata.name);
    expect(names).toEqual([expect.stringMatching(/^large-code-[0-9a-f]{12}$/)]);
    expect(Object.keys(objects[0]?.['binaryData'] ?? {})).toEqual([
      'worker.js.gz.1-of-1',
      expect.stringMatching(/^[0-9a-f]{12}\.map\.gz\.1-of-1$/),
    ]);
    const { source } = worker?.spec as { source: Parameters<typeof resolveSource>[0] };
    expect(source.bundle?.configMaps).toEqual(names);
    expect(resolveSource(source, objects)).toMatchObject({ ok: true });
    expect((await built()).out).toBe(out);
  });

  test('refuses what no worker may have, with its size', async () => {
    await writeFile(file, `export default () => '${'x'.repeat(9 * 1024 * 1024)}';\n`);
    const { code, err } = await built();
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('is 9 MiB with everything it imports, and a worker may have 8 MiB: import less'),
    ]);
  });
});
