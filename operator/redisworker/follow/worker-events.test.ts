import { expect, test } from 'vitest';
import { type ChangeListener, type Followed, type KubeObject } from '../../cluster/cluster.ts';
import { WorkerEventCounts } from './worker-events.ts';

/** A live copy that is told by hand. */
function copy(...objects: KubeObject[]): Followed & { tell: ChangeListener } {
  const listeners: ChangeListener[] = [];
  return {
    synced: Promise.resolve(),
    get: () => undefined,
    list: () => objects,
    ownedBy: () => [],
    grouped: () => [],
    onChange(listener) {
      listeners.push(listener);
      return () => undefined;
    },
    stop: () => undefined,
    tell: (type, object) => listeners.forEach((listener) => listener(type, object)),
  };
}

const pod = (uid: string, restartCount: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: uid, namespace: 'ns', uid, annotations: { 'redisworker.dev/worker': 'w' } },
  status: { containerStatuses: [{ name: 'worker', restartCount }] },
});

const worker = (wanted?: number): KubeObject => ({
  apiVersion: 'redisworker.dev/v1alpha1',
  kind: 'RedisWorker',
  metadata: { name: 'w', namespace: 'ns' },
  status: wanted === undefined ? {} : { autoscale: { wanted } },
});

test('restarts are counted from when this process looks on, those of a new pod from its first', () => {
  const pods = copy(pod('a', 7));
  const counts = new WorkerEventCounts({ pods, workers: copy() });
  expect(counts.of('ns/w').restarts).toBe(0);
  pods.tell('modified', pod('a', 9));
  pods.tell('modified', pod('a', 9));
  pods.tell('added', pod('b', 1));
  expect(counts.of('ns/w').restarts).toBe(3);
});

test('a pod that goes, and one that is another by its UID, take nothing back', () => {
  const pods = copy();
  const counts = new WorkerEventCounts({ pods, workers: copy() });
  pods.tell('added', pod('a', 2));
  pods.tell('deleted', pod('a', 2));
  pods.tell('added', pod('b', 0));
  expect(counts.of('ns/w').restarts).toBe(2);
});

test('decisions of autoscale are counted by their direction, and none when it begins or ends', () => {
  const workers = copy(worker(1));
  const counts = new WorkerEventCounts({ pods: copy(), workers });
  for (const wanted of [3, 3, 0, undefined, 5, 6]) workers.tell('modified', worker(wanted));
  expect(counts.of('ns/w')).toMatchObject({ scaledOut: 2, scaledIn: 1 });
});

test('a worker that is deleted leaves nothing to one of its name', () => {
  const workers = copy(worker(1));
  const counts = new WorkerEventCounts({ pods: copy(), workers });
  workers.tell('modified', worker(2));
  workers.tell('deleted', worker(2));
  workers.tell('added', worker(4));
  expect(counts.of('ns/w')).toEqual({ restarts: 0, scaledOut: 0, scaledIn: 0 });
});
