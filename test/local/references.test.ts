import { expect, test } from 'vitest';
import { settled } from '../support/manual-clock.ts';
import { quietLog } from '../support/quiet-log.ts';
import { resources } from '../../operator/cluster/cluster.ts';
import { openLocalCluster } from '../../operator/cluster/local/index.ts';
import { References } from '../../operator/redisworker/follow/references.ts';

test('an object that was written a moment ago is found although the copy has not heard of it', async () => {
  const cluster = await openLocalCluster({ log: quietLog(), nodeName: 'n' });
  const references = new References(cluster, () => undefined);
  const ref = { namespace: 'default', name: 'key' };
  expect(await references.read(resources.secrets, ref)).toBeUndefined();
  references.keep('default/w', [{ resource: resources.secrets, ref }]);
  await settled();
  await cluster.apply({ apiVersion: 'v1', kind: 'Secret', metadata: ref, data: { key: 'a' } }, 'redisworker');
  expect((await references.read(resources.secrets, ref))?.data).toEqual({ key: 'a' });
  references.close();
  await cluster.close();
});

test('two workers that name one object at the same moment share a watch, and both hear of a change', async () => {
  const cluster = await openLocalCluster({ log: quietLog(), nodeName: 'n' });
  const ref = { namespace: 'default', name: 'shared' };
  await cluster.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: ref, data: { a: '1' } }, 'redisworker');
  let watches = 0;
  const told = new Set<string>();
  const counting: typeof cluster = { ...cluster, follow: (...which) => (watches += 1, cluster.follow(...which)) };
  const references = new References(counting, (worker) => told.add(worker));
  for (const worker of ['default/a', 'default/b']) references.keep(worker, [{ resource: resources.configMaps, ref }]);
  await settled();
  told.clear();
  await cluster.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: ref, data: { a: '2' } }, 'redisworker');
  await settled();
  expect([watches, [...told].sort()]).toEqual([1, ['default/a', 'default/b']]);
  references.close();
  await cluster.close();
});
