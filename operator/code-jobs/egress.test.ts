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
const egress = egressOf({ cluster: { list: () => Promise.resolve([git]) }, lookUp, clusterBlocks: [] });

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
