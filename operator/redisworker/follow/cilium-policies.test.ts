import { expect, test, vi } from 'vitest';
import { settled } from '../../../test/support/manual-clock.ts';
import { quietLog } from '../../../test/support/quiet-log.ts';
import { type Cluster, ClusterError, type Followed, type ObjectMeta, resources } from '../../cluster/cluster.ts';
import { openLocalCluster } from '../../cluster/local/index.ts';
import { CiliumPolicies } from './cilium-policies.ts';

/** Writes a policy of ours, and the owner without which it would be collected. @returns the owner's metadata */
async function writePolicy(port: Cluster): Promise<ObjectMeta> {
  const owner = await port.apply(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'w', namespace: 'default' } },
    'redisworker',
  );
  const uid = owner.metadata.uid ?? '';
  const { apiVersion, kind } = resources.ciliumNetworkPolicies;
  const labels = { 'app.kubernetes.io/managed-by': 'redisworker' };
  await port.apply({
    apiVersion,
    kind,
    metadata: {
      name: 'w-1',
      namespace: 'default',
      labels,
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'w', uid }],
    },
  }, 'redisworker');
  return owner.metadata;
}

async function cluster(
  fault?: ClusterError,
): Promise<Cluster & { follow: ReturnType<typeof vi.fn<Cluster['follow']>> }> {
  const local = await openLocalCluster({ log: quietLog(), nodeName: 'test' });
  const list: Cluster['list'] = fault ? () => Promise.reject(fault) : (...args) => local.list(...args);
  return { ...local, list, follow: vi.fn<Cluster['follow']>((...args) => local.follow(...args)) };
}

test('nothing is followed before a worker asks for it, and one copy serves all who ask at once', async () => {
  const port = await cluster();
  const worker = await writePolicy(port);
  const opened: Followed[] = [];
  const policies = new CiliumPolicies(port, undefined, (copy) => opened.push(copy));
  expect([await policies.of(worker, false), port.follow.mock.calls.length]).toEqual([{ ok: true, value: [] }, 0]);
  expect([await policies.of(worker, true), port.follow.mock.calls.length]).toMatchObject([{ value: [{}] }, 0]);
  policies.follow();
  policies.follow();
  await settled();
  expect(await policies.of(worker, false)).toMatchObject({ ok: true, value: [{}] });
  expect([opened.length, port.follow.mock.calls.length]).toEqual([1, 1]);
  policies.close();
});

test.each([[new ClusterError(404, 'NotServed', 'not served'), 'CiliumNotInstalled'], [
  new ClusterError(403, 'Forbidden', 'cannot list'),
  'Forbidden',
]])('a refused look (%s) is a problem that passes, and nothing is followed', async (fault, reason) => {
  const port = await cluster(fault);
  const policies = new CiliumPolicies(port, undefined, () => undefined);
  expect(await policies.of({ name: 'w' }, true)).toMatchObject({ ok: false, problem: { reason, terminal: false } });
  await policies.openIfUsed();
  expect(port.follow.mock.calls).toEqual([]);
});

test('policies left over from an earlier process are followed without a worker of that flavor', async () => {
  const port = await cluster();
  const policies = new CiliumPolicies(port, undefined, () => undefined);
  await policies.openIfUsed();
  expect(port.follow.mock.calls).toEqual([]);
  const worker = await writePolicy(port);
  await policies.openIfUsed();
  await settled();
  expect(await policies.of(worker, false)).toMatchObject({ ok: true, value: [{}] });
  policies.close();
});
