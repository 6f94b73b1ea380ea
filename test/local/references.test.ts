import { expect, test } from 'vitest';
import { settled } from '../support/manual-clock.ts';
import { quietLog } from '../support/quiet-log.ts';
import { resources } from '../../operator/cluster/cluster.ts';
import { openLocalCluster } from '../../operator/cluster/local/index.ts';
import { References } from '../../operator/redisworker/references.ts';

test('an object that was written a moment ago is found although the copy has not heard of it', async () => {
  const cluster = await openLocalCluster({ log: quietLog(), nodeName: 'n' });
  const references = new References(cluster, () => undefined);
  const ref = { namespace: 'default', name: 'key' };
  expect(await references.read('default/w', resources.secrets, ref)).toBeUndefined();
  await settled();
  await cluster.apply({ apiVersion: 'v1', kind: 'Secret', metadata: ref, data: { key: 'a' } }, 'redisworker');
  expect((await references.read('default/w', resources.secrets, ref))?.data).toEqual({ key: 'a' });
  references.close();
  await cluster.close();
});
