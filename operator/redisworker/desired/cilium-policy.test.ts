import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ciliumInput, ciliumRows, ciliumTopology, scopeOf } from '../../../test/support/cilium-rows.ts';
import { ciliumPolicy, type CiliumPolicySpec } from './cilium-policy.ts';
import { netHash, type PolicyInput } from './network-policy.ts';

const specOf = (change: Partial<PolicyInput>): CiliumPolicySpec =>
  ciliumPolicy({ ...ciliumInput({}), ...change }).policy.spec;
const dnsOf = ({ egress }: CiliumPolicySpec) =>
  egress.flatMap(({ toPorts = [] }) => toPorts.flatMap(({ rules }) => rules?.dns ?? []));

describe('the Cilium policy', () => {
  test.each(Object.entries(ciliumRows))(
    'of the row %s is its golden file, and what is not exact is told',
    (name, row) => {
      const { policy, approximations, problems, refusals } = ciliumPolicy(ciliumInput(row));
      expect(policy).toEqual(parse(readFileSync(`test/golden/cilium/${name}.yaml`, 'utf8')));
      expect(approximations.map(({ entry }) => entry).sort()).toEqual([...row.approximated ?? []].sort());
      expect([problems, refusals]).toEqual([[], []]);
    },
  );

  test('always has a rule in both directions, for Cilium leaves one without rules open', () => {
    for (const row of Object.values(ciliumRows)) {
      const { ingress, egress, enableDefaultDeny } = ciliumPolicy(ciliumInput(row)).policy.spec;
      expect([ingress, egress.length > 0, enableDefaultDeny]).toEqual([[{}], true, { egress: true, ingress: true }]);
    }
  });

  test('has another net hash than a NetworkPolicy of the same scope, so that pods roll from one to the other', () => {
    const input = ciliumInput({ net: ['web'] });
    expect(netHash(input)).not.toBe(netHash({ ...input, flavor: 'Kubernetes' }));
    expect(ciliumPolicy(input).policy.metadata.name).toBe(`w1-${netHash(input)}`);
  });

  test('lets a pod ask for its names below the search domains of the nodes too', () => {
    expect(dnsOf(specOf({ scope: scopeOf(['api.example.com']), searchDomains: ['corp.example'] }))).toEqual(
      ['', '.app.svc.cluster.local', '.cluster.local', '.corp.example', '.svc.cluster.local'].map((ending) => ({
        matchName: `api.example.com${ending}`,
      })),
    );
  });

  test('lets a pod ask for the canary and reach it never', () => {
    const { egress } = specOf({ alsoAsked: scopeOf(['canary.operators.svc:8086']) });
    expect(dnsOf({ ...specOf({}), egress })).toContainEqual({ matchName: 'canary.operators.svc.cluster.local' });
    expect(egress).toHaveLength(1);
  });

  test('asks for no name that is longer than DNS can hold', () => {
    const long = `${'a'.repeat(60)}.`.repeat(4).concat('example');
    expect(
      dnsOf(specOf({ scope: scopeOf([long, `*.${long}`]) })).map((selector) => Object.values(selector)[0]!.length)
        .every((length) => length <= 255),
    ).toBe(true);
  });

  test('writes node-local resolvers as a rule of their own with the same names', () => {
    const dns = { ...ciliumInput({}).dns, cidrs: ['169.254.20.10/32'] };
    const { egress } = specOf({ dns, scope: scopeOf(['api.example.com:443']) });
    expect(egress.slice(0, 2).map(({ toEndpoints, toCIDRSet }) => [toEndpoints?.length, toCIDRSet])).toEqual([[
      1,
      undefined,
    ], [undefined, [{ cidr: '169.254.20.10/32' }]]]);
    expect(egress[0]?.toPorts).toEqual(egress[1]?.toPorts);
  });

  test('refuses names outside, wildcards and aliases of them when the worker does, and no Service', () => {
    const { refusals } = ciliumPolicy({
      ...ciliumInput({ net: ['api.example.com', '*.example.org', 'mail:25', 'web', '192.0.2.1'] }),
      outsideNames: 'Refuse',
    });
    expect(refusals.map(({ entry }) => entry)).toEqual(['*.example.org', 'api.example.com', 'mail:25']);
  });
});

describe('a denied address', () => {
  const deny = (net: string[], denied: string[]) => ciliumPolicy(ciliumInput({ net, deny: denied }));

  test('closes what names resolve to, and only where there are names', () => {
    expect(deny(['192.0.2.0/24'], ['10.0.0.0/8']).policy.spec.egressDeny).toBeUndefined();
    expect(JSON.stringify(deny(['api.example.com'], ['10.0.0.0/8']).policy.spec.egressDeny)).toContain(
      '{"cidr":"10.0.0.0/8"}',
    );
  });

  test('does not close a Service whose endpoints lie in it, and says so', () => {
    const { policy, approximations } = deny(['api.example.com', 'legacy:3306'], ['192.0.2.0/28']);
    expect(JSON.stringify(policy.spec.egressDeny)).not.toContain('192.0.2.0');
    expect(approximations).toEqual([{ entry: '192.0.2.0/28', reason: expect.stringContaining('held by Deno alone') }]);
  });
});

describe('the Redis under Cilium', () => {
  const redis = (host: string, addresses: readonly string[] = [], change: Partial<PolicyInput> = {}) =>
    ciliumPolicy({ ...ciliumInput({}), redis: [{ host, port: 6379, addresses }], ...change });

  test('outside the cluster is opened by its name, whatever it resolved to', () => {
    const { policy, approximations, problems } = redis('cache.example.com', ['198.51.100.7']);
    expect(policy.spec.egress.at(-1)).toEqual({
      toFQDNs: [{ matchName: 'cache.example.com' }],
      toPorts: [{ ports: [{ port: '6379', protocol: 'TCP' }] }],
    });
    expect([approximations, problems]).toEqual([[], []]);
  });

  test('with a short name that is no Service is opened by its addresses, and that is told', () => {
    const { policy, approximations } = redis('devbox', ['198.51.100.7']);
    expect(policy.spec.egress.at(-1)).toEqual({
      toCIDRSet: [{ cidr: '198.51.100.7/32' }],
      toPorts: [{ ports: [{ port: '6379', protocol: 'TCP' }] }],
    });
    expect(approximations).toEqual([{ entry: 'devbox:6379', reason: expect.stringContaining('full name') }]);
  });

  test.each<[string, string, Partial<PolicyInput>, RegExp]>([
    ['without a Service', 'cache.app.svc', {}, /Redis cache\.app\.svc:6379 cannot be reached: Service not found/],
    ['at a denied address', '10.1.2.3', { deny: scopeOf(['10.0.0.0/8']) }, /denyNet covers/],
    ['with an unusable host', 'no host', {}, /no usable host/],
  ])('%s is a problem', (_, host, change, problem) => {
    expect(redis(host, [], change).problems).toEqual([expect.stringMatching(problem)]);
  });

  test('of several servers is opened server by server, and tells which addresses Cilium opens no pods at', () => {
    const servers = ['cache.example.com', '10.244.0.7'].map((host) => ({ host, port: 6379, addresses: [] }));
    const { policy, approximations, problems } = ciliumPolicy({ ...ciliumInput({}), redis: servers });
    const toPorts = [{ ports: [{ port: '6379', protocol: 'TCP' }] }];
    expect(policy.spec.egress.slice(-2)).toEqual([
      { toCIDRSet: [{ cidr: '10.244.0.7/32' }], toPorts },
      { toFQDNs: [{ matchName: 'cache.example.com' }], toPorts },
    ]);
    expect([approximations, problems]).toEqual([[
      { entry: '10.244.0.7:6379', reason: expect.stringContaining('name their Services') },
    ], []]);
  });

  test('needs nothing of its own where everything is open', () => {
    expect(redis('absent.app.svc', [], { allowAll: true }).problems).toEqual([]);
  });
});

test('the topology of the rows has an answer for every Service they name', () => {
  expect(ciliumTopology.serviceByClusterIP?.('10.96.0.11')).toEqual({ namespace: 'app', name: 'web' });
});
