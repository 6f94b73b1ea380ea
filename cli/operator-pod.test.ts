import { expect, test } from 'vitest';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { withoutCluster } from './in-operator.ts';
import { chosen, pagePods } from './operator-pod.ts';

function pod(name: string, args: readonly string[], ready = 'True', container = 'operator'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'system' },
    spec: { containers: [{ name: 'sidecar' }, { name: container, args }] },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  };
}

test('the operator of one namespace goes before one that serves all, and one of another is none', () => {
  const [all, shop, other] = [
    pod('all', []),
    pod('shop', ['--namespace=shop']),
    pod('other', ['--namespace', 'other']),
  ];
  expect(chosen([other, all, shop], 'shop')?.pod).toBe('shop');
  expect(chosen([other, all], 'shop')?.pod).toBe('all');
  expect(chosen([other], 'shop')).toBeUndefined();
});

test('a pod that is not ready, or is of something else, is none', () => {
  expect(chosen([pod('a', [], 'False'), pod('b', [], 'True', 'redis')], 'shop')).toBeUndefined();
});

test('how TLS to the default Redis is checked is taken over', () => {
  const args = ['--redis=rediss://r:6379', '--redis-ca-file=/etc/ca.crt', '--redis-server-name', 'r.example'];
  expect(chosen([pod('a', args)], 'shop')?.tlsWords).toEqual([
    '--redis-ca-file=/etc/ca.crt',
    '--redis-server-name=r.example',
  ]);
});

test('pods that serve the page are those whose operator was told to, whichever of them leads', () => {
  const pods = [
    pod('a', ['--page=0.0.0.0:8444']),
    pod('b', ['--page', ':9000']),
    pod('c', []),
    pod('d', ['--page=:1'], 'False'),
  ];
  expect(pagePods(pods)).toEqual([
    { namespace: 'system', pod: 'a', port: 8444 },
    { namespace: 'system', pod: 'b', port: 9000 },
  ]);
});

test.each([
  ['dead list w -n shop --limit 5', 'dead list w --limit 5'],
  ['dead list w -nshop', 'dead list w'],
  ['trace --namespace=shop w r1 --kubeconfig /k --context=c --operator-namespace system', 'trace w r1'],
  ['send w {} --name up', 'send w {} --name up'],
])('%s is sent as %s', (words, expected) => {
  expect(withoutCluster(words.split(' ')).join(' ')).toBe(expected);
});
