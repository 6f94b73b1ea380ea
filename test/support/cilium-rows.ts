/** Scopes of every form of entry, with the surroundings they are translated in; each has a file in test/golden/cilium. */
import { parseScope } from '../../operator/redisworker/network/allow-net/canonical.ts';
import type { Scope } from '../../operator/redisworker/network/allow-net/entry.ts';
import { clusterDns, type PolicyInput } from '../../operator/redisworker/desired/network-policy.ts';
import { topologyWith } from './topology.ts';

/** The Services around the worker. */
export const ciliumTopology = topologyWith('app', {
  'app/redis': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.10',
    selector: { app: 'redis' },
    ports: [{ port: 6379, targetPort: 16_379, protocol: 'TCP' }],
  },
  'app/web': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.11',
    selector: { 'app.kubernetes.io/name': 'web' },
    ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }, { port: 443, targetPort: 8443, protocol: 'TCP' }],
  },
  'app/peers': {
    type: 'ClusterIP',
    clusterIP: 'None',
    selector: { app: 'peer' },
    ports: [{ port: 7000, targetPort: 7001, protocol: 'TCP' }],
  },
  'app/first-peer': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.15',
    selector: { 'statefulset.kubernetes.io/pod-name': 'peer-0' },
    ports: [{ port: 7000, targetPort: 7000, protocol: 'TCP' }],
  },
  'app/legacy': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.12',
    ports: [{ name: 'sql', port: 3306, targetPort: 3306, protocol: 'TCP' }],
  },
  'app/mail': { type: 'ExternalName', externalName: 'smtp.example.com', ports: [] },
  'app/alias': { type: 'ExternalName', externalName: 'web.app.svc.cluster.local', ports: [] },
  'data/db': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.20',
    selector: { app: 'db' },
    ports: [{ port: 5432, targetPort: 5432, protocol: 'TCP' }],
  },
  'default/kubernetes': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.1',
    ports: [{ name: 'https', port: 443, targetPort: 6443, protocol: 'TCP' }],
  },
}, {
  'app/legacy': [{ addresses: ['192.0.2.7', '2001:db8::7'], ports: [{ name: 'sql', port: 13_306, protocol: 'TCP' }] }],
  'default/kubernetes': [{ addresses: ['172.18.0.2'], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] }],
});

/** One row: what a manifest says, and the entries that are not held exactly. */
export interface CiliumRow {
  readonly net?: readonly string[];
  readonly deny?: readonly string[];
  readonly allowAll?: true;
  readonly redis?: string;
  readonly approximated?: readonly string[];
}

/** By the name of the golden file. */
export const ciliumRows: Readonly<Record<string, CiliumRow>> = {
  'nothing': {},
  'everything': { allowAll: true, deny: ['10.0.0.0/8'], approximated: ['10.0.0.0/8'] },
  'name-and-port': { net: ['api.example.com:443'] },
  'name-on-every-port': { net: ['api.example.com'] },
  'wildcard': { net: ['*.example.com:443'] },
  'wildcard-inside': {
    net: ['*.app.svc.cluster.local', '*.cluster.local', '*.web.app.svc'],
    approximated: ['*.app.svc.cluster.local', '*.cluster.local', '*.web.app.svc'],
  },
  'service': { net: ['web', 'db.data:5432', 'web.app.svc:80', 'db.data.svc.cluster.local'] },
  'service-by-hidden-label': { net: ['first-peer'], approximated: ['first-peer'] },
  'cluster-ip': { net: ['10.96.0.11:443'] },
  'headless-service': {
    net: ['peers:7000', 'peer-0.peers.app.svc.cluster.local:7000'],
    approximated: ['peer-0.peers.app.svc.cluster.local:7000'],
  },
  'service-without-selector': { net: ['legacy:3306'] },
  'external-name': { net: ['mail:25', 'alias:80'] },
  'missing-service': {
    net: ['absent.app.svc:80', '1-2-3-4.app.pod.cluster.local:80'],
    approximated: ['absent.app.svc:80', '1-2-3-4.app.pod.cluster.local:80'],
  },
  'address': { net: ['192.0.2.1:443', '[2001:db8::7]:443', '198.51.100.1'] },
  'block': { net: ['192.0.2.0/24:5432', '10.0.0.0/8:5432'], approximated: ['10.0.0.0/8:5432', '10.0.0.0/8:5432'] },
  'loopback': { net: [':9229', 'localhost', '127.0.0.0/8', '[::1]'] },
  'sockets': { net: ['unix:/run/app.sock', 'vsock:3:80'] },
  'api-server': { net: ['kubernetes.default.svc:443'] },
  'denied-block': { net: ['192.0.2.0/24', 'api.example.com:443'], deny: ['192.0.2.128/25', '198.51.100.7:25'] },
  'denied-name': {
    net: ['api.example.com', '*.example.org', 'web'],
    deny: ['api.example.com:25', 'secret.example.org', '*.example.org:22', 'web:80'],
    approximated: ['*.example.org'],
  },
  'many-ports': { net: Array.from({ length: 45 }, (_, at) => `api.example.com:${8000 + at}`) },
  'whole': {
    net: ['api.example.com:443', '*.example.org', 'web:80', '192.0.2.1', '192.0.2.128/25:5432', ':9229'],
    deny: ['192.0.2.200'],
    redis: 'cache.example.net',
  },
};

/** Parses entries that are right. */
export function scopeOf(entries: readonly string[]): Scope {
  const parsed = parseScope(entries);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.scope;
}

/** The input of a policy for a row; its Redis is inside the pod unless the row says otherwise. */
export function ciliumInput(
  { net = [], deny = [], allowAll = false, redis = '127.0.0.1' }: Omit<CiliumRow, 'allowAll'> & { allowAll?: boolean },
): PolicyInput {
  return {
    name: 'w1',
    namespace: 'app',
    labels: { 'app.kubernetes.io/managed-by': 'redisworker' },
    owner: {
      apiVersion: 'redisworker.dev/v1alpha1',
      kind: 'RedisWorker',
      name: 'w1',
      uid: '11111111-2222-3333-4444-555555555555',
      controller: true,
    },
    scope: scopeOf(net),
    deny: scopeOf(deny),
    allowAll,
    flavor: 'Cilium',
    redis: [{ host: redis, port: 6379, addresses: [] }],
    topology: ciliumTopology,
    dns: clusterDns,
  };
}
