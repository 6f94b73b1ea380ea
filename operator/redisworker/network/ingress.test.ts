import { describe, expect, test } from 'vitest';
import { callersOf, ciliumIngress, ingressRules, type NamedPeer } from './ingress.ts';

const labels = (matchLabels: Record<string, string> = {}) => ({ matchLabels });
const read = (...peers: NamedPeer[]) => callersOf(peers, 'app');
const ports = [{ protocol: 'TCP', port: 8080 }];

describe('who may come in', () => {
  test('is nobody where nobody is named, in both kinds of policy', () => {
    expect([ingressRules([]), ciliumIngress([])]).toEqual([[], [{}]]);
  });

  test('is told by pods of the own namespace, of others, of all, and by addresses, on one port', () => {
    const { callers, problems } = read(
      { podSelector: labels() },
      { podSelector: labels({ app: 'shop' }) },
      { namespaceSelector: labels({ team: 'web' }) },
      { namespaceSelector: labels(), podSelector: labels({ app: 'probe' }) },
      { ipBlock: { cidr: '10.0.0.9/8', except: ['10.1.0.0/16'] } },
      { ipBlock: { cidr: '2001:DB8::/32', except: [] } },
    );
    const own = { matchLabels: { 'kubernetes.io/metadata.name': 'app' } };
    expect(problems).toEqual([]);
    expect(ingressRules(callers)).toEqual([{
      from: [
        { namespaceSelector: own, podSelector: {} },
        { namespaceSelector: own, podSelector: { matchLabels: { app: 'shop' } } },
        { namespaceSelector: { matchLabels: { team: 'web' } }, podSelector: {} },
        { namespaceSelector: {}, podSelector: { matchLabels: { app: 'probe' } } },
        { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
        { ipBlock: { cidr: '2001:db8::/32' } },
      ],
      ports,
    }]);
    const toPorts = [{ ports: [{ protocol: 'TCP', port: '8080' }] }];
    expect(ciliumIngress(callers)).toEqual([
      {
        fromEndpoints: [
          { matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'app' } },
          { matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'app', 'k8s:app': 'shop' } },
          { matchLabels: { 'k8s:io.cilium.k8s.namespace.labels.team': 'web' } },
          {
            matchLabels: { 'k8s:app': 'probe' },
            matchExpressions: [{ key: 'k8s:io.kubernetes.pod.namespace', operator: 'Exists' }],
          },
        ],
        toPorts,
      },
      { fromCIDRSet: [{ cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] }, { cidr: '2001:db8::/32' }], toPorts },
    ]);
  });

  test.each([
    [{ cidr: '10.0.0.0/40', except: [] }, '"10.0.0.0/40" is no block of addresses: write one such as 10.0.0.0/8'],
    [
      { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] },
      '"11.0.0.0/16" of except does not lie within 10.0.0.0/8: name a part of it, or leave it out',
    ],
    [
      { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] },
      '"10.0.0.0/8" of except does not lie within 10.0.0.0/8: name a part of it, or leave it out',
    ],
  ])('is not told by %j', (ipBlock, problem) => {
    expect(read({ ipBlock })).toEqual({ callers: [], problems: [problem] });
  });
});
