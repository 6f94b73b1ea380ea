import { expect, test } from 'vitest';
import type { KubeObject } from '../cluster/cluster.ts';
import type { NameAnswer } from '../dns/lookup.ts';
import { egressOf } from './egress.ts';

const git: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'git', namespace: 'tools' },
  spec: { clusterIP: '10.96.0.9', selector: { app: 'git' }, ports: [{ port: 80, targetPort: 3000, protocol: 'TCP' }] },
};
const answers: Readonly<Record<string, readonly string[]>> = {
  'code.example': ['203.0.113.7'],
  'inside.example': ['10.1.2.3', '169.254.169.254'],
};
const lookUp = (host: string): Promise<NameAnswer> => {
  const addresses = (answers[host] ?? []).map((address) => ({ address, ttlSeconds: 30 }));
  return Promise.resolve({ ipv4: { kind: 'addresses', addresses }, ipv6: { kind: 'none', why: 'NODATA' } });
};
const opened = egressOf({ cluster: { list: () => Promise.resolve([git]) }, lookUp, clusterBlocks: [] });
const egress = async (namespace: string, hosts: readonly string[], proxies: readonly string[] = []) => {
  const found = await opened(namespace, { hosts, proxies, flavor: 'Kubernetes' });
  return found.flavor === 'Kubernetes' ? found.egress : [];
};

test('a Job may ask DNS and reach the hosts of its imports, on their ports alone', async () => {
  const [dns, ...rules] = await egress('shop', ['code.example:443', '192.0.2.1:8080', 'git.tools:80']);
  expect(JSON.stringify(dns)).toContain('kube-dns');
  expect(JSON.stringify(rules)).toContain('203.0.113.7/32');
  expect(JSON.stringify(rules)).toContain('192.0.2.1/32');
  expect(JSON.stringify(rules)).toContain('"app":"git"');
  expect(JSON.stringify(rules)).toContain('3000');
});

test('a name that leads to private addresses or to the metadata of the cloud opens nothing', async () => {
  expect(await egress('shop', ['inside.example:443'])).toHaveLength(1);
});

test('a proxy of the house is opened wherever it is, and nothing else there', async () => {
  const [, ...rules] = await egress('shop', ['code.example:443'], ['inside.example:3128']);
  expect(JSON.stringify(rules)).toContain('10.1.2.3/32');
  expect(JSON.stringify(rules)).toContain('3128');
  expect(JSON.stringify(rules)).not.toContain('169.254.169.254');
});

test('with Cilium the hosts are opened by their names, which nobody looks up, and asked for by these alone', async () => {
  const hosts = ['code.example:443', 'git.tools:80', '192.0.2.1:8080'];
  const found = await opened('shop', { hosts, proxies: ['proxy.example:3128'], flavor: 'Cilium' });
  const { egress: rules, egressDeny } = found.flavor === 'Cilium' ? found.rules : { egress: [], egressDeny: [] };
  const byName = rules.flatMap(({ toFQDNs = [], toPorts = [] }) => toFQDNs.map((name) => ({ name, toPorts })));
  expect(byName).toEqual([
    { name: { matchName: 'code.example' }, toPorts: [{ ports: [{ port: '443', protocol: 'TCP' }] }] },
    { name: { matchName: 'proxy.example' }, toPorts: [{ ports: [{ port: '3128', protocol: 'TCP' }] }] },
  ]);
  const [dns] = rules.flatMap(({ toPorts = [] }) => toPorts.flatMap(({ rules: held }) => held?.dns ?? []));
  expect(dns).toEqual({ matchName: 'code.example' });
  expect(JSON.stringify(rules)).toContain('"k8s:app":"git"');
  expect(JSON.stringify(rules)).toContain('192.0.2.1/32');
  expect(JSON.stringify(egressDeny)).toContain('169.254.169.254/32');
});
