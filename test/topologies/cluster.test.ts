import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slotOf } from '../../contract/redis-slot.ts';
import { startCluster, type TestCluster } from '../support/topologies/cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

describe('the Cluster of the tests', () => {
  it('moves a slot with its keys, and keeps serving them', async () => {
    await cluster.client.set('{moved}:a', 'one');
    await cluster.client.set('{moved}:b', 'two');
    const from = await cluster.ownerOf('{moved}');
    const to = (await cluster.masters()).find((port) => port !== from) ?? 0;
    await cluster.migrateSlot(slotOf('{moved}'), to, async () => {
      expect(await cluster.client.get('{moved}:b')).toBe('two');
    });
    expect(await cluster.ownerOf('{moved}:a')).toBe(to);
    expect(await cluster.client.get('{moved}:a')).toBe('one');
    expect(await cluster.nodeAt(from).cluster('COUNTKEYSINSLOT', slotOf('{moved}'))).toBe(0);
  });

  it('gives the slots of a master that is killed to its replica', async () => {
    await cluster.client.set('kept', 'yes');
    const master = await cluster.ownerOf('kept');
    await cluster.nodeAt(master).call('WAIT', 1, 5000);
    const heir = await cluster.kill(master);
    expect(heir).not.toBe(master);
    expect(await cluster.ownerOf('kept')).toBe(heir);
    expect(await cluster.client.get('kept')).toBe('yes');
  });
});
