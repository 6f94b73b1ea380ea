import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { observed } from '../test/support/observed.ts';
import { testIo } from '../test/support/io.ts';
import { worker } from '../test/support/gen.ts';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { writesOf } from '../operator/redisworker/desired/writes.ts';
import { planOf } from '../operator/redisworker/plan/index.ts';
import { main } from './main.ts';

const redis = ['--redis', 'redis://10.1.2.3:6379'];
const source = 'export default () => ({});';
const manifest = (name: string, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'redisworker.dev/v1alpha1',
  kind: 'RedisWorker',
  metadata: { name, ...metadata },
  spec: { source: { inline: source }, ...spec },
});
const secret = (name: string, stringData: object) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData,
});

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'redisworker-render-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Renders documents of one file, and what else is on the command line. */
async function render(documents: readonly object[], ...args: string[]) {
  const file = join(folder, 'worker.yaml');
  writeFileSync(file, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
  return rendered([file, ...args]);
}

async function rendered(args: readonly string[], input = '') {
  const io = testIo({ input: () => Promise.resolve(input) });
  const code = await main(['render', ...args], io);
  const text = io.printed.join('\n');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
  return { code, text, objects, told: io.failures };
}

const names = (objects: readonly KubeObject[]) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

describe('what is rendered', () => {
  test('are pods that run as the user of the image, or as whom the cluster gives them', async () => {
    const contextOf = async (...args: string[]) => {
      const { objects } = await render([manifest('a')], ...redis, ...args);
      const { spec } = objects.find(({ kind }) => kind === 'Deployment')! as {
        spec: { template: { spec: { securityContext: object } } };
      };
      return spec.template.spec.securityContext;
    };
    const ofAll = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
    expect(await contextOf()).toEqual({ ...ofAll, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 });
    expect(await contextOf('--pod-user', 'Assigned')).toEqual(ofAll);
  });

  test('are the objects of each worker, in the order of writes', async () => {
    const { code, objects } = await render([manifest('a', { consumers: { count: 2 } }), manifest('b')], ...redis);
    expect(code).toBe(0);
    expect(names(objects).map((name) => name.replace(/-[0-9a-f]{10,12}$/, '-HASH'))).toEqual([
      'ConfigMap a-HASH',
      'Secret a-worker',
      'NetworkPolicy a-HASH',
      'Deployment a-1',
      'Deployment a-2',
      'ConfigMap b-HASH',
      'Secret b-worker',
      'NetworkPolicy b-HASH',
      'Deployment b-1',
    ]);
  });

  test('is that order which a plan for a new worker has', () => {
    const plan = planOf(observed(worker('w')));
    const { before, after } = writesOf(plan.desired!);
    const applied = plan.actions.flatMap((action) => (action.do === 'applyObject' ? [action.object] : []));
    expect(names([...before, ...after])).toEqual(names(applied));
  });

  test('has words for what nobody can know before the operator writes it', async () => {
    const { objects, told } = await render([manifest('a')], ...redis);
    const [configMap, secret, , deployment] = objects;
    expect(configMap!.metadata.ownerReferences?.[0]?.uid).toBe('<UID of RedisWorker default/a>');
    expect(secret).toMatchObject({
      stringData: { key: '<AES key of the config hashes>', 'redis-password': '<password of the Redis>' },
      metadata: { annotations: { 'redisworker.dev/redis-password-made': '<time the password was made>' } },
    });
    expect(secret).not.toHaveProperty('data');
    expect(JSON.stringify(deployment)).toContain('"value":"rw-<UID of RedisWorker default/a>"');
    expect(JSON.stringify(deployment)).toContain('<digest of the config hash, the keys and the passwords>');
    expect(told).toEqual([
      'default/a: not known here: its UID; its keys and passwords; what follows from that is shown as <…> or left out',
    ]);
  });

  test('is the same text every time', async () => {
    const once = await render([manifest('a', { secretRef: { name: 's' } })], ...redis, '--redis-hashes');
    const twice = await render([manifest('a', { secretRef: { name: 's' } })], ...redis, '--redis-hashes');
    expect(once.text).toBe(twice.text);
  });

  test('includes the config hashes when asked for, before the pods that read them', async () => {
    const { objects } = await render(
      [manifest('a', { secretRef: { name: 's' } }), secret('s', { token: 'hush' })],
      ...redis,
      '--redis-hashes',
    );
    expect(objects.map(({ kind }) => kind)).toEqual([
      'ConfigMap',
      'Secret',
      'NetworkPolicy',
      'RedisHash',
      'Deployment',
    ]);
    expect(objects[3]).toMatchObject({
      key: 'a:1:h',
      fields: { type: 'a', consumerId: '1', encryptedJson: '<the values of spec.secretRef, encrypted>' },
    });
  });

  test('is a List in JSON', async () => {
    const { text } = await render([manifest('a')], ...redis, '-o', 'json');
    expect(JSON.parse(text)).toMatchObject({ kind: 'List', items: [{}, {}, {}, { kind: 'Deployment' }] });
  });

  test('never has a value of a Secret in it, whatever is known', async () => {
    const uid = '8c1c6b4e-6d1c-4a53-a1b9-0a1a4f1c7d11';
    const owner = { apiVersion: 'redisworker.dev/v1alpha1', kind: 'RedisWorker', name: 'a', uid, controller: true };
    const key = `worker-v0 ${'ab'.repeat(16)}`;
    const { text, told } = await render([
      manifest('a', {
        secretRef: { name: 's' },
        redis: { url: 'redis://10.1.2.4:6379', passwordSecretRef: { name: 's', key: 'token' } },
      }, { uid }),
      secret('s', { token: 'hush-hush' }),
      {
        ...secret('a-worker', { key, 'redis-password': 'hush-hush' }),
        metadata: { name: 'a-worker', ownerReferences: [owner] },
      },
    ], '--redis-hashes');
    expect(text).not.toContain('hush');
    expect(text).not.toContain('abababab');
    expect(text).not.toContain('<digest');
    expect(told).toEqual([]);
  });
});

describe('what the cluster knows', () => {
  const net = { permissions: { net: ['api.example.com:443', 'cache:6379'] } };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'cache' },
    spec: { selector: { app: 'cache' }, ports: [{ port: 6379, targetPort: 6380 }] },
  };

  test('is told to be unknown, and is not made up', async () => {
    const { code, objects, told } = await render([manifest('a', net)], ...redis);
    expect(code).toBe(0);
    expect(told).toEqual([
      'default/a: not known here: its UID; its keys and passwords; the addresses of api.example.com (--resolve api.example.com=ADDRESS); the Service default/cache; what follows from that is shown as <…> or left out',
    ]);
    expect(JSON.stringify(objects[2])).not.toContain('6380');
  });

  test('comes from the other documents and from flags', async () => {
    const { objects, told } = await render(
      [manifest('a', net), service],
      ...redis,
      '--resolve',
      'api.example.com=203.0.114.7',
    );
    expect(told[0]).not.toMatch(/addresses|Service/);
    const policy = JSON.stringify(objects[2]);
    expect(policy).toContain('203.0.114.7/32');
    expect(policy).toContain('6380');
  });

  test('a Secret that is not there is no hindrance, and is named', async () => {
    const { code, told } = await render([manifest('a', { secretRef: { name: 's' } })], ...redis);
    expect(code).toBe(0);
    expect(told[0]).toContain('the Secret default/s');
  });

  test('flags of the operator shape the objects as they do there', async () => {
    const { objects } = await render(
      [manifest('a')],
      ...redis,
      '--worker-image',
      'registry.example/worker:1',
      '--canary-address',
      'canary.redisworker.svc:8086',
    );
    expect(JSON.stringify(objects[3])).toContain('"image":"registry.example/worker:1"');
    expect(JSON.stringify(objects[3])).toContain('canary.redisworker.svc:8086');
  });

  test('a worker of the other flavor gets the other kind of policy', async () => {
    const { objects } = await render([manifest('a', { networkPolicy: { flavor: 'Cilium' } })], ...redis);
    expect(objects.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Secret', 'CiliumNetworkPolicy', 'Deployment']);
  });

  test('the servers behind Sentinels come from --redis-member', async () => {
    const sentinel = ['--redis', 'redis+sentinel://10.1.2.3/main'];
    const without = await render([manifest('a')], ...sentinel);
    expect(without.code).toBe(1);
    expect(without.told[0]).toContain('--redis-member');
    const { code, objects } = await render([manifest('a')], ...sentinel, '--redis-member', '10.1.2.9:6379');
    expect(code).toBe(0);
    expect(JSON.stringify(objects[2])).toContain('10.1.2.9/32');
  });
});

describe('code from elsewhere', () => {
  const fetched = (name: string, more: object = {}) =>
    manifest(name, { source: { url: 'https://code.example/greet.ts', ...more } });

  test('is not fetched, and shown with the Job that resolves it and what follows from it', async () => {
    const { code, objects, told } = await render([fetched('a'), fetched('b')], ...redis);
    expect(code).toBe(0);
    const [job, policy, request, configMap] = objects;
    expect(names(objects).map((name) => name.replace(/[0-9a-f]{10,24}/, 'HASH'))).toEqual([
      'Job redisworker-code-HASH',
      'NetworkPolicy redisworker-code-HASH',
      'ConfigMap redisworker-code-HASH',
      'ConfigMap a-<digest of the code>',
      'Secret a-worker',
      'NetworkPolicy a-HASH',
      'Deployment a-1',
      'ConfigMap b-<digest of the code>',
      'Secret b-worker',
      'NetworkPolicy b-HASH',
      'Deployment b-1',
    ]);
    expect(policy!.metadata.ownerReferences).toMatchObject([{
      kind: 'Job',
      uid: `<UID of Job default/${job!.metadata.name}>`,
    }]);
    expect(JSON.parse((request!.data as Record<string, string>)['request.json']!)).toMatchObject({
      request: { entry: { kind: 'url', url: 'https://code.example/greet.ts' } },
    });
    expect(configMap).toMatchObject({
      data: { 'worker.js': '<the code that was resolved>' },
      metadata: { annotations: { 'redisworker.dev/source-origins': '<what the code was resolved for, and when>' } },
    });
    expect(told[0]).toContain(`its code, which the Job ${job!.metadata.name} resolves`);
  });

  test('is resolved as the flags of the operator say', async () => {
    const { objects } = await render(
      [fetched('a')],
      ...redis,
      '--npm-registry=https://npm.example',
      '--code-job-resources={"limits":{"memory":"2Gi"}}',
      '--resolve=npm.example=203.0.114.9',
    );
    expect(JSON.stringify(objects[0])).toContain('"limits":{"memory":"2Gi"}');
    expect(JSON.stringify(objects[1])).toContain('203.0.114.9/32');
    expect(JSON.stringify(objects[2])).toContain('https://npm.example/');
    const { code, told } = await render([fetched('a')], ...redis, '--no-code-jobs');
    expect([code, told[0]]).toEqual([1, expect.stringContaining('resolves no code from elsewhere')]);
  });

  test('is an image to pods where a registry is to keep it', async () => {
    const { code, objects } = await render([fetched('a')], ...redis, '--code-registry=registry.example/team/code');
    const image = 'registry.example/team/code@sha256:<digest of the image>';
    expect([code, objects[3]!.data]).toEqual([0, { image }]);
    expect(JSON.stringify(objects.at(-1))).toContain(`{"reference":"${image}","pullPolicy":"IfNotPresent"}`);
    expect(objects[3]!.metadata.name).toBe('a-<digest of the code>-<digest of the image>-1');
  });

  test('is asked for with a Secret, of which nothing is shown', async () => {
    const worker = fetched('a', { credentialsSecretRef: { name: 's' } });
    const { objects, told } = await render([worker], ...redis);
    expect(objects[2]).toMatchObject({ kind: 'Secret', stringData: { 'request.json': '<a secret>' } });
    expect(told[0]).toContain('the Secret default/s');
    const { code, text } = await render([worker, secret('s', { token: 'hush-hush' })], ...redis);
    expect([code, text.includes('hush')]).toEqual([0, false]);
  });

  test('that nobody may fetch is refused here too', async () => {
    const metadata = manifest('a', { source: { url: 'http://169.254.169.254/worker.ts' } });
    const { code, told } = await render([metadata], ...redis);
    expect([code, told[0]]).toEqual([1, expect.stringContaining('tells machines their secrets')]);
  });
});

describe('what is refused', () => {
  test('is refused in the words of up, with exit code 1, and the rest is rendered', async () => {
    const { code, objects, told } = await render([
      manifest('a', { consumers: { count: 2, ids: ['x'] } }),
      manifest('b'),
    ], ...redis);
    expect(code).toBe(1);
    expect(told[0]).toMatch(/worker\.yaml:1: RedisWorker default\/a: spec\.consumers: /);
    expect(names(objects)).toContain('Deployment b-1');
  });

  test('a worker the operator would refuse has no objects', async () => {
    const { code, text, told } = await render([
      manifest('a', { permissions: { net: ['api.example.com:443'], outsideNames: 'Refuse' } }),
    ], ...redis);
    expect([code, text]).toEqual([1, '']);
    expect(told[0]).toMatch(/^default\/a: spec\.permissions\.net: /);
  });

  test('without a Redis it says how to give it', async () => {
    const { code, told } = await render([manifest('a')]);
    expect(code).toBe(1);
    expect(told[0]).toContain('--redis gives it');
  });

  test('a code nobody has is no code: the ConfigMap has to be among the files', async () => {
    const worker = manifest('a', { source: { configMap: { name: 'code', key: 'worker.ts' } } });
    const { code, told } = await render([worker], ...redis);
    expect([code, told[0]]).toEqual([1, expect.stringContaining('or give it here among the files')]);
    const code2 = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, data: { 'worker.ts': source } };
    expect((await render([worker, code2], ...redis)).code).toBe(0);
  });

  test('files without a worker are told', async () => {
    const { code, told } = await render([secret('s', {})], ...redis);
    expect([code, told[0]]).toEqual([1, expect.stringContaining('there is no RedisWorker in ')]);
  });

  test('a path that does not exist, and a flag that is wrong', async () => {
    const nowhere = await rendered(['/nowhere.yaml']);
    expect([nowhere.code, nowhere.told[0]]).toEqual([
      2,
      expect.stringContaining('There is no file or folder /nowhere.yaml'),
    ]);
    expect((await rendered(['-', '--resolve', 'x'])).code).toBe(2);
    expect((await rendered(['-', '--redis', 'redis://:p@h'])).told[0]).toContain('must not carry credentials');
  });
});

test('folders and standard input are read as well', async () => {
  mkdirSync(join(folder, 'deploy'));
  writeFileSync(join(folder, 'deploy', 'a.yaml'), JSON.stringify(manifest('a')));
  const { code, objects } = await rendered(
    [join(folder, 'deploy'), '-', ...redis, '-n', 'team'],
    JSON.stringify(manifest('b')),
  );
  expect(code).toBe(0);
  expect(names(objects).filter((name) => name.startsWith('Deployment'))).toEqual(['Deployment a-1', 'Deployment b-1']);
  expect(new Set(objects.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['team']));
});

test('every example can be rendered', async () => {
  const { code, told } = await rendered(['examples', ...redis]);
  expect(told.filter((sentence) => !sentence.includes('not known here'))).toEqual([]);
  expect(code).toBe(0);
  expect(readFileSync('examples/demo-worker.yaml', 'utf8')).toContain('RedisWorker');
});
