/** Random NetworkPolicy rules, beyond those the operator writes: what an evaluator has to understand. */
import fc from 'fast-check';
import type { EgressRule, Peer, PolicyPort } from '../../operator/redisworker/network/allow-net/egress.ts';

const blocks = [
  '10.244.0.0/16',
  '10.244.0.0/30',
  '10.244.0.2/31',
  '192.0.2.0/24',
  '192.0.2.1/32',
  '0.0.0.0/0',
  '::/0',
  'fd00:244::/64',
  '2001:db8::/32',
  '2001:db8::1/128',
];
const within: Readonly<Record<string, readonly string[]>> = {
  '10.244.0.0/16': ['10.244.0.0/24', '10.244.0.1/32'],
  '10.244.0.0/30': ['10.244.0.2/31'],
  '0.0.0.0/0': ['10.0.0.0/8', '192.0.2.2/32', '128.0.0.0/1'],
  '::/0': ['fd00::/8', '2001:db8::/127'],
  '2001:db8::/32': ['2001:db8::2/128'],
};
const ipBlock: fc.Arbitrary<Peer> = fc.constantFrom(...blocks).chain((cidr) =>
  fc.subarray([...(within[cidr] ?? [])]).map((except) => ({
    ipBlock: { cidr, ...(except.length > 0 ? { except } : {}) },
  }))
);

const labels = (
  values: Readonly<Record<string, readonly string[]>>,
): fc.Arbitrary<{ matchLabels: Record<string, string> }> =>
  fc.record(Object.fromEntries(Object.entries(values).map(([key, list]) => [key, fc.constantFrom(...list)])), {
    requiredKeys: [],
  })
    .map((matchLabels) => ({ matchLabels: matchLabels as Record<string, string> }));
const pods: fc.Arbitrary<Peer> = fc.record({
  namespaceSelector: labels({ 'kubernetes.io/metadata.name': ['app', 'data', 'db', 'absent'] }),
  podSelector: labels({ app: ['web', 'db', 'none'], tier: ['front', 'back'], 'k8s-app': ['kube-dns'] }),
});

const number = fc.constantFrom(1, 53, 80, 443, 8080, 65_534);
const protocol = fc.constantFrom('TCP' as const, 'UDP' as const);
const port: fc.Arbitrary<PolicyPort> = fc.oneof(
  fc.record({ protocol, port: number }),
  fc.record({ protocol, port: number, wider: fc.constantFrom(0, 1, 500, 65_535) }).map(({ wider, ...one }) => ({
    ...one,
    endPort: Math.min(one.port + wider, 65_535),
  })),
  fc.record({ protocol, port: fc.constantFrom('http', 'admin', 'absent') }),
);

/** Rules with any of their lists absent or empty, which then means everything. */
export const egressRules: fc.Arbitrary<Partial<EgressRule>[]> = fc.array(
  fc.record({ to: fc.array(fc.oneof(ipBlock, pods), { maxLength: 3 }), ports: fc.array(port, { maxLength: 3 }) }, {
    requiredKeys: [],
  }),
  { maxLength: 4 },
);
