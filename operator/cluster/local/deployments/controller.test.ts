import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../../../test/support/wait.ts';
import { type KubeObject, resources } from '../../cluster.ts';
import { type LocalCluster, openLocalCluster } from '../local-cluster.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const ref = { namespace: 'default', name: 'd' };
let cluster: LocalCluster;

beforeEach(async () => {
  cluster = await openLocalCluster({ log: quiet, nodeName: 'laptop' });
});
afterEach(() => cluster.close());

function deployment(replicas: number, image = 'one'): KubeObject {
  const template = { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image }] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...ref },
    spec: { replicas, strategy: { type: 'Recreate' }, selector: { matchLabels: { app: 'd' } }, template },
  };
}

const pods = () => cluster.list(resources.pods);
const status = async () =>
  (await cluster.get(resources.deployments, ref))?.status as Record<string, unknown> | undefined;
const podCount = (count: number) =>
  eventually(`${count} pods`, async () => {
    const all = await pods();
    return all.length === count ? { all } : undefined;
  }).then(({ all }) => all);

async function becomeReady(pod: KubeObject): Promise<void> {
  const { apiVersion, kind, metadata: { name, namespace = '' } } = pod;
  await cluster.applyStatus({
    apiVersion,
    kind,
    metadata: { name, namespace },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  }, 'redisworker-node');
}

test('makes the pods, bound to the node, owned and labelled', async () => {
  const { metadata } = await cluster.apply(deployment(2), 'redisworker');
  const [pod] = await podCount(2);
  expect(pod).toMatchObject({
    metadata: {
      labels: { app: 'd', 'pod-template-hash': expect.any(String) },
      ownerReferences: [{ kind: 'Deployment', name: 'd', uid: metadata.uid, controller: true }],
    },
    spec: { nodeName: 'laptop' },
    status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] },
  });
});

test('is available once its pods are ready, and says so for the generation it saw', async () => {
  await cluster.apply(deployment(1), 'redisworker');
  const [pod] = await podCount(1);
  await eventually('unavailable', async () => (await status())?.['unavailableReplicas'] === 1);
  await becomeReady(pod!);
  await eventually('available', async () => (await status())?.['availableReplicas'] === 1);
  expect(await status()).toMatchObject({
    observedGeneration: 1,
    replicas: 1,
    readyReplicas: 1,
    conditions: [{ type: 'Available', status: 'True' }],
  });
});

test('a new template waits until every old pod is gone', async () => {
  await cluster.apply(deployment(2), 'redisworker');
  const old = await podCount(2);
  await cluster.apply(deployment(2, 'two'), 'redisworker');
  await eventually(
    'both old pods end',
    async () => (await pods()).every(({ metadata }) => metadata.deletionTimestamp !== undefined),
  );
  await cluster.delete(resources.pods, { namespace: 'default', name: old[0]!.metadata.name }, {
    gracePeriodSeconds: 0,
  });
  await eventually(
    'the status of the new template is told',
    async () => (await status())?.['observedGeneration'] === 2,
  );
  expect((await pods()).map(({ metadata }) => metadata.name)).toEqual([old[1]!.metadata.name]);
  await cluster.delete(resources.pods, { namespace: 'default', name: old[1]!.metadata.name }, {
    gracePeriodSeconds: 0,
  });
  const fresh = await podCount(2);
  expect(fresh.some(({ metadata }) => old.some((pod) => pod.metadata.name === metadata.name))).toBe(false);
});

test('a deleted pod is replaced only after it is gone', async () => {
  await cluster.apply(deployment(1), 'redisworker');
  const [pod] = await podCount(1);
  const podRef = { namespace: 'default', name: pod!.metadata.name };
  await cluster.delete(resources.pods, podRef);
  await eventually('the ending pod no longer counts', async () => (await status())?.['replicas'] === 0);
  expect(await pods()).toHaveLength(1);
  await cluster.delete(resources.pods, podRef, { gracePeriodSeconds: 0 });
  const [next] = await podCount(1);
  expect(next!.metadata.uid).not.toBe(pod!.metadata.uid);
});

test('scaling down deletes the pods that are not ready first', async () => {
  await cluster.apply(deployment(2), 'redisworker');
  const [first, second] = await podCount(2);
  await becomeReady(second!);
  await cluster.apply(deployment(1), 'redisworker');
  await eventually(
    'the pod that is not ready ends',
    async () =>
      (await cluster.get(resources.pods, { namespace: 'default', name: first!.metadata.name }))?.metadata
        .deletionTimestamp,
  );
  expect(
    (await cluster.get(resources.pods, { namespace: 'default', name: second!.metadata.name }))?.metadata
      .deletionTimestamp,
  ).toBeUndefined();
});

test('pods of a deleted Deployment are deleted with it', async () => {
  await cluster.apply(deployment(1), 'redisworker');
  await podCount(1);
  await cluster.delete(resources.deployments, ref);
  await eventually(
    'the pod ends',
    async () => (await pods()).every(({ metadata }) => metadata.deletionTimestamp !== undefined),
  );
});
