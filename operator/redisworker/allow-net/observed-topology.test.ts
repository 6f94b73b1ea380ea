import { expect, test } from 'vitest';
import { observedTopology } from './observed-topology.ts';

const object = (kind: string, namespace: string, name: string, rest: object) =>
  ({ apiVersion: 'v1', kind, metadata: { namespace, name, labels: { 'kubernetes.io/service-name': 'legacy' } }, ...rest });

const topology = observedTopology({
  namespace: 'app',
  clusterDomain: 'cluster.local',
  services: [
    object('Service', 'app', 'web', { spec: { type: 'ClusterIP', clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1', 'FD00:10:96::1'], selector: { app: 'web' }, ports: [{ port: 80, protocol: 'TCP' }, { name: 'tls', port: 443, targetPort: 'https', protocol: 'TCP' }] } }),
    object('Service', 'app', 'peers', { spec: { clusterIP: 'None', selector: { app: 'peer' } } }),
    object('Service', 'app', 'mail', { spec: { type: 'ExternalName', externalName: 'smtp.example.com' } }),
  ],
  endpointSlices: [
    object('EndpointSlice', 'app', 'legacy-1', { endpoints: [{ addresses: ['192.0.2.1'] }, { addresses: ['192.0.2.2'], conditions: { ready: false } }], ports: [{ name: '', port: 80 }] }),
    object('EndpointSlice', 'app', 'legacy-2', { endpoints: null, ports: null }),
  ],
});

test('a Service is found by name, with the target port it implies', () => {
  expect(topology.service('app', 'web')).toEqual({
    type: 'ClusterIP', clusterIP: '10.96.0.1', selector: { app: 'web' },
    ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }, { name: 'tls', port: 443, targetPort: 'https', protocol: 'TCP' }],
  });
  expect(topology.service('app', 'peers')).toEqual({ type: 'ClusterIP', clusterIP: 'None', selector: { app: 'peer' }, ports: [] });
  expect(topology.service('app', 'mail')).toEqual({ type: 'ExternalName', externalName: 'smtp.example.com', ports: [] });
  expect(topology.service('other', 'web')).toBeUndefined();
});

test('a Service is found by each of its addresses in canonical text', () => {
  expect(topology.serviceByClusterIP?.('10.96.0.1')).toEqual({ namespace: 'app', name: 'web' });
  expect(topology.serviceByClusterIP?.('fd00:10:96::1')).toEqual({ namespace: 'app', name: 'web' });
  expect(topology.serviceByClusterIP?.('10.96.0.2')).toBeUndefined();
});

test('the addresses behind a Service are those of its ready endpoints', () => {
  expect(topology.addresses?.('app', 'legacy')).toEqual([{ addresses: ['192.0.2.1'], ports: [{ name: '', port: 80, protocol: 'TCP' }] }, { addresses: [], ports: [] }]);
});
