import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { topologyWith } from '../../../../test/support/topology.ts';
import { parseBlock } from './address.ts';
import { formatEntry, parseScope } from './canonical.ts';
import { withMetadataDenied } from './deny.ts';
import type { Scope } from './entry.ts';
import { outsideHosts, requiredServices, servicesOf } from './meaning.ts';
import { type NameRules, resolvePublic } from './outside.ts';
import { policyAllows } from '../../../../test/support/policy-allows.ts';
import { translate } from './translate.ts';

const topology = topologyWith('app', {
  'app/redis': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.10',
    selector: { app: 'redis', tier: 'data' },
    ports: [{ name: 'redis', port: 6379, targetPort: 16_379, protocol: 'TCP' }],
  },
  'app/web': {
    type: 'NodePort',
    clusterIP: '10.96.0.11',
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }, {
      name: 'https',
      port: 443,
      targetPort: 8443,
      protocol: 'TCP',
    }],
  },
  'app/peers': {
    type: 'ClusterIP',
    clusterIP: 'None',
    selector: { app: 'peer' },
    ports: [{ port: 7000, targetPort: 7001, protocol: 'TCP' }],
  },
  'app/legacy': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.12',
    ports: [{ name: 'sql', port: 3306, targetPort: 3306, protocol: 'TCP' }],
  },
  'app/bare': { type: 'ClusterIP', clusterIP: 'None', selector: {}, ports: [] },
  'app/empty': { type: 'ClusterIP', clusterIP: '10.96.0.13', ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }] },
  'app/mail': { type: 'ExternalName', externalName: 'smtp.example.com', ports: [] },
  'app/dns': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.14',
    selector: { app: 'dns' },
    ports: [{ name: 'udp', port: 53, targetPort: 5353, protocol: 'UDP' }, {
      name: 'tcp',
      port: 53,
      targetPort: 5353,
      protocol: 'TCP',
    }],
  },
  'app/syslog': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.15',
    selector: { app: 'syslog' },
    ports: [{ port: 514, targetPort: 514, protocol: 'UDP' }],
  },
  'default/kubernetes': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.1',
    ports: [{ name: 'https', port: 443, targetPort: 6443, protocol: 'TCP' }],
  },
  'data/db': {
    type: 'ClusterIP',
    clusterIP: '10.96.0.20',
    selector: { app: 'db' },
    ports: [{ port: 5432, targetPort: 5432, protocol: 'TCP' }],
  },
}, {
  'app/legacy': [{
    addresses: ['192.0.2.7', '2001:db8::7'],
    ports: [{ name: 'sql', port: 13_306, protocol: 'TCP' }, { name: 'admin', port: 9000, protocol: 'TCP' }],
  }],
  'app/bare': [{ addresses: ['192.0.2.8'], ports: [] }],
  'default/kubernetes': [{ addresses: ['192.0.2.20'], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] }],
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
      const peers = to.map((peer) =>
        'ipBlock' in peer
          ? [peer.ipBlock.cidr, ...(peer.ipBlock.except ?? []).map((cidr) => `-${cidr}`)].join(' ')
          : `${Object.values(peer.namespaceSelector.matchLabels).join()}/${
            Object.entries(peer.podSelector.matchLabels).map((label) => label.join('=')).join()
          }`
      );
      return `${peers.join(', ')} -> ${
        ports.map(({ protocol, port, endPort }) =>
          `${protocol === 'TCP' ? '' : 'UDP '}${port}${endPort === undefined ? '' : `-${endPort}`}`
        ).join(',')
      }`;
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

  test('a block tells that it does not open the Services whose addresses lie in it', () => {
    expect(mirror(['10.96.0.0/16:80'])).toEqual({
      rules: ['10.96.0.0/16 -> 80'],
      reasons: [expect.stringMatching(/^10\.96\.0\.0\/16:80: .*list the ones you need by name/)],
    });
    expect(mirror(['0.0.0.0/0:80', '10.97.0.0/16']).reasons).toEqual([expect.stringMatching(/^0\.0\.0\.0\/0:80: /)]);
  });

  test('blocks with equal ports share a rule, ports of one block too', () => {
    expect(mirror(['192.0.2.1:80', '192.0.2.1:443', '192.0.2.2:80', '192.0.2.2:443', '192.0.2.3:80']).rules).toEqual([
      '192.0.2.1/32, 192.0.2.2/32 -> 443,80',
      '192.0.2.3/32 -> 80',
    ]);
  });

  test.each([
    ':8080',
    'localhost',
    'app.localhost:80',
    '127.0.0.1:6379',
    '127.1.0.0/16',
    '[::1]:80',
    '0.0.0.0:8085',
    '[::]',
    'unix:/run/app.sock',
    'vsock:3:80',
  ])('%s stays in the pod and needs no rule', (entry) => {
    expect(mirror([entry])).toEqual({ rules: [], reasons: [] });
  });
});

describe('denied addresses', () => {
  test.each<[string, string[], string[]]>([
    ['172.16.0.0/12', ['172.17.0.0/16'], ['172.16.0.0/12 -172.17.0.0/16 -> 1-65535']],
    ['172.16.0.0/12:80', ['172.17.0.0/16', '172.17.2.0/24', '172.18.0.1'], [
      '172.16.0.0/12 -172.17.0.0/16 -172.18.0.1/32 -> 80',
    ]],
    ['172.16.0.0/12:80', ['172.17.0.0/16:443'], ['172.16.0.0/12 -> 80']],
    ['172.16.0.0/12', ['172.17.0.0/16:443'], [
      '172.16.0.0/12 -172.17.0.0/16 -> 443',
      '172.16.0.0/12 -> 1-442,444-65535',
    ]],
    ['172.17.0.0/16', ['172.16.0.0/12'], []],
    ['172.17.0.1', ['172.16.0.0/12'], []],
    ['172.17.0.1', ['172.17.0.1:1', '172.17.0.1:65535'], ['172.17.0.1/32 -> 2-65534']],
    ['172.16.0.0/12', ['192.0.2.0/24', 'a.example.com'], ['172.16.0.0/12 -> 1-65535']],
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

  test.each(['peer-0.peers:7000', 'peer-0.peers.app:7000', 'peer-0.peers.app.svc.cluster.local:7000'])(
    '%s opens all pods behind the headless Service, and that is told',
    (entry) => {
      expect(mirror([entry])).toEqual({
        rules: ['app/app=peer -> 7000'],
        reasons: [expect.stringMatching(/one pod of the headless Service app\/peers/)],
      });
    },
  );

  test('a name that is that of a pod or, when there is no such pod, of a Service elsewhere opens both', () => {
    const headless = { type: 'ClusterIP', clusterIP: 'None', selector: { app: 'peer' }, ports: [] };
    const shadowed = topologyWith('app', {
      'app/data': headless,
      'data/db': {
        ...headless,
        clusterIP: '10.96.0.20',
        selector: { app: 'db' },
        ports: [{ port: 5432, targetPort: 5432, protocol: 'TCP' }],
      },
    });
    const { rules } = translate(scopeOf(['db.data:5432']), [], shadowed);
    expect(rules.flatMap(({ to }) => to.map((peer) => 'podSelector' in peer && peer.podSelector.matchLabels))).toEqual([
      { app: 'peer' },
      { app: 'db' },
    ]);
  });

  test('a Service with a UDP port beside a TCP one is opened by TCP alone, and that is told', () => {
    expect(mirror(['dns:53'])).toEqual({
      rules: ['app/app=dns -> 5353'],
      reasons: [expect.stringContaining('only TCP')],
    });
  });

  test('a denied Service address closes the Service, for Deno refuses what its name resolves to', () => {
    expect(mirror(['redis:6379', 'web'], ['10.96.0.10', '10.96.0.11:80'])).toEqual({
      rules: ['app/app=web -> 8443'],
      reasons: [],
    });
  });

  test('denied addresses may hit pods of a headless Service, which a policy cannot say', () => {
    expect(mirror(['peers:7000'], ['10.0.0.0/8'])).toEqual({
      rules: ['app/app=peer -> 7000'],
      reasons: [expect.stringContaining('Deno alone')],
    });
    expect(mirror(['peers:7000'], ['169.254.169.254']).reasons).toEqual([]);
  });

  test('a denied name takes away what Deno refuses of it and leaves what Deno prefers to allow', () => {
    expect(mirror(['web', 'peers'], ['web:80', 'peers:7000'])).toEqual({
      rules: ['app/app=peer -> 1-6999,7001-65535', 'app/app=web -> 8443'],
      reasons: [],
    });
    expect(mirror(['redis:6379'], ['redis:6379'])).toEqual({ rules: [], reasons: [] });
    expect(mirror(['redis:6379'], ['redis']).rules).toEqual(['app/app=redis,tier=data -> 16379']);
  });
});

describe('names outside the cluster', () => {
  const answers: Record<string, string[]> = {
    'api.example.com': ['192.0.2.9', '2001:db8::9'],
    'smtp.example.com': ['192.0.2.25'],
    'mixed.example.com': [
      '192.0.2.9',
      '127.0.0.1',
      '10.0.0.9',
      '100.64.0.1',
      '169.254.169.254',
      'fd00::1',
      '64:ff9b::a00:1',
      '0.0.0.0',
      'not an address',
    ],
    'private.example.com': ['10.0.0.9'],
    'azure.example.com': ['168.63.129.16'],
  };
  const resolving = {
    ...topology,
    outsideAddresses: (host: string) => answers[host] ?? [],
    outsideNotes: (host: string) => (host === 'gone.example.com' ? ['it does not exist or has no addresses'] : []),
  };
  const opened = (entries: string[], rules: Partial<NameRules> = {}, deny: string[] = []) => {
    const mirror = translate(scopeOf(entries), scopeOf(deny), resolving, { ...resolvePublic, ...rules });
    const blocks = mirror.rules.flatMap(({ to, ports }) =>
      to.flatMap((
        peer,
      ) => ('ipBlock' in peer
        ? ports.map(({ port, endPort }) => `${peer.ipBlock.cidr} ${port}${endPort === undefined ? '' : `-${endPort}`}`)
        : [])
      )
    );
    return {
      ...mirror,
      blocks,
      reasons: mirror.approximations.map(({ entry, reason }) => `${entry}: ${reason}`),
      by: mirror.approximations.map(({ by }) => by),
    };
  };

  test('are opened by their addresses of both families, and that is told', () => {
    expect(opened(['api.example.com:443'])).toMatchObject({
      blocks: ['192.0.2.9/32 443', '2001:db8::9/128 443'],
      reasons: [expect.stringContaining('addresses it resolved to')],
      by: ['NameResolved'],
    });
    expect(opened(['api.example.com']).blocks).toEqual(['192.0.2.9/32 1-65535', '2001:db8::9/128 1-65535']);
  });

  test('never open a private, shared, link-local, loopback, translated or metadata address, and say so', () => {
    const { blocks, reasons } = opened(['mixed.example.com:443']);
    expect(blocks).toEqual(['192.0.2.9/32 443']);
    expect(reasons).toEqual([
      expect.stringContaining(
        '0.0.0.0, 10.0.0.9, 100.64.0.1 and 4 more among its addresses are not public and not opened: add the address',
      ),
    ]);
    expect(opened(['private.example.com:443'])).toMatchObject({
      blocks: [],
      by: [undefined],
      reasons: [expect.stringContaining('10.0.0.9 among its addresses is not public')],
    });
  });

  test('say nothing of a private address that another entry of the scope opens on that port', () => {
    expect(opened(['private.example.com:443', '10.0.0.0/8:443']).reasons.join()).not.toContain('not public');
    expect(opened(['private.example.com:443', '10.0.0.0/8']).reasons.join()).not.toContain('not public');
    expect(opened(['private.example.com:443', '10.0.0.0/8:80']).reasons.join()).toContain('not public');
    expect(opened(['private.example.com', '10.0.0.0/8:443']).reasons.join()).toContain('not public');
  });

  test('open no address that is denied, nor one of the cluster', () => {
    expect(opened(['azure.example.com:80'], {}, ['168.63.129.16'])).toMatchObject({
      blocks: [],
      reasons: [expect.stringContaining('168.63.129.16 is denied')],
    });
    expect(opened(['api.example.com:443'], { closed: [parseBlock('192.0.2.0/24')!] }).blocks).toEqual([
      '2001:db8::9/128 443',
    ]);
  });

  test('open nothing while they have no addresses, and say what DNS says', () => {
    expect(opened(['gone.example.com:443'])).toMatchObject({
      rules: [],
      reasons: [
        'gone.example.com:443: gone.example.com is a name outside the cluster, and a NetworkPolicy has no names: not opened; it does not exist or has no addresses',
      ],
    });
  });

  test('are followed from an ExternalName Service, which may also stand for another Service', () => {
    expect(opened(['mail:25'])).toMatchObject({
      blocks: ['192.0.2.25/32 25'],
      reasons: [expect.stringMatching(/^mail:25: Service app\/mail stands for smtp.example.com is a name outside/)],
    });
    const aliases = topologyWith('app', {
      'app/alias': { type: 'ExternalName', externalName: 'DB.data.svc.cluster.local.', ports: [] },
      'app/short': { type: 'ExternalName', externalName: 'db.data', ports: [] },
      'app/loop': { type: 'ExternalName', externalName: 'loop.app.svc.cluster.local', ports: [] },
      'app/self': { type: 'ExternalName', externalName: 'localhost', ports: [] },
      'data/db': {
        type: 'ClusterIP',
        clusterIP: '10.96.0.20',
        selector: { app: 'db' },
        ports: [{ port: 5432, targetPort: 15_432, protocol: 'TCP' }],
      },
    });
    expect(translate(scopeOf(['alias:5432']), [], aliases)).toMatchObject({
      rules: [{ ports: [{ port: 15_432 }] }],
      approximations: [],
    });
    expect(
      outsideHosts(
        scopeOf([
          'alias',
          'short',
          'loop',
          'self',
          'a.example.com',
          '*.example.com',
          '10.0.0.1',
          'absent',
          'absent.x.svc',
        ]),
        aliases,
      ),
    ).toEqual(['a.example.com', 'db.data']);
    expect(translate(scopeOf(['loop:1', 'self:1']), [], aliases)).toMatchObject({
      rules: [],
      approximations: [{ entry: 'loop:1', reason: expect.stringContaining('not found') }],
    });
    expect(servicesOf(scopeOf(['alias', '10.96.0.20', 'loop', 'a.example.com']), aliases)).toEqual([{
      namespace: 'data',
      name: 'db',
    }]);
  });

  test('under OpenPort open their port to every public address, wildcards too', () => {
    const { rules, by, reasons } = opened(['*.example.com:443', 'api.example.com:443', 'web:80'], { mode: 'OpenPort' });
    expect(rules.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([443, 'http']);
    expect(rules[0]?.to.map((peer) => 'ipBlock' in peer && peer.ipBlock.cidr)).toEqual(['0.0.0.0/0', '::/0']);
    expect(by).toEqual(['WildcardOpened', 'PortOpened']);
    expect(reasons[0]).toBe(
      '*.example.com:443: names below example.com cannot be listed: port 443 is open to every public address, as spec.permissions.outsideNames is OpenPort',
    );
  });

  test('under OpenPort and without a port open all TCP ports, and say that one should be given', () => {
    expect(opened(['*.example.com'], { mode: 'OpenPort' })).toMatchObject({
      blocks: ['0.0.0.0/0 1-65535', '::/0 1-65535'],
      reasons: [expect.stringContaining('the entry has no port: give it one')],
    });
  });

  test('under OpenPort wildcards over names inside the cluster open nothing', () => {
    expect(opened(['*.app.svc:80', '*.svc.cluster.local', '*.cluster.local'], { mode: 'OpenPort' })).toMatchObject({
      rules: [],
      by: [undefined, undefined, undefined],
    });
  });

  test('under OpenPort no private address is open, whatever it is and whatever else the scope opens', () => {
    const port = { mode: 'OpenPort', closed: [parseBlock('198.51.100.0/24')!] } as const;
    const denied = withMetadataDenied([], []).map(formatEntry);
    const { rules } = opened(['*.example.com:443', '192.0.2.0/24:443'], port, denied);
    const open = (ip: string) => policyAllows({ egress: rules }, { ip, port: 443, protocol: 'TCP' });
    const byte = fc.integer({ min: 0, max: 255 });
    const privates = fc.oneof(
      fc.tuple(fc.constant(10), byte, byte, byte),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
      fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
      fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), byte, byte),
      fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
      fc.tuple(fc.constantFrom(0, 127, 224, 239, 240, 255), byte, byte, byte),
      fc.constant([198, 51, 100, 7]),
      fc.constant([168, 63, 129, 16]),
    ).map((bytes) => bytes.join('.'));
    fc.assert(fc.property(privates, (ip) => !open(ip) && !open(`64:ff9b::${ip}`)), {
      numRuns: 300,
      examples: [['10.0.0.0'], ['172.31.255.255'], ['100.127.255.255']],
    });
    for (const ip of ['::1', 'fd00:ec2::254', 'fe80::1', 'ff02::1', '64:ff9b:1::a00:1', '2002:a00:1::1']) {
      expect([ip, open(ip)]).toEqual([ip, false]);
    }
    for (
      const ip of [
        '9.255.255.255',
        '11.0.0.0',
        '172.32.0.0',
        '100.128.0.0',
        '203.0.113.7',
        '192.0.2.1',
        '2001:db8::1',
        '64:ff9b::808:808',
      ]
    ) expect([ip, open(ip)]).toEqual([ip, true]);
  });

  test('under Refuse are refused, wildcards too, and Services and addresses are not', () => {
    const { refusals, rules } = opened([
      'api.example.com:443',
      '*.example.com',
      'mail:25',
      'absent.app.svc:1',
      'syslog:514',
      'redis:6379',
      '10.0.0.1',
    ], { mode: 'Refuse' });
    expect(refusals.map(({ entry }) => entry)).toEqual(['*.example.com', 'api.example.com:443', 'mail:25']);
    expect(refusals[1]?.reason).toBe(
      'api.example.com is a name outside the cluster, which spec.permissions.outsideNames: Refuse rules out: name a Service or an address, or choose Resolve or OpenPort',
    );
    expect(rules).toHaveLength(2);
  });
});

test('the Services to read are those a name may mean or an address is of, in the order of their names', () => {
  expect(requiredServices(scopeOf(['10.96.0.12:3306', '10.96.0.99']), topology)).toEqual([{
    namespace: 'app',
    name: 'legacy',
  }]);
  const scope = scopeOf([
    'redis:6379',
    'redis.app',
    'peer-0.peers:1',
    'a.b.c',
    'api.v2.example.com',
    '*.x.y',
    '10.0.0.1',
    'localhost',
    'x.y.svc.cluster.local',
  ]);
  expect(requiredServices(scope, topology).map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
    'app/app',
    'app/peers',
    'app/redis',
    'c/b',
    'peers/peer-0',
    'y/x',
  ]);
});

/** Names outside the cluster and wildcards have tables of their own. */
describe('each kind of entry becomes', () => {
  test.each<readonly [row: string, allow: string[], deny: string[], rules: string[]]>([
    ['no entry: no rule', [], [], []],
    ['a Service by its short name: its pods on the target port', ['redis:6379'], [], [
      'app/app=redis,tier=data -> 16379',
    ]],
    ['a Service by its whole name: the same', ['redis.app.svc.cluster.local:6379'], [], [
      'app/app=redis,tier=data -> 16379',
    ]],
    ['a Service of another namespace: pods of that namespace', ['db.data'], [], ['data/app=db -> 5432']],
    ['a Service with a named target port: the name', ['web:80'], [], ['app/app=web -> http']],
    ['a cluster IP of a Service: the same as its name', ['10.96.0.10:6379'], [], ['app/app=redis,tier=data -> 16379']],
    ['a cluster IP of a Service without a selector: its endpoints', ['10.96.0.12:3306'], [], [
      '192.0.2.7/32, 2001:db8::7/128 -> 13306',
    ]],
    ['a headless Service: its pods on the port as typed', ['peers:7000'], [], ['app/app=peer -> 7000']],
    ['a Service without a selector: its endpoints on their port', ['legacy:3306'], [], [
      '192.0.2.7/32, 2001:db8::7/128 -> 13306',
    ]],
    ['the API server: its endpoints, not the port of its Service', ['kubernetes.default.svc:443'], [], [
      '192.0.2.20/32 -> 6443',
    ]],
    ['an IPv4 address: a block of one', ['192.0.2.1:80'], [], ['192.0.2.1/32 -> 80']],
    ['an IPv6 address: a block of one', ['[2001:db8::1]:80'], [], ['2001:db8::1/128 -> 80']],
    ['an address without a port: all TCP ports', ['192.0.2.1'], [], ['192.0.2.1/32 -> 1-65535']],
    ['a block with host bits: the canonical block', ['10.20.30.40/16:5432'], [], ['10.20.0.0/16 -> 5432']],
    ['a port alone: nothing, for it never leaves the pod', [':8080'], [], []],
    [
      'localhost and every address of the pod itself: nothing',
      ['localhost', '127.0.0.0/8', '0.0.0.0:80', '[::1]', '[::]:80'],
      [],
      [],
    ],
    ['a Unix or VM socket: nothing', ['unix:/run/app.sock', 'vsock:3:80'], [], []],
    ['a denied block within an allowed one: an exception', ['10.20.0.0/16'], ['10.20.1.0/24'], [
      '10.20.0.0/16 -10.20.1.0/24 -> 1-65535',
    ]],
    ['a denied name of a Service: what Deno still grants of it', ['web'], ['web:80'], ['app/app=web -> 8443']],
    ['a denied name of no allowed entry: nothing else', ['192.0.2.1:80'], ['example.com'], ['192.0.2.1/32 -> 80']],
  ])('%s', (_row, allow, deny, rules) => {
    expect(mirror(allow, deny)).toEqual({ rules, reasons: [] });
  });
});
