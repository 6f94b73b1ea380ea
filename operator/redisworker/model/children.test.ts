import { expect, test } from 'vitest';
import type { KubeObject } from '../../cluster/cluster.ts';
import { isPodOf } from './children.ts';

const pod = (owner?: { kind: string; name: string; controller?: boolean }): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'p',
    annotations: { 'redisworker.dev/worker': 'w', 'redisworker.dev/consumer-id': '1' },
    ...(owner ? { ownerReferences: [{ apiVersion: 'apps/v1', uid: 'u', controller: true, ...owner }] } : {}),
  },
});

test.each([
  ['the ReplicaSet of a Deployment of the worker', { kind: 'ReplicaSet', name: 'w-1-5d4f8c7b9d' }],
  ['a Deployment of the worker', { kind: 'Deployment', name: 'w-1' }],
])('a pod made by %s is one of its pods', (_, owner) => {
  expect(isPodOf('w', pod(owner))).toBe(true);
});

test.each([
  ['nobody', undefined],
  ['the ReplicaSet of another Deployment', { kind: 'ReplicaSet', name: 'w-1-extra-5d4f8c7b9d' }],
  ['another Deployment', { kind: 'Deployment', name: 'w-10' }],
  ['an owner that does not control it', { kind: 'ReplicaSet', name: 'w-1-5d4f8c7b9d', controller: false }],
  ['a Job', { kind: 'Job', name: 'w-1-5d4f8c7b9d' }],
])('a pod of %s is none of them, whatever its annotations say', (_, owner) => {
  expect(isPodOf('w', pod(owner))).toBe(false);
});

test('a pod of another worker of the namespace is none of them', () => {
  expect(isPodOf('v', pod({ kind: 'Deployment', name: 'w-1' }))).toBe(false);
});
