/** What a worker refers to and does not find, find wrong or find taken: each is told by name, and mending it is enough. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configHashKey, requestStreamKey } from '../../contract/keys.ts';
import { maxSecretBytes, maxSourceBytes } from '../../contract/limits.ts';
import { type KubeObject, type Resource, resources } from '../../operator/cluster/cluster.ts';
import { parseHostRule } from '../../operator/redisworker/network/redis-hosts.ts';
import { withSpec, worker } from '../support/gen.ts';
import { checkInvariants, lookInto } from '../support/invariants.ts';
import { startTestOperator, type TestOperator } from '../support/local-operator.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

let redis: TestRedis;
let operator: TestOperator;
/** As if there were a lease. */
let leads = true;

const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('base64');
const named = (kind: 'Secret' | 'ConfigMap', name: string, data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'default' },
  data,
});
const apply = (object: KubeObject) => operator.cluster.apply(object, 'user');
const remove = (name: string) => operator.cluster.delete(resources.redisWorkers, { namespace: 'default', name });
const start = (name: string, spec: Record<string, unknown>) =>
  apply(worker(name, withSpec({ redis: { url: redis.url }, ...spec })));

interface Case {
  readonly reason: string;
  readonly says: string;
  readonly spec: Record<string, unknown>;
  /** What is wrong around the worker. */
  readonly broken?: KubeObject;
  readonly mended?: KubeObject;
}

const cases: readonly Case[] = [
  {
    reason: 'SecretNotFound',
    says: 'Secret "s1" of spec.secretRef does not exist',
    spec: { secretRef: { name: 's1' } },
    mended: named('Secret', 's1', { a: base64('b') }),
  },
  {
    reason: 'SecretTooLarge',
    says: `a worker takes at most ${maxSecretBytes}`,
    spec: { secretRef: { name: 's2' } },
    broken: named('Secret', 's2', { a: base64('x'.repeat(maxSecretBytes)) }),
    mended: named('Secret', 's2', { a: base64('b') }),
  },
  {
    reason: 'SecretNotText',
    says: 'the value of key "bin" is not UTF-8 text',
    spec: { secretRef: { name: 's3' } },
    broken: named('Secret', 's3', { bin: base64(new Uint8Array([0xff, 0xfe])) }),
    mended: named('Secret', 's3', { bin: base64('text') }),
  },
  {
    reason: 'SecretRefused',
    says: 'is of type "kubernetes.io/service-account-token", which is made for something else',
    spec: { secretRef: { name: 's4' } },
    broken: { ...named('Secret', 's4', { token: base64('b') }), type: 'kubernetes.io/service-account-token' },
    mended: { ...named('Secret', 's4', { a: base64('b') }), type: 'Opaque' },
  },
  {
    reason: 'ConfigMapNotFound',
    says: 'ConfigMap "c1" of spec.source.configMap does not exist',
    spec: { source: { configMap: { name: 'c1', key: 'worker.ts' } } },
    mended: named('ConfigMap', 'c1', { 'worker.ts': 'export default () => 1;' }),
  },
  {
    reason: 'ConfigMapKeyNotFound',
    says: 'ConfigMap "c2" has no key "worker.ts" (keys: main.ts)',
    spec: { source: { configMap: { name: 'c2', key: 'worker.ts' } } },
    broken: named('ConfigMap', 'c2', { 'main.ts': '1' }),
    mended: named('ConfigMap', 'c2', { 'worker.ts': 'export default () => 1;' }),
  },
  {
    reason: 'ConfigMapKeyNotText',
    says: 'key "worker.ts" of ConfigMap "c5" is binary, and a module is text',
    spec: { source: { configMap: { name: 'c5', key: 'worker.ts' } } },
    broken: { ...named('ConfigMap', 'c5', {}), binaryData: { 'worker.ts': base64(new Uint8Array([0xff, 0xfe])) } },
    mended: named('ConfigMap', 'c5', { 'worker.ts': 'export default () => 1;' }),
  },
  {
    reason: 'SourceEmpty',
    says: 'key "worker.ts" of ConfigMap "c3" is empty',
    spec: { source: { configMap: { name: 'c3', key: 'worker.ts' } } },
    broken: named('ConfigMap', 'c3', { 'worker.ts': '\n' }),
    mended: named('ConfigMap', 'c3', { 'worker.ts': 'export default () => 1;' }),
  },
  {
    reason: 'SourceTooLarge',
    says: `a module may have at most ${maxSourceBytes}`,
    spec: { source: { configMap: { name: 'c4', key: 'worker.ts' } } },
    broken: named('ConfigMap', 'c4', { 'worker.ts': '/'.repeat(maxSourceBytes + 1) }),
    mended: named('ConfigMap', 'c4', { 'worker.ts': 'export default () => 1;' }),
  },
];

beforeAll(async () => {
  redis = await startRedis();
  operator = await startTestOperator({
    mayWrite: () => leads,
    redisHosts: { allowed: [parseHostRule('127.0.0.0/8')!] },
  });
});

afterAll(async () => {
  await operator.stop();
  await redis.stop();
});

describe.concurrent('a worker that cannot run', () => {
  test.each(cases)(
    'for $reason says so by name, and runs once it is mended',
    async ({ reason, says, spec, broken, mended }) => {
      const name = reason.toLowerCase();
      if (broken) await apply(broken);
      await start(name, spec);
      expect(await operator.told(name, 'Ready', 'False', reason)).toContain(says);
      expect(await operator.pods(name)).toEqual([]);
      if (mended) await apply(mended);
      await operator.told(name, 'Ready', 'True');
      await remove(name);
    },
  );

  test('for the runtime Secret of another worker gets neither its AES key nor its login', async () => {
    await start('victim', {});
    await operator.told('victim', 'Ready', 'True');
    const stolen = 'victim-worker';
    await start('thief', { secretRef: { name: stolen } });
    expect(await operator.told('thief', 'Stalled', 'True', 'SecretRefused')).toContain(`Secret "${stolen}"`);
    await start('burglar', { redis: { url: redis.url, passwordSecretRef: { name: stolen, key: 'key' } } });
    expect(await operator.told('burglar', 'RedisReachable', 'False', 'SecretRefused')).toContain(stolen);
    for (const name of ['thief', 'burglar']) {
      expect([await operator.pods(name), await redis.client.hgetall(configHashKey(name, '1'))]).toEqual([[], {}]);
    }
    await Promise.all(['victim', 'thief', 'burglar'].map(remove));
  });

  test.each([
    ['metadata', 'redis://169.254.169.254:80', 'leads to 169.254.169.254, which is a loopback, link-local'],
    ['outsider', 'redis://192.0.2.1', 'name one of 127.0.0.0/8'],
  ])('for a Redis on a host that is not for it, %s, says so and dials nothing', async (name, url, says) => {
    await start(name, { redis: { url } });
    const told = await operator.told(name, 'Stalled', 'True', 'RedisHostRefused');
    expect(told).toContain(says);
    await operator.told(name, 'RedisReachable', 'False', 'RedisHostRefused');
    expect(await operator.pods(name)).toEqual([]);
    await remove(name);
  });

  test('for a password whose Secret has no such key names the key', async () => {
    await apply(named('Secret', 'login', { other: base64('x') }));
    await start('keyless', { redis: { url: redis.url, passwordSecretRef: { name: 'login', key: 'password' } } });
    expect(await operator.told('keyless', 'RedisReachable', 'False', 'SecretKeyNotFound')).toContain(
      'Secret "login" of spec.redis.passwordSecretRef has no key "password"',
    );
    await remove('keyless');
  });

  test('for a config hash that is another type of key leaves the key alone, and takes it once it is gone', async () => {
    await redis.client.set(configHashKey('typed', '1'), 'mine');
    await start('typed', {});
    expect(await operator.told('typed', 'Stalled', 'True', 'WrongRedisType')).toContain('is not a hash');
    expect(await redis.client.get(configHashKey('typed', '1'))).toBe('mine');
    await redis.client.del(configHashKey('typed', '1'));
    await operator.told('typed', 'Ready', 'True');
  });

  test.each([
    ['handler', 'Handler', 'throw new TypeError("no table in db");'],
    ['script', 'Script', 'console.log("{}"); throw new Error("no table in db");'],
  ])('for its own code, a %s, says what that said', async (name, runtime, inline) => {
    await start(name, { runtime, source: { inline } });
    const message = await operator.told(name, 'Ready', 'False', 'ConsumersFailing');
    expect(message).toMatch(/^0 of 1 consumers are ready; consumer "1" fails: [^\n\u001b{]*$/);
    expect(message).toContain('no table in db');
    expect(message).not.toMatch(/\bat (?:async|file:)/);
    await remove(name);
  });

  test.each([
    ['parsed', 'Handler', 'export default (\n  1 + ;\n', /worker\.ts:2:7\): 1 \+ ;$/],
    [
      'parsed-script',
      'Script',
      'const rate = 1;\nconst rate = 2;\n',
      /SyntaxError: .*worker\.ts:2:7\): const rate = 2;$/,
    ],
  ])('for a module that does not parse, %s, is final and tells the line', async (name, runtime, inline, line) => {
    await start(name, { runtime, source: { inline } });
    expect(await operator.told(name, 'Stalled', 'True', 'InvalidSource')).toMatch(line);
    await remove(name);
  });

  test.each([
    ['exiting', 'Script', 'Deno.exit(4);'],
    ['reading', 'Handler', 'JSON.parse("");'],
  ])('for a program that only seems not to parse, %s, is not final', async (name, runtime, inline) => {
    await start(name, { runtime, source: { inline } });
    await operator.told(name, 'Ready', 'False', 'ConsumersFailing');
    await operator.told(name, 'Reconciling', 'True', 'ConsumersFailing');
    await remove(name);
  });

  test('for a request stream that is another type of key names it', async () => {
    await redis.client.set(requestStreamKey('streamless'), 'mine');
    await start('streamless', {});
    expect(await operator.told('streamless', 'Stalled', 'True', 'WrongRedisType')).toContain('is not a stream');
    expect(await redis.client.get(requestStreamKey('streamless'))).toBe('mine');
  });

  test('for a hash of somebody else says where the owner is named, repeats nothing of it, and touches nothing', async () => {
    const theirs = { resource: 'elsewhere/their/uid', type: 'taken', consumerId: '1' };
    await redis.client.hset(configHashKey('taken', '1'), theirs);
    await start('taken', {});
    const told = await operator.told('taken', 'Stalled', 'True', 'HashConflict');
    expect(told).toContain('belongs to another manifest, which its field "resource" names');
    expect(told).not.toContain('elsewhere');
    expect(await redis.client.hgetall(configHashKey('taken', '1'))).toEqual(theirs);
  });

  test('leaves the others at work', async () => {
    await start('healthy', {});
    await operator.told('healthy', 'Ready', 'True');
    expect(await ask(redis.client, 'healthy', 'x')).toMatchObject({ code: 200, data: { echo: 'x' } });
    await remove('healthy');
    await eventually(
      'the healthy worker is gone',
      async () =>
        (await operator.cluster.get(resources.redisWorkers, { namespace: 'default', name: 'healthy' })) === undefined,
    );
    expect(await redis.client.exists(configHashKey('healthy', '1'))).toBe(0);
  });

  test('whose objects lost the owner or the labels they are known by gets them back, and no pod is started again', async () => {
    await start('stripped', {});
    await operator.told('stripped', 'Ready', 'True');
    const ofWorker = async (resource: (typeof resources)['deployments' | 'networkPolicies']) =>
      (await operator.cluster.list(resource)).find(({ metadata }) =>
        metadata.labels?.['redisworker.dev/name'] === 'stripped'
      );
    const uidsOfPods = async () => (await operator.pods('stripped')).map(({ metadata }) => metadata.uid);
    const pods = await uidsOfPods();
    const deployment = await ofWorker(resources.deployments);
    const policy = await ofWorker(resources.networkPolicies);
    if (!deployment || !policy) throw new Error('the worker has no Deployment or no policy');
    const strip = (resource: Resource, { metadata }: KubeObject, patch: object) =>
      operator.cluster.patch(resource, { namespace: 'default', name: metadata.name }, { metadata: patch });
    await strip(resources.deployments, deployment, {
      ownerReferences: null,
      labels: { 'redisworker.dev/consumer': null },
    });
    await strip(resources.networkPolicies, policy, { labels: { 'app.kubernetes.io/managed-by': null } });
    await eventually('both are as they were', async () => {
      const now = [await ofWorker(resources.deployments), await ofWorker(resources.networkPolicies)];
      return isDeepStrictEqual(
        now.map((object) => [object?.metadata.uid, object?.metadata.ownerReferences, object?.metadata.labels]),
        [deployment, policy].map(({ metadata }) => [metadata.uid, metadata.ownerReferences, metadata.labels]),
      );
    });
    expect(await uidsOfPods()).toEqual(pods);
    await remove('stripped');
  });

  test('that comes when the operator leads no more is left to the next leader, in Redis too', async () => {
    leads = false;
    await start('late', {});
    await eventually(
      'its reconcile was refused',
      () => /"object":"default\/late","reason":"NotLeading"/.test(operator.output()),
    );
    const object = await operator.cluster.get(resources.redisWorkers, { namespace: 'default', name: 'late' });
    expect([object?.metadata.finalizers, object?.status]).toEqual([undefined, undefined]);
    expect(await redis.client.keys('late:*')).toEqual([]);
    leads = true;
    await eventually('it is taken up', () => redis.client.exists(configHashKey('late', '1')));
    await remove('late');
  });

  test('that is deleted while it is looked at for the first time leaves nothing', async () => {
    const names = Array.from({ length: 40 }, (_, turns) => `brief-${turns}`);
    for (const [turns, name] of names.entries()) {
      await start(name, { suspend: true });
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      await remove(name);
    }
    await eventually('all are gone', async () => {
      const workers = await operator.cluster.list(resources.redisWorkers);
      return !workers.some(({ metadata }) => names.includes(metadata.name));
    });
    await start('after', { suspend: true });
    await operator.told('after', 'Ready', 'True');
    const left = await redis.client.keys('brief-*');
    expect(left.filter((key) => !key.endsWith(':req:x'))).toEqual([]); // streams stay
    await remove('after');
  });

  test('of flavor Cilium has its policy rendered, and is told that nothing enforces it here', async () => {
    await start('cilium', {
      suspend: true,
      networkPolicy: { flavor: 'Cilium' },
      permissions: { net: ['api.example.com:443'] },
    });
    await operator.told('cilium', 'NetworkPolicyExact', 'True', 'Exact');
    await operator.told('cilium', 'NetworkPolicyEnforced', 'False', 'NotEnforcedHere');
    const policies = await eventually('the policy is there', async () => {
      const found = await operator.cluster.list(resources.ciliumNetworkPolicies);
      return found.length > 0 && found;
    });
    expect(JSON.stringify(policies)).toContain('"toFQDNs":[{"matchName":"api.example.com"}]');
    await remove('cilium');
    await eventually(
      'the policy went with its worker',
      async () => (await operator.cluster.list(resources.ciliumNetworkPolicies)).length === 0,
    );
  });
});

test('what was wrong with workers leaves every invariant whole', () =>
  checkInvariants({
    namespace: 'default',
    redis: [redis.client],
    output: () => operator.output(),
    look: lookInto(operator.cluster, 'default'),
  }, 120_000), 150_000);
