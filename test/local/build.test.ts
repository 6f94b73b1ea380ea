import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build, type BuildOptions } from '../../cli/build.ts';
import { moduleBundler } from '../../cli/bundle-module.ts';
import { manifestProblems } from '../../operator/api/redisworker.ts';
import { readManifest } from '../../operator/cluster/local/index.ts';
import { resolveSource } from '../../operator/redisworker/observe/source.ts';
import { testIo } from '../support/io.ts';

let folder: string;
const bundle = moduleBundler({ environment: process.env, check: false });
const greet = `# said by its author
apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata:
  name: greet
spec:
  source:
    file: code/greet.ts
---
apiVersion: v1
kind: Service
metadata:
  name: other
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redisworker-build-'));
  await mkdir(join(folder, 'code'));
  await writeFile(join(folder, 'greet.yaml'), greet);
  await writeFile(join(folder, 'code/greet.ts'), "import { hello } from './hello.ts';\nexport default () => hello;\n");
  await writeFile(join(folder, 'code/hello.ts'), "export const hello = 'Hello';\n");
});
afterAll(() => rm(folder, { recursive: true }));

async function built(options: Partial<BuildOptions>): Promise<{ code: number; out: string; err: string }> {
  const io = testIo({ environment: {} });
  const code = await build({ files: [join(folder, 'greet.yaml')], settings: {}, ...options }, bundle, io);
  return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
}

describe('redisworker build', () => {
  test('makes of a file a ConfigMap the worker names, and leaves everything else as it is', async () => {
    const { code, out, err } = await built({});
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { objects, problems } = readManifest(out, 'out.yaml');
    expect(problems).toEqual([]);
    const [code1, worker, service] = objects.map(({ object }) => object);
    expect([code1?.kind, worker?.kind, service?.kind]).toEqual(['ConfigMap', 'RedisWorker', 'Service']);
    expect(manifestProblems(worker)).toEqual([]);
    const { source } = worker?.spec as { source: Parameters<typeof resolveSource>[0] };
    expect(source.bundle?.configMaps).toEqual([code1?.metadata.name]);
    const resolved = resolveSource(source, [code1]);
    expect(resolved).toMatchObject({
      ok: true,
      value: { parts: [{ data: { 'worker.js': expect.stringContaining('"Hello"') } }] },
    });
    expect(resolved.ok && JSON.stringify(resolved.value.parts)).toContain('\\"greet.ts\\"');
    expect(out).not.toContain(folder);
  });

  test('writes the same bytes for the same sources, and tells what is not as it would be made', async () => {
    const output = join(folder, 'deploy');
    expect(await built({ output, check: true })).toMatchObject({ code: 1, err: expect.stringContaining('greet.yaml') });
    expect(await built({ output })).toMatchObject({ code: 0, out: `✓ ${join(output, 'greet.yaml')}` });
    const text = await readFile(join(output, 'greet.yaml'), 'utf8');
    expect(await built({ output, check: true })).toMatchObject({ code: 0, err: '' });
    expect(`${(await built({})).out}\n`).toBe(text);
  });

  test('builds a module without a manifest, by its flags', async () => {
    const { out } = await built({ files: [join(folder, 'code/greet.ts')], settings: { net: ['a.example:443'] } });
    expect(readManifest(out, 'out.yaml').objects.map(({ object }) => object)[1]).toMatchObject({
      metadata: { name: 'greet' },
      spec: { permissions: { net: ['a.example:443'] }, source: { bundle: {} } },
    });
  });

  test('makes of a prelude in Rhai the ConfigMap that the worker takes it from', async () => {
    const sums = join(folder, 'sums.yaml');
    const spec = { runtime: 'Rhai', source: { file: 'sums.rhai' }, tasks: { circlePublicKey: '02ab' } };
    const worker = { apiVersion: 'redisworker.dev/v1alpha1', kind: 'RedisWorker', metadata: { name: 'sums' }, spec };
    await writeFile(sums, JSON.stringify(worker));
    expect((await built({ files: [sums] })).err).toMatch(/there is no file .*sums\.rhai: check the path$/);
    await writeFile(join(folder, 'sums.rhai'), 'fn twice(n) { n * 2 }\n');
    const [configMap, made] = readManifest((await built({ files: [sums] })).out, 'out.yaml').objects;
    expect(configMap?.object).toMatchObject({ immutable: true, data: { 'prelude.rhai': 'fn twice(n) { n * 2 }\n' } });
    expect(made?.object.spec).toEqual({
      ...spec,
      source: { configMap: { name: configMap?.object.metadata.name, key: 'prelude.rhai' } },
    });
    expect(manifestProblems(made?.object)).toEqual([]);
    await rm(sums);
  });

  test('makes of modules that are files ConfigMaps the worker names, one for those that are the same', async () => {
    const modules = join(folder, 'modules.yaml');
    const module = (name: string, source: object) => ({ name, source });
    const given = [
      module('one', { file: 'code/one.ts' }),
      module('two', { file: 'code/one.ts' }),
      module('three', { inline: 'export const f = () => 1' }),
    ];
    const spec = { runtime: 'Modules', modules: given };
    const worker = { apiVersion: 'redisworker.dev/v1alpha1', kind: 'RedisWorker', metadata: { name: 'm' }, spec };
    await writeFile(modules, JSON.stringify(worker));
    expect((await built({ files: [modules] })).err).toMatch(
      /RedisWorker m: there is no file .*one\.ts: check the path/,
    );
    const code = "import { brokerProxy } from 'redisworker/broker/worker';\nexport const f = () => brokerProxy();\n";
    await writeFile(join(folder, 'code/one.ts'), code);
    const [configMap, made] = readManifest((await built({ files: [modules] })).out, 'out.yaml').objects;
    const { source } = (made?.object.spec as { modules: { source: Parameters<typeof resolveSource>[0] }[] })
      .modules[0]!;
    expect(source.bundle?.configMaps).toEqual([configMap?.object.metadata.name]);
    expect(made?.object.spec).toEqual({
      ...spec,
      modules: [module('one', source), module('two', source), given[2]],
    });
    expect(configMap?.object).toMatchObject({
      immutable: true,
      metadata: { labels: { 'redisworker.dev/code-of': 'm' } },
    });
    expect(manifestProblems(made?.object)).toEqual([]);
    const asHandler = { ...worker, spec: { source: { file: 'code/one.ts' } } };
    await writeFile(modules, JSON.stringify(asHandler));
    expect((await built({ files: [modules] })).err).toContain(
      'still imports "redisworker/broker/worker" when it is one file, and pods load nothing',
    );
    const large = `export const all = ${JSON.stringify('x'.repeat(1024 * 1024))};\n`;
    await writeFile(join(folder, 'code/one.ts'), large);
    await writeFile(modules, JSON.stringify(worker));
    expect((await built({ files: [modules] })).err).toContain(
      'with everything it imports, and a module may have 1 MiB',
    );
    await rm(modules);
  });

  test('says all that is wrong with file and line, and makes nothing', async () => {
    const output = join(folder, 'nothing');
    const file = join(folder, 'wrong.yaml');
    await writeFile(
      file,
      `${greet.replace('greet.ts', 'none.ts')}---\n${greet.replace('spec:', 'spec:\n  spelled: wrong')}`,
    );
    const { code, err } = await built({ files: [file], output });
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/wrong\.yaml:2: RedisWorker greet: there is no file .*none\.ts/),
    ]);
    expect(err).toContain('unknown field "spec.spelled"');
    await expect(readFile(join(output, 'wrong.yaml'))).rejects.toThrow('ENOENT');
  });
});
