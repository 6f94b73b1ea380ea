/** The index against the walks over all workers that it stands for. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RedisWorker } from '../../api/redisworker.ts';
import type { ChangeListener, KubeObject } from '../../cluster/cluster.ts';
import { claimsMeet, foreignKeys } from '../plan/key-claims.ts';
import { clashOf, holderOf, rivalOf } from '../plan/rival.ts';
import { WorkerIndex } from './worker-index.ts';

const defaultRedis = 'redis://redis.x.svc:6379';
const type = fc.constantFrom('a', 'b', 'c');
const key = fc.constantFrom('a:req:x', '{b}:res:x', 'shared', 'b:*', '*', 's?ared', 'c:1:h', 'none:x');
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const specs = fc.record({
  type: optional(type),
  redis: optional(fc.oneof(
    fc.record({ keys: fc.array(key, { maxLength: 2 }), channels: fc.array(key, { maxLength: 1 }) }),
    fc.record({ url: fc.constantFrom(defaultRedis, 'redis://redis:6379', 'redis://other:1') }),
  )),
  stream: optional(fc.record({ request: key, group: fc.constantFrom('worker', 'g') })),
});

const workers = fc.record({
  namespace: fc.constantFrom('x', 'y'),
  name: fc.constantFrom('a', 'b', 'w', 'v'),
  uid: fc.integer({ min: 1, max: 9 }),
  spec: specs,
}).map(({ namespace, name, uid, spec }): KubeObject => ({
  apiVersion: 'redisworker.dev/v1alpha1',
  kind: 'RedisWorker',
  metadata: { namespace, name, uid: `${namespace}-${name}-${uid}`, creationTimestamp: `2030-01-0${uid}T00:00:00Z` },
  spec: JSON.parse(JSON.stringify(spec)) as object,
}));

/** A copy of workers that changes as the test says. */
function playing(changes: readonly { object: KubeObject; isGone: boolean }[]) {
  const objects = new Map<string, KubeObject>();
  const listeners: ChangeListener[] = [];
  const list = () => [...objects].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, object]) => object);
  const index = new WorkerIndex({
    list,
    onChange: (listener) => {
      listeners.push(listener);
      return () => undefined;
    },
  }, defaultRedis);
  for (const { object, isGone } of changes) {
    const name = `${object.metadata.namespace}/${object.metadata.name}`;
    if (isGone) objects.delete(name);
    else objects.set(name, object);
    for (const listener of listeners) listener(isGone ? 'deleted' : 'modified', object);
  }
  return { index, all: list() };
}

test('who is near decides what a walk over all decides, whatever workers have come, changed and gone', () => {
  const changes = fc.array(fc.record({ object: workers, isGone: fc.boolean() }), { maxLength: 12 });
  fc.assert(fc.property(changes, workers, (played, stranger) => {
    const { index, all } = playing(played);
    for (const object of [...all, stranger]) {
      const near = index.near(object);
      const worker = object as unknown as RedisWorker;
      expect(foreignKeys(object, near)).toEqual(foreignKeys(object, all));
      expect(rivalOf(worker, near, defaultRedis)).toEqual(rivalOf(worker, all, defaultRedis));
      const meet = (other: KubeObject) =>
        clashOf(object, other, defaultRedis) !== undefined || claimsMeet(object, other);
      expect(near.filter(meet)).toEqual(all.filter(meet));
      for (const { metadata } of [...all, stranger]) {
        const holder = `${metadata.namespace}/${metadata.name}/${metadata.uid}`;
        expect(holderOf(worker, index.holding(holder), defaultRedis, holder)).toEqual(
          holderOf(worker, all, defaultRedis, holder),
        );
      }
    }
  }));
});

test('a worker that names nothing of others is near those of its type alone', () => {
  const crowd = Array.from({ length: 100 }, (_, at) => ({
    object: {
      apiVersion: 'redisworker.dev/v1alpha1',
      kind: 'RedisWorker',
      metadata: { namespace: 'x', name: `w${at}`, uid: String(at) },
      spec: {},
    },
    isGone: false,
  }));
  const { index, all } = playing(crowd);
  expect(all.map((object) => index.near(object).length)).toEqual(all.map(() => 1));
  expect(index.holding(undefined)).toEqual([]);
});
