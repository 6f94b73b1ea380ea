import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { topologyWith } from '../../../test/support/topology.ts';
import { parseScope } from '../network/allow-net/canonical.ts';
import { denoDenyFlag, denoNetFlag } from '../network/allow-net/deno-flags.ts';
import type { Scope } from '../network/allow-net/entry.ts';
import { clusterDns, netHash, networkPolicy, type PolicyInput } from './network-policy.ts';

const topology = topologyWith('app', {
  'app/redis': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.10',
    selector: { app: 'redis' },
    ports: [{ port: 6379, targetPort: 16_379, protocol: 'TCP' }],
  },
  'app/web': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.11',
    selector: { app: 'web' },
    ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }],
  },
});

function scopeOf(entries: readonly string[]): Scope {
  const parsed = parseScope(entries);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.scope;
}

const redisAt = (host: string, port = 6379, addresses: readonly string[] = []) => ({ host, port, addresses });

const input: PolicyInput = {
  name: 'w1',
  namespace: 'app',
  owner: {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    name: 'w1',
    uid: '11111111-2222-3333-4444-555555555555',
    controller: true,
  },
  labels: { 'app.kubernetes.io/managed-by': 'redisworker' },
  scope: [],
  deny: [],
  allowAll: false,
  redis: [redisAt('redis')],
  topology,
  dns: clusterDns,
};

const golden = (name: string): unknown => parse(readFileSync(`test/golden/network-policy/${name}.yaml`, 'utf8'));

describe('the policy', () => {
  test('of a worker without a scope opens DNS and its Redis', () => {
    const { policy, approximations, problems } = networkPolicy(input);
    expect(policy).toEqual(golden('no-scope'));
    expect([approximations, problems]).toEqual([[], []]);
  });

  test('of a worker with every kind of entry opens what can be said exactly and tells the rest', () => {
    const scope = scopeOf([
      'web:80',
      '10.20.0.0/16:5432',
      '[2001:db8::7]:443',
      '192.0.2.1',
      'api.example.com:443',
      '*.example.org',
      ':9229',
      'unix:/run/a.sock',
    ]);
    const redis = [redisAt('cache.example.com', 6380, ['198.51.100.7', '2001:db8::9'])];
    const { policy, approximations, problems } = networkPolicy({
      ...input,
      scope,
      deny: scopeOf(['10.20.30.0/24']),
      redis,
    });
    expect(policy).toEqual(golden('full-scope'));
    expect(approximations.map(({ entry }) => entry)).toEqual([
      '*.example.org',
      'api.example.com:443',
      'cache.example.com:6380',
    ]);
    expect(problems).toEqual([]);
  });

  test('of a worker that may reach everything is the only one with an empty rule', () => {
    const { policy, approximations } = networkPolicy({ ...input, allowAll: true, deny: scopeOf(['10.0.0.0/8']) });
    expect(policy).toEqual(golden('allow-all'));
    expect(approximations).toEqual([{ entry: '10.0.0.0/8', reason: expect.stringContaining('Deno alone') }]);
  });

  test('opens node-local resolvers by address and other DNS ports', () => {
    const dns = {
      namespaceLabels: { 'kubernetes.io/metadata.name': 'openshift-dns' },
      podLabels: {},
      ports: [53, 5353],
      cidrs: ['169.254.20.10/32'],
    };
    const [rule] = networkPolicy({ ...input, dns }).policy.spec.egress;
    expect(rule).toEqual({
      to: [{ namespaceSelector: { matchLabels: dns.namespaceLabels }, podSelector: { matchLabels: {} } }, {
        ipBlock: { cidr: '169.254.20.10/32' },
      }],
      ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }, { protocol: 'UDP', port: 5353 }, {
        protocol: 'TCP',
        port: 5353,
      }],
    });
  });

  test('takes the metadata addresses out of what a wide block opens, unless the scope names one', () => {
    const blocks = (entries: string[]) =>
      JSON.stringify(networkPolicy({ ...input, scope: scopeOf(entries) }).policy.spec.egress);
    expect(blocks(['169.254.0.0/16:80'])).toContain(
      '"except":["169.254.169.254/32","169.254.170.2/32","169.254.170.23/32"]',
    );
    expect(blocks(['169.254.0.0/16:80', '169.254.169.254:80'])).toContain(
      '"except":["169.254.170.2/32","169.254.170.23/32"]',
    );
    expect(blocks(['169.254.169.254:80'])).toContain('"cidr":"169.254.169.254/32"');
  });

  test('tells a denial that Deno does not hold', () => {
    const { approximations } = networkPolicy({
      ...input,
      scope: scopeOf(['*.example.com', 'web:80']),
      deny: scopeOf(['*.internal.example.com', '*.api.example.com', 'a.example.com', 'web']),
    });
    const weak = approximations.filter(({ reason }) => reason.includes('Deno prefers')).map((
      { entry, reason },
    ) => [entry, /entry (\S+),/.exec(reason)?.[1]]);
    expect(weak).toEqual([['*.internal.example.com', '*.example.com'], ['web', 'web:80']]);
  });
});

describe('the Redis', () => {
  const problemsOf = (change: Partial<PolicyInput>) => networkPolicy({ ...input, ...change }).problems;
  const rulesOf = (change: Partial<PolicyInput>) => networkPolicy({ ...input, ...change }).policy.spec.egress.slice(1);

  test('by address is an address rule, also in IPv6 with and without brackets', () => {
    const rule = (cidr: string) => [{ to: [{ ipBlock: { cidr } }], ports: [{ protocol: 'TCP', port: 6379 }] }];
    expect(rulesOf({ redis: [redisAt('192.0.2.1')] })).toEqual(rule('192.0.2.1/32'));
    expect(rulesOf({ redis: [redisAt('2001:db8::1')] })).toEqual(rule('2001:db8::1/128'));
    expect(rulesOf({ redis: [redisAt('[2001:db8::1]')] })).toEqual(rule('2001:db8::1/128'));
  });

  test('by a short name that is no Service is opened by what it resolves to', () => {
    const change = { redis: [redisAt('devbox', 6379, ['192.0.2.3'])] };
    expect(rulesOf(change)).toEqual([{
      to: [{ ipBlock: { cidr: '192.0.2.3/32' } }],
      ports: [{ protocol: 'TCP', port: 6379 }],
    }]);
    expect(problemsOf(change)).toEqual([]);
  });

  test('is no problem of a worker that may reach everything, wherever it is', () => {
    expect(problemsOf({ redis: [redisAt('cache.example.com')], allowAll: true })).toEqual([]);
  });

  test('inside the pod needs no rule', () => {
    expect(rulesOf({ redis: [redisAt('127.0.0.1')] })).toEqual([]);
    expect(problemsOf({ redis: [redisAt('localhost')] })).toEqual([]);
  });

  test.each<[string, Partial<PolicyInput>, RegExp]>([
    [
      'whose Service is missing',
      { redis: [redisAt('cache')] },
      /Redis cache:6379 cannot be reached: Service not found: app\/cache/,
    ],
    ['on a port its Service has not', { redis: [redisAt('redis', 6380)] }, /has no port 6380/],
    [
      'outside the cluster without a known address',
      { redis: [redisAt('cache.example.com')] },
      /cannot be reached: cache\.example\.com is a name outside/,
    ],
    [
      'at a denied address',
      { redis: [redisAt('10.1.2.3')], deny: scopeOf(['10.0.0.0/8']) },
      /denyNet covers .* 10\.1\.2\.3:6379/,
    ],
    ['whose Service has a denied address', { deny: scopeOf(['10.96.0.0/12']) }, /denyNet covers/],
    ['that resolves to a denied address', {
      redis: [redisAt('cache.example.com', 6379, ['10.1.2.3'])],
      deny: scopeOf(['10.0.0.0/8']),
    }, /denyNet covers/],
    [
      'with an unusable host',
      { redis: [redisAt('no host')] },
      /no usable host: net entry "no host:6379" has white space/,
    ],
  ])('%s is a problem', (_, change, problem) => {
    expect(problemsOf(change)).toEqual([expect.stringMatching(problem)]);
  });
});

describe('a Redis of several servers', () => {
  const servers = [redisAt('redis'), redisAt('192.0.2.1', 7000), redisAt('cache.example.com', 7000, ['192.0.2.2'])];

  test('is opened server by server', () => {
    const { policy, problems } = networkPolicy({ ...input, redis: servers });
    expect(policy.spec.egress.slice(1)).toEqual([
      {
        to: [{ ipBlock: { cidr: '192.0.2.1/32' } }, { ipBlock: { cidr: '192.0.2.2/32' } }],
        ports: [{ protocol: 'TCP', port: 7000 }],
      },
      ...networkPolicy(input).policy.spec.egress.slice(1),
    ]);
    expect(problems).toEqual([]);
  });

  test('lets pods begin while one of them is open, and tells of the others', () => {
    const one = networkPolicy({ ...input, redis: [redisAt('redis'), redisAt('gone.example.com')] });
    expect([one.problems, one.approximations]).toEqual([[], [
      { entry: 'gone.example.com:6379', reason: expect.stringContaining('not opened') },
    ]]);
    const none = networkPolicy({ ...input, redis: [redisAt('cache'), redisAt('gone.example.com')] });
    expect(none.problems).toEqual([
      expect.stringMatching(/Redis cache:6379 cannot be reached/),
      expect.stringMatching(/Redis gone\.example\.com:6379 cannot be reached/),
    ]);
  });

  test('is a problem when Deno is denied any of them', () => {
    const deny = scopeOf(['192.0.2.1']);
    expect(networkPolicy({ ...input, deny, redis: servers }).problems).toEqual([
      expect.stringMatching(/denyNet covers the worker's Redis 192\.0\.2\.1:7000/),
    ]);
  });

  test('has a hash that follows from who they are, and not from their order', () => {
    const of = (...redis: PolicyInput['redis']) => netHash({ ...input, redis });
    const [one, two, three] = servers as [PolicyInput['redis'][0], PolicyInput['redis'][0], PolicyInput['redis'][0]];
    expect(of(three, one, two)).toBe(of(...servers));
    expect(of(one, one)).toBe(netHash(input));
    expect(new Set([of(one), of(one, two), of(one, three), of(...servers)]).size).toBe(4);
  });

  test('is in what Deno allows, each once', () => {
    expect(denoNetFlag(scopeOf(['redis:6379']), servers, [])).toEqual([
      '192.0.2.1:7000',
      'cache.example.com:7000',
      'redis:6379',
    ]);
  });
});

describe('the net hash', () => {
  test('is 12 hex characters, and the same for equal scopes in any spelling', () => {
    const one = netHash({ ...input, scope: scopeOf(['A.example.com', '10.1.2.3/8']) });
    expect(one).toMatch(/^[0-9a-f]{12}$/);
    expect(netHash({ ...input, scope: scopeOf(['10.0.0.0/8', 'a.example.com.', 'a.example.com']) })).toBe(one);
  });

  test('changes with everything that shapes the policy', () => {
    const dns = { ...clusterDns, ports: [5353] };
    const changes: Partial<PolicyInput>[] = [
      {},
      { scope: scopeOf(['h']) },
      { deny: scopeOf(['h']) },
      { allowAll: true },
      { redis: [redisAt('redis', 1)] },
      { dns },
    ];
    expect(new Set(changes.map((change) => netHash({ ...input, ...change }))).size).toBe(changes.length);
  });

  test('does not change with addresses and Services, which are refreshed inside a policy', () => {
    const policy =
      networkPolicy({ ...input, redis: [redisAt('redis', 6379, ['192.0.2.9'])], topology: topologyWith('app', {}) })
        .policy;
    expect(policy.metadata.name).toBe(`w1-${netHash(input)}`);
  });
});

describe('the lists for Deno', () => {
  test('carry the scope, the Redis and the addresses of the runtime, once each', () => {
    expect(denoNetFlag(scopeOf(['redis:6379', 'web']), [{ host: 'Redis', port: 6379 }], ['0.0.0.0:8085'])).toEqual([
      '0.0.0.0:8085',
      'redis:6379',
      'web',
    ]);
    expect(() => denoNetFlag([], [{ host: 'no host', port: 1 }], [])).toThrow('white space');
  });

  test('deny the metadata addresses but for those the scope names, and never loopback', () => {
    const denied = denoDenyFlag(scopeOf(['169.254.169.254:80']), scopeOf(['h', '100.100.100.200']));
    expect(denied).toEqual([
      '100.100.100.200',
      '168.63.129.16',
      '169.254.170.2',
      '169.254.170.23',
      '[fd00:ec2::23]',
      '[fd00:ec2::254]',
      '[fd20:ce::254]',
      'h',
    ]);
  });
});
