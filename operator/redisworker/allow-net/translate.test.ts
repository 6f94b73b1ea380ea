import { describe, expect, test } from 'vitest';
import { topologyWith } from '../../../test/support/topology.ts';
import { parseScope } from './canonical.ts';
import { requiredServices } from './cluster-name.ts';
import type { Scope } from './entry.ts';
import { translate } from './translate.ts';

const topology = topologyWith('app', {
  'app/redis': { type: 'ClusterIP', clusterIP: '10.96.0.10', selector: { app: 'redis', tier: 'data' }, ports: [{ name: 'redis', port: 6379, targetPort: 16_379, protocol: 'TCP' }] },
  'app/web': { type: 'NodePort', clusterIP: '10.96.0.11', selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }, { name: 'https', port: 443, targetPort: 8443, protocol: 'TCP' }] },
  'app/peers': { type: 'ClusterIP', clusterIP: 'None', selector: { app: 'peer' }, ports: [{ port: 7000, targetPort: 7001, protocol: 'TCP' }] },
  'app/legacy': { type: 'ClusterIP', clusterIP: '10.96.0.12', ports: [{ name: 'sql', port: 3306, targetPort: 3306, protocol: 'TCP' }] },
  'app/bare': { type: 'ClusterIP', clusterIP: 'None', selector: {}, ports: [] },
  'app/empty': { type: 'ClusterIP', clusterIP: '10.96.0.13', ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }] },
  'app/mail': { type: 'ExternalName', externalName: 'smtp.example.com', ports: [] },
  'app/dns': { type: 'ClusterIP', clusterIP: '10.96.0.14', selector: { app: 'dns' }, ports: [{ name: 'udp', port: 53, targetPort: 5353, protocol: 'UDP' }, { name: 'tcp', port: 53, targetPort: 5353, protocol: 'TCP' }] },
  'app/syslog': { type: 'ClusterIP', clusterIP: '10.96.0.15', selector: { app: 'syslog' }, ports: [{ port: 514, targetPort: 514, protocol: 'UDP' }] },
  'data/db': { type: 'ClusterIP', clusterIP: '10.96.0.20', selector: { app: 'db' }, ports: [{ port: 5432, targetPort: 5432, protocol: 'TCP' }] },
}, {
  'app/legacy': [{ addresses: ['192.0.2.7', '2001:db8::7'], ports: [{ name: 'sql', port: 13_306, protocol: 'TCP' }, { name: 'admin', port: 9000, protocol: 'TCP' }] }],
  'app/bare': [{ addresses: ['192.0.2.8'], ports: [] }],
});

function scopeOf(entries: readonly string[]): Scope {
  const parsed = parseScope(entries);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.scope;
}

/** Rules as text: `peers -> ports`. */
function mirror(entries: readonly string[], deny: readonly string[] = []): { rules: string[]; reasons: string[] } {
  const { rules, approximations } = translate(scopeOf(entries), scopeOf(deny), topology);
  return {
    rules: rules.map(({ to, ports }) => {
      const peers = to.map((peer) => 'ipBlock' in peer
        ? [peer.ipBlock.cidr, ...(peer.ipBlock.except ?? []).map((cidr) => `-${cidr}`)].join(' ')
        : `${Object.values(peer.namespaceSelector.matchLabels).join()}/${Object.entries(peer.podSelector.matchLabels).map((label) => label.join('=')).join()}`);
      return `${peers.join(', ')} -> ${ports.map(({ protocol, port, endPort }) => `${protocol === 'TCP' ? '' : 'UDP '}${port}${endPort === undefined ? '' : `-${endPort}`}`).join(',')}`;
    }),
    reasons: approximations.map(({ entry, reason }) => `${entry}: ${reason}`),
  };
}

describe('addresses', () => {
  test.each<[string, string[]]>([
    ['192.0.2.1:443', ['192.0.2.1/32 -> 443']],
    ['192.0.2.1', ['192.0.2.1/32 -> 1-65535']],
    ['[2001:db8::1]:443', ['2001:db8::1/128 -> 443']],
    ['10.20.0.0/16:5432', ['10.20.0.0/16 -> 5432']],
    ['0.0.0.0/0', ['0.0.0.0/0 -> 1-65535']],
  ])('%s opens exactly itself', (entry, rules) => {
    expect(mirror([entry])).toEqual({ rules, reasons: [] });
  });

  test('blocks with equal ports share a rule, ports of one block too', () => {
    expect(mirror(['192.0.2.1:80', '192.0.2.1:443', '192.0.2.2:80', '192.0.2.2:443', '192.0.2.3:80']).rules).toEqual([
      '192.0.2.1/32, 192.0.2.2/32 -> 443,80',
      '192.0.2.3/32 -> 80',
    ]);
  });

  test.each([':8080', 'localhost', 'app.localhost:80', '127.0.0.1:6379', '127.1.0.0/16', '[::1]:80', '0.0.0.0:8085', '[::]', 'unix:/run/app.sock', 'vsock:3:80'])('%s stays in the pod and needs no rule', (entry) => {
    expect(mirror([entry])).toEqual({ rules: [], reasons: [] });
  });
});

describe('denied addresses', () => {
  test.each<[string, string[], string[]]>([
    ['10.0.0.0/8', ['10.1.0.0/16'], ['10.0.0.0/8 -10.1.0.0/16 -> 1-65535']],
    ['10.0.0.0/8:80', ['10.1.0.0/16', '10.1.2.0/24', '10.2.0.1'], ['10.0.0.0/8 -10.1.0.0/16 -10.2.0.1/32 -> 80']],
    ['10.0.0.0/8:80', ['10.1.0.0/16:443'], ['10.0.0.0/8 -> 80']],
    ['10.0.0.0/8', ['10.1.0.0/16:443'], ['10.0.0.0/8 -10.1.0.0/16 -> 443', '10.0.0.0/8 -> 1-442,444-65535']],
    ['10.1.0.0/16', ['10.0.0.0/8'], []],
    ['10.1.0.1', ['10.0.0.0/8'], []],
    ['10.1.0.1', ['10.1.0.1:1', '10.1.0.1:65535'], ['10.1.0.1/32 -> 2-65534']],
    ['10.0.0.0/8', ['192.0.2.0/24', 'a.example.com'], ['10.0.0.0/8 -> 1-65535']],
    ['[2001:db8::1]', ['[2001:db8::1]:25'], ['2001:db8::1/128 -> 1-24,26-65535']],
  ])('%s without %j', (entry, deny, rules) => {
    expect(mirror([entry], deny)).toEqual({ rules, reasons: [] });
  });
});

describe('Services', () => {
  test.each<[string, string[]]>([
    ['redis:6379', ['app/app=redis,tier=data -> 16379']],
    ['redis.app:6379', ['app/app=redis,tier=data -> 16379']],
    ['redis.app.svc:6379', ['app/app=redis,tier=data -> 16379']],
    ['redis.app.svc.cluster.local', ['app/app=redis,tier=data -> 16379']],
    ['10.96.0.10:6379', ['app/app=redis,tier=data -> 16379']],
    ['web', ['app/app=web -> http,8443']],
    ['web:80', ['app/app=web -> http']],
    ['db.data:5432', ['data/app=db -> 5432']],
    ['peers:7000', ['app/app=peer -> 7000']],
    ['peers', ['app/app=peer -> 1-65535']],
    ['peer-0.peers:7000', ['app/app=peer -> 7000']],
    ['peer-0.peers.app:7000', ['app/app=peer -> 7000']],
    ['peer-0.peers.app.svc.cluster.local:7000', ['app/app=peer -> 7000']],
    ['legacy:3306', ['192.0.2.7/32, 2001:db8::7/128 -> 13306']],
    ['bare:9000', ['192.0.2.8/32 -> 9000']],
  ])('%s opens the pods or addresses behind it', (entry, rules) => {
    expect(mirror([entry])).toEqual({ rules, reasons: [] });
  });

  test.each<[string, RegExp]>([
    ['absent:80', /^absent:80: Service not found: app\/absent/],
    ['absent.app.svc:80', /Service not found: app\/absent/],
    ['redis-0.redis.app.svc:80', /Service not found/],
    ['1-2-3-4.app.pod.cluster.local', /Service not found/],
    ['web:8080', /app\/web has no port 8080 \(it has 80\/TCP, 443\/TCP\): not opened/],
    ['empty:80', /neither a selector nor endpoints/],
    ['mail:25', /app\/mail stands for smtp\.example\.com is a name outside the cluster/],
    ['syslog:514', /not TCP/],
    ['api.example.com:443', /outside the cluster/],
    ['example.com', /outside the cluster/],
    ['*.example.com:443', /cannot be listed/],
  ])('%s opens nothing and says why', (entry, reason) => {
    expect(mirror([entry])).toEqual({ rules: [], reasons: [expect.stringMatching(reason)] });
  });

  test('a Service with a UDP port beside a TCP one is opened by TCP alone, and that is told', () => {
    expect(mirror(['dns:53'])).toEqual({ rules: ['app/app=dns -> 5353'], reasons: [expect.stringContaining('only TCP')] });
  });

  test('a denied Service address closes the Service, for Deno refuses what its name resolves to', () => {
    expect(mirror(['redis:6379', 'web'], ['10.96.0.10', '10.96.0.11:80'])).toEqual({ rules: ['app/app=web -> 8443'], reasons: [] });
  });

  test('denied addresses may hit pods of a headless Service, which a policy cannot say', () => {
    expect(mirror(['peers:7000'], ['10.0.0.0/8'])).toEqual({ rules: ['app/app=peer -> 7000'], reasons: [expect.stringContaining('Deno alone')] });
    expect(mirror(['peers:7000'], ['169.254.169.254']).reasons).toEqual([]);
  });

  test('a denied name takes away what Deno refuses of it and leaves what Deno prefers to allow', () => {
    expect(mirror(['web', 'peers'], ['web:80', 'peers:7000'])).toEqual({ rules: ['app/app=peer -> 1-6999,7001-65535', 'app/app=web -> 8443'], reasons: [] });
    expect(mirror(['redis:6379'], ['redis:6379'])).toEqual({ rules: [], reasons: [] });
    expect(mirror(['redis:6379'], ['redis']).rules).toEqual(['app/app=redis,tier=data -> 16379']);
  });
});

test('a name outside the cluster is opened by its addresses once somebody resolves it', () => {
  const resolving = { ...topology, outsideAddresses: () => ['192.0.2.9', '127.0.0.1', '10.0.0.9'] };
  const { rules, approximations } = translate(scopeOf(['api.example.com:443']), scopeOf(['10.0.0.0/8']), resolving);
  expect(rules).toEqual([{ to: [{ ipBlock: { cidr: '192.0.2.9/32' } }], ports: [{ protocol: 'TCP', port: 443 }] }]);
  expect(approximations).toEqual([{ entry: 'api.example.com:443', reason: expect.stringContaining('addresses it resolved to') }]);
});

test('the Services to watch are those a name may mean, in the order of their names', () => {
  const scope = scopeOf(['redis:6379', 'redis.app', 'peer-0.peers:1', 'a.b.c', 'api.v2.example.com', '*.x.y', '10.0.0.1', 'localhost', 'x.y.svc.cluster.local']);
  expect(requiredServices(scope, topology).map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
    'app/app', 'app/peers', 'app/redis', 'c/b', 'peers/peer-0', 'y/x',
  ]);
});
