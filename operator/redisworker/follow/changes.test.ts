import { expect, test } from 'vitest';
import type { ChangeListener, Followed, KubeObject } from '../../cluster/cluster.ts';
import type { LiveCopies } from './copies.ts';
import { enqueueChanges } from './changes.ts';

/** A live copy in the test's hands. */
function copyOf(...objects: KubeObject[]): Followed & { tell(...change: Parameters<ChangeListener>): void } {
  const listeners: ChangeListener[] = [];
  return {
    synced: Promise.resolve(),
    get: () => undefined,
    list: () => objects,
    ownedBy: () => [],
    grouped: () => [],
    onChange: (listener) => {
      listeners.push(listener);
      return () => undefined;
    },
    stop: () => undefined,
    tell: (...change) => listeners.forEach((listener) => listener(...change)),
  };
}

function worker(name: string, net: string[], more: Partial<KubeObject['metadata']> = {}): KubeObject {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name, namespace: 'x', generation: 1, ...more },
    spec: { type: name, permissions: { net } },
  };
}

function service(name: string, externalName?: string): KubeObject {
  const spec = externalName === undefined ? { clusterIP: '10.0.0.1' } : { type: 'ExternalName', externalName };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'x' }, spec };
}

function follow(workers: KubeObject[], services: KubeObject[], members: readonly string[] = []) {
  const copies = {
    workers: copyOf(...workers),
    services: copyOf(...services),
    deployments: copyOf(),
    pods: copyOf(),
    networkPolicies: copyOf(),
    configMaps: copyOf(),
  } satisfies LiveCopies;
  const enqueued: string[] = [];
  enqueueChanges(
    copies,
    { near: () => copies.workers.list() },
    undefined,
    (key, why) => enqueued.push(why === undefined ? key : `${key} ${why}`),
    () => members.map((host) => ({ host, port: 6379 })),
  );
  return { copies, enqueued };
}

const inCluster = (name: string): string => `${name}.x.svc.cluster.local`;

test('a Service that changes gets the workers looked at that name it, also by way of an alias of an alias', () => {
  const services = [
    service('db'),
    service('by-name', inCluster('db')),
    service('by-alias', `${inCluster('By-Name')}.`),
    service('elsewhere', 'db.example.com'),
  ];
  const workers = services.map(({ metadata: { name } }) => worker(`w-${name}`, [`${name}:1`]));
  const { copies, enqueued } = follow(workers, services);
  copies.services.tell('modified', services[0]!);
  expect(enqueued).toEqual(['x/w-db', 'x/w-by-name', 'x/w-by-alias']);
});

test('a Service that changes gets the workers looked at whose Redis has a member behind it', () => {
  const nodes = service('nodes');
  const { copies, enqueued } = follow([worker('w', ['web:1'])], [nodes], ['redis-0.nodes.x.svc.cluster.local']);
  copies.services.tell('modified', nodes);
  copies.services.tell('modified', service('others'));
  expect(enqueued).toEqual(['x/w']);
});

test('two hundred aliases that name all of each other, or stand in a ring, cost one look each', () => {
  const names = Array.from({ length: 200 }, (_, index) => `s${index}a`);
  const everybody = names.map((name) => `${name}.x.svc`).join('.');
  const all = follow([worker('w', ['s7a:1'])], names.map((name) => service(name, `${everybody}.y`)));
  all.copies.services.tell('modified', all.copies.services.list()[7]!);
  expect(all.enqueued).toEqual(['x/w']);
  const ring = follow(
    [worker('w', ['s199a:1'])],
    names.map((name, index) => service(name, inCluster(names[(index + 1) % names.length] ?? ''))),
  );
  ring.copies.services.tell('modified', ring.copies.services.list()[0]!);
  expect(ring.enqueued).toEqual(['x/w']);
});

test('a worker asks anew with another generation, label or deletion, and not with what the operator writes into it', () => {
  const { copies, enqueued } = follow([], []);
  const told = (more: Partial<KubeObject['metadata']>, status?: string): void =>
    copies.workers.tell('modified', { ...worker('w', [], more), status });
  told({ resourceVersion: '1' });
  told({ resourceVersion: '2', finalizers: ['ours'] }, 'ours');
  told({ resourceVersion: '3', generation: 2 });
  told({ resourceVersion: '4', generation: 2 }, 'ours again');
  told({ resourceVersion: '5', generation: 2, labels: { team: 'x' } });
  told({ resourceVersion: '6', generation: 2, labels: { team: 'x' }, deletionTimestamp: 'now' });
  expect(enqueued).toEqual(['x/w AsksAnew', 'x/w', 'x/w AsksAnew', 'x/w', 'x/w AsksAnew', 'x/w AsksAnew']);
});

test('what this process writes calls for a look only where somebody else may have written too', () => {
  const { copies, enqueued } = follow([], []);
  const child = (name: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'x', annotations: { 'redisworker.dev/worker': 'w' } },
  });
  copies.workers.tell('added', worker('w', []));
  enqueued.length = 0;
  copies.workers.tell('modified', { ...worker('w', []), status: 'ours' }, true);
  copies.configMaps.tell('added', child('made'), true);
  expect(enqueued).toEqual([]);
  copies.configMaps.tell('modified', child('made'), true);
  copies.workers.tell('modified', worker('w', [], { generation: 2 }), true);
  copies.configMaps.tell('added', child('of-another'));
  expect(enqueued).toEqual(['x/w', 'x/w AsksAnew', 'x/w']);
});

test('while pods of a worker come up it is looked at soon, and at once when the last of them has', () => {
  const up: KubeObject[] = [];
  const { copies, enqueued } = follow([], []);
  copies.pods.grouped = (key) => (key === 'x/w' ? up : []);
  const pod = (name: string, isUp: boolean): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'x', annotations: { 'redisworker.dev/worker': 'w' } },
    status: isUp ? { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } : { phase: 'Pending' },
  });
  const tell = (...pods: KubeObject[]): void => {
    up.splice(0, up.length, ...pods);
    copies.pods.tell('modified', pods[0]!);
  };
  tell(pod('a', false));
  tell(pod('a', true), pod('b', false));
  tell(pod('b', true), pod('a', true));
  expect(enqueued).toEqual(['x/w ComesUp', 'x/w ComesUp', 'x/w']);
});
