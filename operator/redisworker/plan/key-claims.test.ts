import { expect, test } from 'vitest';
import type { KubeObject } from '../../cluster/cluster.ts';
import { claimsMeet, foreignKeys } from './key-claims.ts';

function worker(name: string, namespace: string, spec: object = {}, day = 1): KubeObject {
  const creationTimestamp = `2030-01-0${day}T00:00:00Z`;
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name, namespace, uid: `${namespace}-${name}`, creationTimestamp },
    spec,
  };
}

const greet = worker('greet', 'theirs');
const of = (one: KubeObject, ...others: KubeObject[]) =>
  foreignKeys(one, [one, ...others]).map(({ field, key, worker: owner }) => `${field} ${key} ${owner}`);

test('streams of a worker of another namespace may not be named, however old it is', () => {
  for (const day of [1, 9]) {
    const owner = worker('greet', 'theirs', {}, day);
    const thief = worker('thief', 'ours', {
      stream: { request: 'greet:req:x', response: '{greet}:res:x' },
      handler: { deadLetter: 'greet:mine' },
    }, 5);
    expect(of(thief, owner)).toEqual([
      'spec.stream.request greet:req:x theirs/greet',
      'spec.stream.response {greet}:res:x theirs/greet',
      'spec.handler.deadLetter greet:mine theirs/greet',
    ]);
    expect(of(owner, thief)).toEqual([]);
    expect(claimsMeet(owner, thief)).toBe(true);
  }
});

test('a worker may name what begins with its own type, whoever else names it', () => {
  const thief = worker('thief', 'ours', { stream: { request: 'greet:req:x' } });
  const owner = worker(
    'greet',
    'theirs',
    { stream: { request: 'greet:req:x' }, redis: { keys: ['greet:cache:*'] } },
    9,
  );
  expect(of(owner, thief)).toEqual([]);
  expect(of(thief, owner)).toHaveLength(1);
});

test('a key nobody is named after is of the older worker that names it', () => {
  const [older, younger] = [1, 2].map((day) => worker('w', `ns-${day}`, { stream: { request: 'orders' } }, day));
  expect(of(older!, younger!)).toEqual([]);
  expect(of(younger!, older!)).toEqual(['spec.stream.request orders ns-1/w']);
});

test('a pattern may match no key of a worker of another namespace', () => {
  const wide = (...keys: string[]) => of(worker('w', 'ours', { redis: { keys } }), greet);
  expect(wide('greet:*', 'g*', '?reet:1', 'greet*')).toHaveLength(4);
  expect(wide('greet', 'greetings:*', 'cache:*')).toEqual([]);
});

test('a channel is of the older worker that names it, and no key', () => {
  const [older, younger] = [1, 2].map((day) =>
    worker('w', `ns-${day}`, { type: `t${day}`, redis: { channels: ['news:*', 'greet:x'] } }, day)
  );
  expect(of(older!, younger!, greet)).toEqual([]);
  expect(of(younger!, older!, greet)).toEqual([
    'spec.redis.channels news:* ns-1/w',
    'spec.redis.channels greet:x ns-1/w',
  ]);
  expect(of(worker('w', 'ns-3', { type: 't3', redis: { keys: ['news:1'] } }, 3), older!)).toEqual([]);
});

test('a namespace trusts itself, and on a Redis of the author nobody else is', () => {
  const request = { stream: { request: 'greet:req:x' } };
  expect(of(worker('w', 'theirs', request), greet)).toEqual([]);
  expect(of(worker('w', 'ours', { ...request, redis: { url: 'redis://mine' } }), greet)).toEqual([]);
  expect(of(worker('w', 'ours', request), worker('greet', 'theirs', { redis: { url: 'redis://mine' } }))).toEqual([]);
});
