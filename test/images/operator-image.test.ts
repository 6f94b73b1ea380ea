/** The operator's image as it was built: what it holds, and its programs run inside its files, read-only, by any user. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { deadLetterStreamKey } from '../../contract/keys.ts';
import { operatorConfiguration } from '../../images/configuration.ts';
import { type ImageFile, modeOf } from '../../images/file.ts';
import { buildOperatorImage } from '../../images/operator-image.ts';
import { unpack } from '../../images/unpack.ts';
import type { BuiltImage } from '../../images/write.ts';
import { version } from '../../operator/version.ts';
import { type Contained, filesOf, notAsRoot, startInside } from '../support/images/unpacked.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const folder = mkdtempSync(join(tmpdir(), 'redisworker-operator-image-'));
const root = join(folder, 'root');
const tag = 'registry.invalid/redisworker/operator:test';
let image: BuiltImage;
let files: ImageFile[];
let redis: TestRedis;

beforeAll(async () => {
  image = await buildOperatorImage({ output: join(folder, 'image.tar'), tag });
  files = await filesOf(image.archive);
  redis = await startRedis();
  await unpack(files, root);
});
afterAll(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true });
});

test('the same sources and packages give the same archive', async () => {
  const again = await buildOperatorImage({ output: join(folder, 'again.tar'), tag });
  expect(again.digest).toBe(image.digest);
  expect(readFileSync(again.archive).equals(readFileSync(image.archive))).toBe(true);
  expect(readFileSync(again.bill).equals(readFileSync(image.bill))).toBe(true);
});

test('it holds Node, the libraries it is linked to, the operator and the command line, and no shell', () => {
  const paths = files.map(({ path }) => path);
  for (
    const path of [
      'etc/passwd',
      'etc/group',
      'etc/nsswitch.conf',
      'etc/ssl/certs/ca-certificates.crt',
      'redisworker/operator.js',
      'redisworker/redisworker.js',
      'usr/share/doc/node/copyright',
    ]
  ) expect(paths).toContain(path);
  for (const library of ['libc.so.6', 'libgcc_s.so.1', 'libm.so.6', 'libstdc++.so.6', 'libnss_dns.so.2']) {
    expect(paths.some((path) => path.endsWith(`/${library}`)), library).toBe(true);
  }
  expect(paths.filter((path) => /(^|\/)s?bin\//.test(path)).sort()).toEqual(['usr/bin/node', 'usr/bin/redisworker']);
  expect(files.filter((file) => file.kind === 'file' && (modeOf(file) & 0o022) !== 0)).toEqual([]);
});

test('it holds nothing of this machine', () => {
  const code = files.flatMap((file) =>
    file.kind === 'file' && file.path.endsWith('.js') ? [Buffer.from(file.content).toString()] : []
  ).join('\n');
  expect(code).not.toContain(join(import.meta.dirname, '../..'));
});

test('its bill of material names every package whose files or code it holds, Node, and nothing else', () => {
  const { components, metadata } = JSON.parse(readFileSync(image.bill, 'utf8')) as {
    components: { purl: string }[];
    metadata: { component: { name: string; hashes: { content: string }[] } };
  };
  expect(metadata.component).toMatchObject({
    name: 'redisworker/operator',
    hashes: [{ content: image.digest.slice(7) }],
  });
  const named = components.map(({ purl }) => decodeURIComponent(purl.replace(/\?.*/, '')));
  const told = textOf('usr/share/doc/redisworker/third-party.txt').matchAll(/^(\S+) (\d+\.\d+\.\S+) \([^)]+\)$/gm);
  const npm = [...told].map(([, name, of]) => `pkg:npm/${name}@${of}`);
  const debian = ['ca-certificates', 'libc6', 'libgcc-s1', 'libstdc++6'];
  expect(named.filter((one) => one.startsWith('pkg:npm/')).sort()).toEqual(npm.sort());
  expect(named.flatMap((one) => /^pkg:deb\/\w+\/([^@]+)@/.exec(one)?.slice(1) ?? []).sort()).toEqual(debian);
  expect(named.filter((one) => one.startsWith('pkg:generic/'))).toEqual([`pkg:generic/node@${process.versions.node}`]);
  expect(named).toHaveLength(npm.length + debian.length + 1);
  const names = npm.map((one) => one.slice('pkg:npm/'.length, one.lastIndexOf('@')));
  expect(names).toEqual(
    expect.arrayContaining(['commander', 'ioredis', 'pino', 'pino-pretty', 'prom-client', 'yaml', 'zod']),
  );
  for (const other of ['deno', 'rolldown', 'vitest']) {
    expect(names).not.toContain(other);
  }
});

test.skipIf(notAsRoot !== '').each(['65532:65532', '1000730000:0'])(
  `user %s runs the operator and the command line${notAsRoot}`,
  async (user) => {
    expect(await ended(['/usr/bin/node', '/redisworker/operator.js', '--version'], { user })).toEqual([0, version]);
    expect((await ended([...operatorConfiguration.entrypoint, '--help'], { user }))[1]).toContain('--redis <url>');
    expect(await ended(['/usr/bin/redisworker', '--version'], { user })).toEqual([0, version]);
    expect((await ended(['/usr/bin/redisworker', '--help'], { user }))[1]).toContain('redisworker dead list');
  },
);

test.skipIf(notAsRoot !== '')(
  `an admin looks at a Redis, and at what nobody could finish there${notAsRoot}`,
  async () => {
    await redis.client.xadd(deadLetterStreamKey('demo'), '*', 'ref', 'r1', 'type', 'demo', 'reason', 'it is broken');
    const [listed, letters] = await ended(['/usr/bin/redisworker', 'dead', 'list', 'demo', '--redis', redis.url]);
    expect(letters).toContain('r1');
    expect(listed).toBe(0);
    expect((await ended(['/usr/bin/redisworker', 'doctor', '--redis', redis.url]))[1]).toContain('Redis');
    const [printed, crd] = await ended(['/usr/bin/redisworker', 'crd']);
    expect(crd).toBe(
      readFileSync(join(import.meta.dirname, '../../crds/redisworkers.redisworker.dev.yaml'), 'utf8').trim(),
    );
    expect(printed).toBe(0);
  },
);

test.skipIf(notAsRoot !== '')(
  `it says in one sentence that it runs no workers${notAsRoot}`,
  async () => {
    expect(await ended(['/usr/bin/redisworker', 'up', 'worker.yaml'])).toEqual([
      1,
      'this image has no Deno to run workers with: run "npx redisworker up" on your machine, or apply the manifest to the cluster',
    ]);
  },
);

test.skipIf(notAsRoot !== '')(`it says that a kubeconfig wants a program it does not have${notAsRoot}`, async () => {
  const mounted = join(folder, 'kubeconfig');
  mkdirSync(mounted);
  const kubeconfig = {
    'current-context': 'c',
    clusters: [{ name: 'k', cluster: { server: 'https://k.test' } }],
    users: [{ name: 'u', user: { exec: { command: 'aws' } } }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
  };
  writeFileSync(join(mounted, 'config'), JSON.stringify(kubeconfig));
  const command = [
    ...operatorConfiguration.entrypoint,
    '--kubeconfig',
    '/run/kubeconfig/config',
    '--http',
    '127.0.0.1:0',
  ];
  const [code, printed] = await ended(command, { mounts: { '/run/kubeconfig': mounted } });
  expect(printed).toContain('the login plugin aws of the kubeconfig cannot be run: spawn aws ENOENT');
  expect(code).toBe(1);
});

function textOf(path: string): string {
  const file = files.find((one) => one.path === path);
  return file?.kind === 'file' ? Buffer.from(file.content).toString() : '';
}

/** Exit code and what it printed. */
async function ended(
  command: readonly string[],
  { user = operatorConfiguration.user, mounts = {} }: { user?: string; mounts?: Contained['mounts'] } = {},
): Promise<[code: number | string, printed: string]> {
  const process = startInside({ root, user, mounts, env: operatorConfiguration.env }, command);
  onTestFinished(() => process.stop());
  return [await process.ended, process.output().trim()];
}
