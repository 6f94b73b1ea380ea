import { isBuiltin } from 'node:module';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  handlerEntry,
  hatsEntry,
  imageRoot,
  importMapFile,
  modulesEntry,
  modulesImportMapFile,
  runnerEntry,
} from '../contract/pod.ts';
import { bundleWorker } from './bundle.ts';
import { operatorConfiguration, workerConfiguration } from './configuration.ts';
import { textFile, withFolders } from './file.ts';
import { imageArchive } from './oci.ts';
import { debianPackages, packagesOf } from './packages.ts';
import { bundleForNode } from './node-bundle.ts';
import { thisPlatform } from './platform.ts';
import { bundlerOf } from './resolver.ts';
import { billOfMaterial, debianComponents, imageComponent, npmComponents, programComponent } from './sbom.ts';
import { layerOf, readTar } from './tar.ts';

const about = {
  tag: 'me/worker:1.2.3',
  architecture: 'amd64',
  labels: { a: 'b' },
  configuration: workerConfiguration,
};
const greeting = () => layerOf(withFolders([textFile('b/greeting', 'hello'), textFile('a', 'first')]));

/** A manifest or a configuration: of each what the test looks at. */
interface Described {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

async function textsOf(archive: Uint8Array): Promise<Map<string, string>> {
  const files = await readTar(archive, () => true);
  return new Map(files.map((file) => [file.path, 'content' in file ? Buffer.from(file.content).toString() : '']));
}

describe('the bundle', () => {
  test('has what the operator starts under the names it uses', async () => {
    const files = await bundleWorker();
    for (const path of [handlerEntry, runnerEntry, hatsEntry, importMapFile, modulesEntry, modulesImportMapFile]) {
      expect([...files.keys()]).toContain(path.slice(imageRoot.length + 1));
    }
  });

  test('shares with a handler the one module both know as redisworker, and imports nothing else', async () => {
    const files = await bundleWorker();
    const imports = (path: string) =>
      [...files.get(path)!.matchAll(/\b(?:from|import)\s*["']([\w./:@-]+)["']/g)].map(([, from]) => from);
    expect(imports('worker/main.js')).toEqual(['./mod.js']);
    expect(imports('worker/runner.js')).toEqual([]);
    expect(new Set(imports('worker/modules.js'))).toEqual(
      new Set(['./mod.js', '../broker/mod.js', '../broker/telemetry.js']),
    );
    for (const entry of ['process-entry', 'worker-entry', 'telemetry-entry']) {
      expect(files.has(`broker/${entry}.js`)).toBe(true);
    }
    expect(JSON.parse(files.get('worker/import_map.json')!)).toEqual({ imports: { redisworker: './mod.js' } });
  });

  test('is the same every time', async () => {
    expect([...await bundleWorker()]).toEqual([...await bundleWorker()]);
  });
});

test('of the bundlers in a cache an image gets the one its Deno starts', { timeout: 180_000 }, async () => {
  const cache = mkdtempSync(join(tmpdir(), 'redisworker-bundlers-'));
  onTestFinished(() => rmSync(cache, { recursive: true }));
  const denoPath = join(import.meta.dirname, '../node_modules', thisPlatform().denoPackage, 'deno');
  const { files: [first] } = await bundlerOf(denoPath);
  if (first?.kind !== 'file') throw new Error('the bundler is no file');
  const path = first.path.slice(first.path.indexOf('dl/'));
  const others = ['dl/esbuild-0.1.0-1/esbuild-linux-x64', `${path}-of-another-machine`];
  for (const name of [path, ...others]) {
    mkdirSync(dirname(join(cache, name)), { recursive: true });
    writeFileSync(join(cache, name), name === path ? first.content : 'no', { mode: 0o755 });
  }
  const { files, parts } = await bundlerOf(denoPath, cache);
  expect(files.map((file) => file.path)).toEqual([first.path]);
  expect(parts.map(({ name }) => name)).toEqual(['esbuild']);
});

describe('a bundle for Node', () => {
  const imports = (code: string) =>
    [...code.matchAll(/^import (?:.* from )?["'](.+)["'];$/gm)].map(([, from]) => from!);

  test('is one file that imports nothing but what Node brings', async () => {
    const { files, packages } = await bundleForNode({
      entries: { demo: 'operator/cluster/local/files/yaml.ts' },
      node: 24,
      firstLine: '#!/usr/bin/node',
    });
    expect([...files.keys()]).toEqual(['demo.js']);
    expect(imports(files.get('demo.js')!).filter((from) => !isBuiltin(from))).toEqual([]);
    expect(files.get('demo.js')).toMatch(/^#!\/usr\/bin\/node\n/);
    expect(packages).toEqual(['node_modules/yaml']);
  });

  test('that is split reads a command only when it is asked for', async () => {
    const asked = { entries: { demo: 'cli/doctor-command.ts' }, node: 20, split: true, sharedFolder: 'parts' } as const;
    const { files } = await bundleForNode(asked);
    const names = [...files.keys()];
    expect(names.filter((name) => !name.startsWith('parts/'))).toEqual(['demo.js']);
    for (const [name, code] of files) {
      for (const from of imports(code).filter((one) => !isBuiltin(one))) {
        expect(names).toContain(join(name, '..', from));
      }
    }
    expect(files.get('demo.js')).toMatch(/import\("\.\/parts\/doctor-[\w-]+\.js"\)/);
    expect([...(await bundleForNode(asked)).files]).toEqual([...files]);
  });

  test('keeps to the syntax of the Node it is for', async () => {
    const codeFor = async (node: 20 | 24) =>
      [...(await bundleForNode({ entries: { demo: 'cli/session.ts' }, node })).files.values()].join('');
    expect(await codeFor(24)).toContain('await using ');
    expect(await codeFor(20)).not.toContain('await using ');
  });

  test('reads of HTTP what is used, and no client for the web', async () => {
    const { files } = await bundleForNode({ entries: { demo: 'cli/endpoint.ts' }, node: 24 });
    const code = files.get('demo.js')!;
    expect(imports(code)).not.toContain('node:http');
    expect(code).toContain('require("node:http")');
  });
});

describe('the archive', () => {
  test('is the same every time, whatever order files come in', async () => {
    const [one, other] = await Promise.all([
      greeting(),
      layerOf(withFolders([textFile('a', 'first'), textFile('b/greeting', 'hello')])),
    ]);
    expect(other.equals(one)).toBe(true);
    const [image, again] = await Promise.all([imageArchive([one], about), imageArchive([other], about)]);
    expect(again.archive.equals(image.archive)).toBe(true);
  });

  test("says the same to who reads an OCI layout and to who reads docker's manifest", async () => {
    const { archive, digest } = await imageArchive([await greeting()], about);
    const texts = await textsOf(archive);
    const blob = (name: string) => JSON.parse(texts.get(`blobs/${name.replace(':', '/')}`)!) as Described;
    const [entry] =
      (JSON.parse(texts.get('index.json')!) as { manifests: { digest: string; annotations: object }[] }).manifests;
    expect(entry!.digest).toBe(digest);
    expect(entry!.annotations).toEqual({
      'io.containerd.image.name': 'docker.io/me/worker:1.2.3',
      'org.opencontainers.image.ref.name': '1.2.3',
    });
    const manifest = blob(digest);
    const config = blob(manifest.config.digest);
    expect(config.rootfs.diff_ids).toEqual(manifest.layers.map((layer) => layer.digest));
    const [docker] = JSON.parse(texts.get('manifest.json')!) as object[];
    expect(docker).toEqual({
      Config: `blobs/${manifest.config.digest.replace(':', '/')}`,
      RepoTags: [about.tag],
      Layers: config.rootfs.diff_ids.map((id) => `blobs/${id.replace(':', '/')}`),
    });
  });

  test('keeps a registry that a tag names', async () => {
    const named = { ...about, tag: 'localhost:5000/worker:dev' };
    const texts = await textsOf((await imageArchive([], named)).archive);
    expect(texts.get('index.json')).toContain(
      '"io.containerd.image.name":"localhost:5000/worker:dev","org.opencontainers.image.ref.name":"dev"',
    );
  });
});

test.each([['worker', workerConfiguration], ['operator', operatorConfiguration]] as const)(
  'the Dockerfile says about containers of the %s what the builder says, and they hold the same files',
  (name, configuration) => {
    const stages = readFileSync(join(import.meta.dirname, 'Dockerfile'), 'utf8').split(/^FROM /m);
    const linesOf = (stage: string) =>
      stages.find((one) => one.split('\n', 1)[0]!.endsWith(` AS ${stage}`))!.split('\n');
    const all = (word: string, stage = name as string) =>
      linesOf(stage).filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
    expect(linesOf(name)[0]).toBe(`scratch AS ${name}`);
    expect(all('COPY')).toEqual([`--from=${name}-files /files/ /`]);
    expect(all('RUN', `${name}-files`)).toEqual([`node images/build.ts ${name} --folder /files`]);
    expect(all('USER')).toEqual([configuration.user]);
    expect(all('WORKDIR')).toEqual([configuration.workingDir]);
    expect(all('ENTRYPOINT')).toEqual([JSON.stringify(configuration.entrypoint)]);
    expect(all('ENV')).toEqual(Object.entries(configuration.env).map(([variable, value]) => `${variable}=${value}`));
  },
);

describe('a bill of material', () => {
  const subject = imageComponent('me/worker', '1.2.3', 'sha256:00ff');
  const parts = [programComponent('node', '24.0.0'), programComponent('deno', '2.0.0')];

  test('is the same for the same parts, whatever order they come in, and another for others', () => {
    const bill = billOfMaterial(subject, parts);
    expect(billOfMaterial(subject, [...parts].reverse())).toBe(bill);
    const serial = (text: string) => (JSON.parse(text) as { serialNumber: string }).serialNumber;
    expect(serial(bill)).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(serial(billOfMaterial(subject, parts.slice(1)))).not.toBe(serial(bill));
  });

  test('names the image by its digest, and a package as scanners know it', async () => {
    expect(subject).toMatchObject({
      purl: 'pkg:oci/worker@sha256%3A00ff',
      hashes: [{ alg: 'SHA-256', content: '00ff' }],
    });
    const about = { architecture: 'amd64', fileName: 'x.deb', sha256: 'abcd', files: [] };
    const [library] = await debianComponents([{ name: 'libstdc++6', version: '12.2.0-14+deb12u1', ...about }]);
    expect(library!.purl).toMatch(
      /^pkg:deb\/[a-z]+\/libstdc%2B%2B6@12\.2\.0-14%2Bdeb12u1\?arch=amd64&distro=[a-z]+-[\d.]+$/,
    );
    expect(await npmComponents(['node_modules/zod', 'node_modules/@ioredis/commands'])).toMatchObject([
      { type: 'library', name: 'zod', licenses: [{ license: { id: 'MIT' } }], hashes: [{ alg: 'SHA-512' }] },
      { purl: expect.stringMatching(/^pkg:npm\/%40ioredis\/commands@\d/) as string },
    ]);
  });
});

describe('a machine that cannot build the image', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('is told so, and what to do there', () => {
    expect(() => thisPlatform('darwin', 'arm64')).toThrow(
      'an image can be built on Linux on x64 or arm64, not on darwin on arm64; use "docker build -f images/Dockerfile ." there',
    );
  });

  test('is told that packages come by apt-get', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'redisworker-empty-'));
    vi.stubEnv('PATH', empty);
    try {
      await expect(debianPackages(thisPlatform('linux', 'x64'), packagesOf.deno, empty)).rejects.toThrow(
        /^the packages ca-certificates, libc6, libgcc-s1 come from Debian or Ubuntu by apt-get \(apt-get cannot be run: .*ENOENT\); build there, or use/,
      );
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});
