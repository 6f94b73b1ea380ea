import { BlockList } from 'node:net';
import { expect, test } from 'vitest';
import { networkOf, slots } from './network.ts';

const all = Array.from({ length: slots }, (_, slot) => networkOf(slot));

test('nodes of different slots share no address and no name', () => {
  expect(new Set(all.map(({ hostLink }) => hostLink)).size).toBe(slots);
  const ranges = all.flatMap(({ podRange, serviceRange, address }) => [podRange, serviceRange, `${address}/30`]);
  for (const range of ranges) {
    const others = new BlockList();
    for (const other of ranges.filter((one) => one !== range)) {
      others.addSubnet(other.split('/')[0]!, Number(other.split('/')[1]));
    }
    expect(others.check(range.split('/')[0]!)).toBe(false);
  }
});

test('the DNS and the API are Services of the node, and its pods are of the cluster', () => {
  for (const { serviceAddress, dnsAddress, serviceRange, podRange, nodePodRange } of all) {
    const within = (range: string, address: string): boolean => {
      const list = new BlockList();
      list.addSubnet(range.split('/')[0]!, Number(range.split('/')[1]));
      return list.check(address);
    };
    expect([
      within(serviceRange, serviceAddress),
      within(serviceRange, dnsAddress),
      within(podRange, nodePodRange.split('/')[0]!),
    ]).toEqual([true, true, true]);
  }
});
