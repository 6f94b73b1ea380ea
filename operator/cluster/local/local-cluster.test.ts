import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../../test/support/wait.ts';
import { type ChangeType, type KubeObject, resources } from '../cluster.ts';
import { type LocalCluster, openLocalCluster } from './local-cluster.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let cluster: LocalCluster;

beforeEach(async () => {
  cluster = await openLocalCluster({ log: quiet, nodeName: 'laptop' });
});
afterEach(() => cluster.close());

function configMap(name: string, more: Partial<KubeObject> = {}): KubeObject {
  const { metadata, ...rest } = more;
  return { apiVersion: 'v1', kind: 'ConfigMap', ...rest, metadata: { ...metadata, name, namespace: 'default' } };
}

function worker(spec: object, metadata: object = {}): KubeObject {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name: 'w', namespace: 'default', ...metadata },
    spec,
  };
}

const w = { namespace: 'default', name: 'w' };

describe('writing', () => {
  test('a new object gets a uid, a time, a version and generation 1', async () => {
    const made = await cluster.apply(worker({ a: 1 }), 'user');
    expect(made.metadata).toMatchObject({
      generation: 1,
      uid: expect.any(String),
      resourceVersion: expect.any(String),
      creationTimestamp: expect.any(String),
    });
  });

  test('the generation moves with the spec alone and the version with every change', async () => {
    const first = await cluster.apply(worker({ a: 1 }), 'user');
    const labelled = await cluster.apply(worker({ a: 1 }, { labels: { x: 'y' } }), 'user');
    const changed = await cluster.apply(worker({ a: 2 }, { labels: { x: 'y' } }), 'user');
    const told = await cluster.applyStatus({ ...worker({}), status: { ready: true } }, 'redisworker-status');
    expect([first, labelled, changed, told].map((object) => object.metadata.generation)).toEqual([1, 1, 2, 2]);
    expect(new Set([first, labelled, changed, told].map((object) => object.metadata.resourceVersion)).size).toBe(4);
  });

  test('what is created must not be there, whose ever it is', async () => {
    const made = await cluster.create(worker({ a: 1 }), 'redisworker');
    await expect(cluster.create(worker({ a: 1 }), 'redisworker')).rejects.toMatchObject({
      status: 409,
      reason: 'Conflict',
    });
    expect(await cluster.get(resources.redisWorkers, w)).toEqual(made);
  });

  test('a write that changes nothing keeps the version and tells nobody', async () => {
    const first = await cluster.apply(worker({ a: 1 }), 'user');
    expect(await cluster.apply(worker({ a: 1 }), 'user')).toEqual(first);
  });

  test('what is no longer applied goes away, but for the finalizers of others and the status', async () => {
    await cluster.apply(worker({ a: 1, b: 2 }, { labels: { x: 'y' } }), 'user');
    await cluster.patch(resources.redisWorkers, w, { metadata: { finalizers: ['redisworker.dev/cleanup'] } });
    const left = await cluster.apply(worker({ a: 1 }), 'user');
    expect(left).toMatchObject({ spec: { a: 1 }, metadata: { finalizers: ['redisworker.dev/cleanup'] } });
    expect([left.spec, left.metadata.labels]).toEqual([{ a: 1 }, undefined]);
  });

  test('applying the status leaves the spec alone, and applying the spec leaves the status alone', async () => {
    await cluster.apply({ ...worker({ a: 1 }), status: { smuggled: true } }, 'user');
    await cluster.applyStatus({ ...worker({ a: 9 }), status: { ready: true, old: 1 } }, 'redisworker-status');
    await cluster.applyStatus({ ...worker({ a: 9 }), status: { ready: true } }, 'redisworker-status');
    expect(await cluster.apply(worker({ a: 2 }), 'user')).toMatchObject({ spec: { a: 2 }, status: { ready: true } });
    expect((await cluster.get(resources.redisWorkers, w))?.status).toEqual({ ready: true });
  });

  test('the status of an object that is not there is NotFound', async () => {
    await expect(cluster.applyStatus({ ...worker({}), status: {} }, 'redisworker-status')).rejects.toMatchObject({
      status: 404,
      reason: 'NotFound',
    });
  });

  test('stringData of a Secret arrives as base64 in data', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: w, stringData: { key: 'value' } };
    expect(await cluster.apply(secret, 'user')).toMatchObject({ data: { key: 'dmFsdWU=' } });
  });

  test('an immutable ConfigMap keeps its data', async () => {
    await cluster.apply(configMap('c', { data: { k: '1' }, immutable: true }), 'redisworker');
    await expect(cluster.apply(configMap('c', { data: { k: '2' }, immutable: true }), 'redisworker')).rejects
      .toMatchObject({ status: 422 });
  });

  test('an object without its namespace is refused with the fix', async () => {
    await expect(cluster.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } }, 'user')).rejects.toThrow(
      'Secret s needs metadata.namespace',
    );
  });

  test('a patch merges, keeps the status, and fails with Conflict on a stale version or uid', async () => {
    const made = await cluster.apply(worker({ a: 1, b: 2 }), 'user');
    const patched = await cluster.patch(resources.redisWorkers, w, { spec: { b: null }, status: { no: 1 } }, {
      resourceVersion: made.metadata.resourceVersion!,
    });
    expect(patched).toMatchObject({ spec: { a: 1 }, metadata: { generation: 2 } });
    expect(patched.status).toBeUndefined();
    await expect(cluster.patch(resources.redisWorkers, w, {}, { resourceVersion: made.metadata.resourceVersion! }))
      .rejects.toMatchObject({ status: 409, reason: 'Conflict' });
    await expect(cluster.patch(resources.redisWorkers, w, {}, { uid: 'other' })).rejects.toMatchObject({ status: 409 });
    await expect(cluster.patch(resources.redisWorkers, { namespace: 'default', name: 'none' }, {})).rejects
      .toMatchObject({ status: 404 });
  });

  test('a caller may change what it got without changing the store', async () => {
    const got = await cluster.apply(worker({ a: 1 }), 'user');
    got.metadata.name = 'changed';
    expect((await cluster.get(resources.redisWorkers, w))?.metadata.name).toBe('w');
  });
});

describe('deleting', () => {
  test('an object with finalizers is marked, and goes when the last finalizer does', async () => {
    await cluster.apply(worker({ a: 1 }, { finalizers: ['redisworker.dev/cleanup'] }), 'redisworker');
    await cluster.delete(resources.redisWorkers, w);
    expect((await cluster.get(resources.redisWorkers, w))?.metadata).toMatchObject({
      deletionTimestamp: expect.any(String),
      generation: 2,
    });
    await cluster.patch(resources.redisWorkers, w, { metadata: { finalizers: null } });
    expect(await cluster.get(resources.redisWorkers, w)).toBeUndefined();
  });

  test('deleting what is gone is fine, deleting another incarnation is a Conflict', async () => {
    await cluster.delete(resources.redisWorkers, w);
    await cluster.apply(worker({}), 'user');
    await expect(cluster.delete(resources.redisWorkers, w, { uid: 'other' })).rejects.toMatchObject({
      reason: 'Conflict',
    });
  });

  test('a pod on a node stays until the node deletes it with no grace', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: w,
      spec: { nodeName: 'laptop', terminationGracePeriodSeconds: 7 },
    };
    await cluster.apply(pod, 'redisworker');
    await cluster.delete(resources.pods, w);
    expect((await cluster.get(resources.pods, w))?.metadata).toMatchObject({
      deletionGracePeriodSeconds: 7,
      deletionTimestamp: expect.any(String),
    });
    await cluster.delete(resources.pods, w, { gracePeriodSeconds: 0 });
    expect(await cluster.get(resources.pods, w)).toBeUndefined();
  });

  test('dependents of a deleted owner go too, down the chain, but not while another owner lives', async () => {
    const owner = await cluster.apply(configMap('owner'), 'user');
    const other = await cluster.apply(configMap('other'), 'user');
    const link = ({ apiVersion, kind, metadata }: KubeObject) => ({
      apiVersion,
      kind,
      name: metadata.name,
      uid: metadata.uid!,
    });
    const child = await cluster.apply(
      configMap('child', { metadata: { name: '', ownerReferences: [link(owner)] } }),
      'user',
    );
    await cluster.apply(configMap('grandchild', { metadata: { name: '', ownerReferences: [link(child)] } }), 'user');
    await cluster.apply(
      configMap('shared', { metadata: { name: '', ownerReferences: [link(owner), link(other)] } }),
      'user',
    );
    await cluster.delete(resources.configMaps, { namespace: 'default', name: 'owner' });
    const names = async () => (await cluster.list(resources.configMaps)).map(({ metadata }) => metadata.name).join();
    await eventually('only the objects with a living owner are left', async () => (await names()) === 'other,shared');
  });

  test('an object made for an owner that is gone is collected', async () => {
    await cluster.apply(
      configMap('late', {
        metadata: { name: '', ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'gone' }] },
      }),
      'user',
    );
    await eventually('the orphan is gone', async () => (await cluster.list(resources.configMaps)).length === 0);
  });
});

describe('following', () => {
  test('the first list comes as added, then every change in order, after the live copy took it in', async () => {
    await cluster.apply(configMap('a'), 'user');
    const followed = cluster.follow(resources.configMaps);
    const seen: [ChangeType, string, boolean][] = [];
    followed.onChange((type, object) =>
      seen.push([
        type,
        object.metadata.name,
        followed.get({ namespace: 'default', name: object.metadata.name }) !== undefined,
      ])
    );
    await cluster.apply(configMap('b', { data: { k: '1' } }), 'user');
    await cluster.apply(configMap('b', { data: { k: '2' } }), 'user');
    await cluster.delete(resources.configMaps, { namespace: 'default', name: 'b' });
    await cluster.apply(configMap('b'), 'user');
    await eventually('all changes are told', () => seen.length === 5);
    expect(seen.map(([type, name]) => `${type} ${name}`)).toEqual([
      'added a',
      'added b',
      'modified b',
      'deleted b',
      'added b',
    ]);
    expect(seen.every(([type, , there]) => there === (type !== 'deleted'))).toBe(true);
  });

  test('an object that ceases to match the labels is told as deleted', async () => {
    const followed = cluster.follow(resources.configMaps, { labels: { app: 'w' } });
    const seen: string[] = [];
    followed.onChange((type) => seen.push(type));
    await cluster.apply(configMap('a', { metadata: { name: '', labels: { app: 'w' } } }), 'user');
    await cluster.apply(configMap('a'), 'user');
    await eventually('both changes are told', () => seen.join() === 'added,deleted');
    expect(followed.list()).toEqual([]);
  });

  test('objects are found by owner, and a listener that throws harms nobody', async () => {
    const owner = await cluster.apply(worker({}), 'user');
    const followed = cluster.follow(resources.configMaps);
    followed.onChange(() => {
      throw new Error('a fault of the listener');
    });
    await cluster.apply(
      configMap('c', {
        metadata: {
          name: '',
          ownerReferences: [{ apiVersion: owner.apiVersion, kind: owner.kind, name: 'w', uid: owner.metadata.uid! }],
        },
      }),
      'user',
    );
    await eventually('the child is indexed', () => followed.ownedBy(owner.metadata.uid!).length === 1);
    followed.stop();
  });

  test('objects of the live copy cannot be changed', async () => {
    await cluster.apply(configMap('c'), 'user');
    const followed = cluster.follow(resources.configMaps);
    await followed.synced;
    expect(() => {
      followed.list()[0]!.metadata.name = 'x';
    }).toThrow(TypeError);
  });
});

describe('events', () => {
  test('the same event again raises its count, and only the latest 1000 are kept', async () => {
    const regarding = await cluster.apply(worker({}), 'user');
    for (let i = 0; i < 1001; i += 1) {
      cluster.record({ regarding, type: 'Normal', reason: 'Counted', message: String(i) });
    }
    cluster.record({ regarding, type: 'Normal', reason: 'Counted', message: '500' });
    expect(cluster.events()).toHaveLength(1000);
    expect(cluster.events().at(-1)).toMatchObject({ message: '500', count: 2, kind: 'RedisWorker', ref: w });
  });
});
