import { describe, expect, it, test } from 'vitest';
import type { HostPort } from '../../../contract/host-port.ts';
import { admits } from '../../redis/reach.ts';
import type { Service, Topology } from './allow-net/topology.ts';
import { apiServerOf, hostRefusal, type HostSurroundings, parseHostRule, reachOf } from './redis-hosts.ts';

const ports = [{ port: 6379, targetPort: 6379, protocol: 'TCP' }];
const services: Record<string, Service> = {
  'default/kubernetes': { type: 'ClusterIP', clusterIP: '10.96.0.1', ports: [] },
  'infra/redis': { type: 'ClusterIP', clusterIP: '10.96.0.9', selector: { app: 'redis' }, ports },
  'team/cache': { type: 'ClusterIP', clusterIP: '10.96.0.20', selector: { app: 'cache' }, ports },
  'team/alias': { type: 'ExternalName', externalName: 'redis.infra.svc.cluster.local', ports: [] },
  'team/way-out': { type: 'ExternalName', externalName: 'elsewhere.example.net', ports: [] },
  'team/by-hand': { type: 'ClusterIP', clusterIP: '10.96.0.21', ports },
};
const topology = (byHand = '192.0.2.7'): Topology => ({
  namespace: 'team',
  clusterDomain: 'cluster.local',
  service: (namespace, name) => services[`${namespace}/${name}`],
  addresses: (_, name) => (name === 'by-hand' ? [{ addresses: [byHand], ports }] : []),
  serviceByClusterIP: (address) => {
    const [key] = Object.entries(services).find(([, { clusterIP }]) => clusterIP === address) ?? [];
    const [namespace, name] = key?.split('/') ?? [];
    return namespace === undefined || name === undefined ? undefined : { namespace, name };
  },
});

interface Case {
  readonly allowed?: readonly string[];
  readonly addresses?: readonly string[];
  readonly defaultRedis?: HostPort;
  /** Further servers of the default Redis. */
  readonly members?: readonly HostPort[];
  readonly byHand?: string;
  readonly sharesLoopback?: boolean;
  readonly port?: number;
}
const around = (given: Case = {}): HostSurroundings => ({
  hosts: {
    allowed: (given.allowed ?? []).map((text) => parseHostRule(text)!),
    apiServer: { host: '192.0.2.100', port: 6443 },
  },
  topology: topology(given.byHand),
  defaultRedis: [given.defaultRedis ?? { host: 'redis.infra', port: 6379 }, ...given.members ?? []],
  sharesLoopback: given.sharesLoopback ?? false,
});
const named = (host: string, given: Case) => ({ host, port: given.port ?? 6379, addresses: given.addresses ?? [] });
const refusal = (host: string, given: Case = {}) => hostRefusal(named(host, given), around(given));

describe('without a list', () => {
  it.each([
    ['cache', {}],
    ['cache.team.svc.cluster.local', {}],
    ['10.96.0.20', {}],
    ['by-hand', {}],
    ['not-there', {}],
    ['redis.example.com', { addresses: ['10.20.0.3', '2001:db8::3'] }],
    ['192.0.2.5', {}],
    ['192.0.2.100', {}],
    ['10.96.0.9', { port: 7000 }],
  ] as [string, Case][])('%s is reached', (host, given) => {
    expect(refusal(host, given)).toBeUndefined();
  });

  it.each([
    ['169.254.169.254', {}],
    ['169.254.1.1', {}],
    ['fe80::1', {}],
    ['fd00:ec2::254', {}],
    ['64:ff9b::a9fe:a9fe', {}],
    ['100.100.100.200', {}],
    ['168.63.129.16', {}],
    ['127.0.0.1', {}],
    ['::1', {}],
    ['metadata.google.internal', { addresses: ['169.254.169.254'] }],
    ['rebound.example.com', { addresses: ['203.0.113.1', '127.0.0.1'] }],
    ['way-out', { addresses: ['169.254.169.254'] }],
    ['by-hand', { byHand: '100.100.100.200' }],
  ] as [string, Case][])('%s is refused for where it leads (%o)', (host, given) => {
    expect(refusal(host, given)).toMatch(
      /^leads to [0-9a-f.:]+, which is a loopback, link-local or cloud metadata address: name another host$/,
    );
  });

  it('loopback is reached where it is that of the pods too, and nothing else that is closed', () => {
    expect(refusal('127.0.0.1', { sharesLoopback: true })).toBeUndefined();
    expect(refusal('localhost', { sharesLoopback: true })).toBeUndefined();
    expect(refusal('169.254.169.254', { sharesLoopback: true })).toContain('link-local');
  });

  it.each([
    ['kubernetes.default.svc', {}],
    ['kubernetes.default', {}],
    ['10.96.0.1', { port: 443 }],
    ['192.0.2.100', { port: 6443 }],
    ['api.example.com', { port: 6443, addresses: ['192.0.2.100'] }],
    ['by-hand', { port: 6443, byHand: '192.0.2.100' }],
  ] as [string, Case][])('%s is refused as the API server (%o)', (host, given) => {
    expect(refusal(host, given)).toBe('leads to the API server of the cluster: name the host of a Redis');
  });

  it.each([
    ['redis.infra', {}],
    ['redis.infra.svc', {}],
    ['redis.infra.svc.cluster.local', {}],
    ['10.96.0.9', {}],
    ['alias', {}],
    ['by-hand', { byHand: '10.96.0.9' }],
    ['mine.example.com', { addresses: ['10.96.0.9'] }],
    ['192.0.2.7', { defaultRedis: { host: '192.0.2.7', port: 6379 } }],
    ['mine.example.com', { defaultRedis: { host: '192.0.2.7', port: 6379 }, addresses: ['192.0.2.7'] }],
    ['redis.example.com', { defaultRedis: { host: 'redis.example.com', port: 6379 } }],
    ['192.0.2.8', { port: 7001, members: [{ host: '192.0.2.8', port: 7001 }] }],
  ] as [string, Case][])("%s is refused as the operator's own Redis (%o)", (host, given) => {
    expect(refusal(host, given)).toBe(
      "leads to the operator's own Redis, which is for workers that name none: remove spec.redis",
    );
  });
});

describe('with a list', () => {
  const allowed = ['redis.example.com', '*.data.example.com', '10.20.0.0/16', 'cache.team.svc'];

  it.each([
    ['redis.example.com', {}],
    ['a.data.example.com', {}],
    ['a.b.data.example.com', {}],
    ['10.20.3.4', {}],
    ['other.example.com', { addresses: ['10.20.3.4'] }],
    ['cache', {}],
    ['10.96.0.20', {}],
  ] as [string, Case][])('%s is reached (%o)', (host, given) => {
    expect(refusal(host, { ...given, allowed })).toBeUndefined();
  });

  it.each([
    ['data.example.com', {}],
    ['notredis.example.com', {}],
    ['redis.example.com.evil.net', {}],
    ['10.21.0.1', {}],
    ['other.example.com', {}],
    ['other.example.com', { addresses: ['10.20.3.4', '10.21.0.1'] }],
    ['by-hand', {}],
    ['way-out', {}],
  ] as [string, Case][])('%s is refused, and told what there is (%o)', (host, given) => {
    expect(refusal(host, { ...given, allowed })).toBe(
      'names a host the admin of this operator does not allow (--redis-hosts): name one of redis.example.com, *.data.example.com, 10.20.0.0/16, cache.team.svc',
    );
  });

  it('what is closed stays closed, whatever is on it', () => {
    const all = { allowed: ['0.0.0.0/0', '::/0', 'redis.infra.svc', 'kubernetes.default.svc', 'a.example.com'] };
    expect(refusal('169.254.169.254', all)).toContain('link-local');
    expect(refusal('a.example.com', { ...all, addresses: ['169.254.169.254'] })).toContain('link-local');
    expect(refusal('redis.infra', all)).toContain("the operator's own Redis");
    expect(refusal('kubernetes.default.svc', all)).toContain('API server');
  });
});

describe('what is dialled', () => {
  const admitted = (host: string, address: string, given: Case = {}) => {
    const server = named(host, given);
    return admits(reachOf([server], around(given)), server, address);
  };

  it('is never an address that is closed, also when a name leads there later', () => {
    const closed = ['169.254.169.254', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '127.0.0.1', '10.96.0.9'];
    for (const address of closed) expect([address, admitted('redis.example.com', address)]).toEqual([address, false]);
    expect(admitted('redis.example.com', '192.0.2.100', { port: 6443 })).toBe(false);
    expect(admitted('redis.example.com', '203.0.113.7')).toBe(true);
    expect(admitted('redis.example.com', '2001:db8::7')).toBe(true);
  });

  it('is an address of the list where the name is not on it', () => {
    const allowed = ['10.20.0.0/16', 'redis.example.com'];
    expect(admitted('other.example.com', '10.20.1.1', { allowed })).toBe(true);
    expect(admitted('other.example.com', '203.0.113.7', { allowed })).toBe(false);
    expect(admitted('redis.example.com', '203.0.113.7', { allowed })).toBe(true);
  });

  it('is of several servers judged one by one, and of one that nobody has named by its address', () => {
    const allowed = ['10.20.0.0/16', 'redis.example.com'];
    const servers = ['redis.example.com', 'other.example.com'].map((host) => named(host, {}));
    const reach = reachOf(servers, around({ allowed }));
    const at = (host: string, address: string, port = 6379) => admits(reach, { host, port }, address);
    expect([at('redis.example.com', '203.0.113.7'), at('other.example.com', '203.0.113.7')]).toEqual([true, false]);
    expect([at('10.20.1.1', '10.20.1.1', 7000), at('203.0.113.8', '203.0.113.8', 7000)]).toEqual([true, false]);
    expect(at('stranger.example.com', '203.0.113.8')).toBe(false);
  });

  it('is no server of the default Redis, wherever a server points', () => {
    const members = [{ host: '192.0.2.8', port: 7001 }];
    const reach = reachOf([named('redis.example.com', {})], around({ members }));
    const at = (address: string, port: number) => admits(reach, { host: address, port }, address);
    expect([at('192.0.2.8', 7001), at('192.0.2.8', 7002), at('192.0.2.100', 6443)]).toEqual([false, true, false]);
  });
});

test('entries of the list are read as people write them', () => {
  expect(parseHostRule('Redis.Example.com.')).toEqual({ kind: 'name', host: 'redis.example.com' });
  expect(parseHostRule('*.Example.com')).toEqual({ kind: 'wildcard', host: 'example.com' });
  expect(parseHostRule('[fd00::1]')).toEqual(parseHostRule('fd00::1/128'));
  expect(parseHostRule('10.0.0.1')).toEqual(parseHostRule('10.0.0.1/32'));
  for (const text of ['', '*', '*.', 'a.*.b', '10.0.0.0/33', '300.1.1.1', 'redis://h', 'host:6379', 'a b']) {
    expect([text, parseHostRule(text)]).toEqual([text, undefined]);
  }
});

test('the API server is where its URL says', () => {
  expect(apiServerOf('https://10.96.0.1')).toEqual({ host: '10.96.0.1', port: 443 });
  expect(apiServerOf('https://[fd00::1]:6443')).toEqual({ host: 'fd00::1', port: 6443 });
  expect(apiServerOf('nonsense')).toBeUndefined();
});
