/** Random clusters, and random lists of entries that mean something in them. */
import fc from 'fast-check';
import type { EndpointAddresses, Service } from '../../operator/redisworker/network/allow-net/topology.ts';
import type { World, WorldPod } from './net-world.ts';

/** A cluster, and the lists of a worker in it as its author wrote them. */
export interface NetCase {
  readonly world: World;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** The servers of the worker's Redis, outside the cluster: its policy opens them as it opens the cluster's DNS. */
  readonly redis: readonly Dial[];
  /** True when Deno gets the lists as written instead of our canonical form of them. */
  readonly asWritten: boolean;
  /** What becomes of names outside the cluster; `Unresolved` is `Resolve` before DNS has answered. */
  readonly outsideNames: 'Unresolved' | 'Resolve' | 'OpenPort';
}

/** A host and port a program may dial. */
export interface Dial {
  readonly host: string;
  readonly port: number;
}

const serviceNames = ['web', 'db', 'api', 'old'];
const namespaces = ['app', 'data', 'db'];
const podNames = ['pod-0', 'pod-1', 'web', 'api', 'db', 'db-0'];
const outsideNames = [
  'api.example.com',
  'www.api.example.com',
  'example.com',
  'web.db',
  'a.b',
  'x.a.b',
  'y.x.a.b',
  'xa.b',
  'db.data',
];
const aliases = [
  ...outsideNames,
  'web.app.svc.cluster.local',
  'Db.data.svc.cluster.local.',
  'pod-0.db.data.svc.cluster.local',
  'old.db.svc.cluster.local',
  'absent.svc.cluster.local',
  'localhost',
];
const portPool = [80, 443, 8080, 1, 65_535];

/** What a dial and a packet are tried on: every port of a list or a Service, and its neighbours. */
export const ports: readonly number[] = [1, 2, 53, 79, 80, 81, 443, 444, 6379, 8080, 8081, 65_534, 65_535];

const label = fc.record({ app: fc.constantFrom('web', 'db'), tier: fc.constantFrom('front', 'back') });
const selector = fc.oneof(
  label,
  fc.record({ app: fc.constantFrom('web', 'db') }),
  fc.record({ tier: fc.constantFrom('front', 'back') }),
);
const targetPort = fc.oneof(fc.constantFrom<number | string>(...ports.slice(2)), fc.constantFrom('http', 'admin'));
const servicePort = fc.record({
  port: fc.constantFrom(...portPool),
  targetPort,
  protocol: fc.constantFrom('TCP', 'TCP', 'TCP', 'UDP'),
});
const servicePorts = fc.uniqueArray(servicePort, {
  maxLength: 3,
  selector: ({ port, protocol }) => `${port}/${protocol}`,
})
  .map((list) => list.map((port, index) => ({ ...port, name: `p${index}` })));

/** Addresses of a cluster of one family. */
interface Plan {
  readonly pod: (index: number) => string;
  readonly service: (index: number) => string;
  readonly endpoints: readonly string[];
}
const plans: readonly Plan[] = [
  {
    pod: (index) => `10.244.0.${index + 1}`,
    service: (index) => `10.96.0.${index + 1}`,
    endpoints: ['192.0.2.1', '192.0.2.2', '198.51.100.1'],
  },
  {
    pod: (index) => `fd00:244::${(index + 1).toString(16)}`,
    service: (index) => `fd00:96::${(index + 1).toString(16)}`,
    endpoints: ['2001:db8::1', '2001:db8::2', 'fd00:ec2::254'],
  },
];

const plan = fc.oneof({ arbitrary: fc.constant(plans[0]!), weight: 4 }, {
  arbitrary: fc.constant(plans[1]!),
  weight: 1,
});

function podsIn(network: Plan): fc.Arbitrary<WorldPod[]> {
  const pod = fc.record({
    name: fc.constantFrom(...podNames),
    namespace: fc.constantFrom(...namespaces),
    labels: label,
    namedPorts: fc.constantFrom<Record<string, number>>({ http: 8080 }, { http: 80, admin: 8081 }, {}),
  });
  const dns: WorldPod = {
    name: 'dns',
    namespace: 'kube-system',
    ip: network.pod(99),
    labels: { 'k8s-app': 'kube-dns' },
    namedPorts: {},
  };
  return fc.uniqueArray(pod, { minLength: 2, maxLength: 7, selector: ({ name, namespace }) => `${namespace}/${name}` })
    .map((list) => [...list.map((one, index) => ({ ...one, ip: network.pod(index) })), dns]);
}

function serviceIn(network: Plan, index: number): fc.Arbitrary<{ service: Service; endpoints?: EndpointAddresses }> {
  const clusterIP = network.service(index);
  const endpoints = fc.record({
    addresses: fc.subarray([...network.endpoints]),
    ports: servicePorts.map((list) => list.map(({ name, port, protocol }) => ({ name, port, protocol }))),
  });
  return fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constantFrom('ClusterIP', 'NodePort'),
        clusterIP: fc.constant(clusterIP),
        selector,
        ports: servicePorts,
      }).map((service) => ({ service })),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('ClusterIP'),
        clusterIP: fc.constant('None'),
        selector,
        ports: servicePorts,
      }).map((service) => ({ service })),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        service: fc.record({
          type: fc.constant('ClusterIP'),
          clusterIP: fc.constantFrom(clusterIP, 'None'),
          ports: servicePorts,
        }),
        endpoints,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(...aliases).map((externalName) => ({
        service: { type: 'ExternalName', externalName, ports: [] },
      })),
    },
  );
}

/** What names outside resolve to. Some share addresses, and some lead to pods, Services, nodes or the pod itself. */
const publicAnswers = [
  '203.0.113.1',
  '203.0.113.2',
  '203.0.113.3',
  '192.0.2.1',
  '198.51.100.9',
  '2001:db8:1::1',
  '2001:db8:1::2',
];
const privateAnswers = [
  '10.244.0.1',
  '10.96.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '127.0.0.1',
  'fd00:244::1',
  'fd00:96::1',
  '64:ff9b::a00:1',
  '100.64.0.1',
];
const answers = fc.oneof(
  { weight: 1, arbitrary: fc.constant([]) },
  {
    weight: 8,
    arbitrary: fc.tuple(
      fc.subarray(publicAnswers, { maxLength: 3 }),
      fc.oneof(fc.constant([]), fc.subarray(privateAnswers, { maxLength: 3 })),
    ).map((both) => both.flat()),
  },
);

const world: fc.Arbitrary<World> = plan.chain((network) => {
  const keys = namespaces.flatMap((namespace) => serviceNames.map((name) => `${namespace}/${name}`));
  const every = fc.tuple(
    ...keys.map((key, index) => fc.option(serviceIn(network, index), { freq: 2 }).map((one) => [key, one] as const)),
  );
  const outside = fc.tuple(...outsideNames.map((name) => answers.map((list) => [name, list] as const)));
  const closed = fc.constantFrom([], ['198.51.100.0/24']);
  return fc.record({ pods: podsIn(network), entries: every, outside, closed }).map(({ pods, entries, ...beyond }) => {
    const present = entries.flatMap(([key, one]) => (one === null ? [] : [[key, one] as const]));
    const isService = (name: string): boolean => present.some(([key]) => key.split('/').reverse().join('.') === name);
    return {
      pods,
      services: Object.fromEntries(present.map(([key, { service }]) => [key, service])),
      endpoints: Object.fromEntries(present.flatMap(([key, { endpoints }]) => (endpoints ? [[key, [endpoints]]] : []))),
      outside: Object.fromEntries(beyond.outside.filter(([name]) => !isService(name))),
      closed: beyond.closed,
    };
  });
});

const spellings = (
  namespace: string,
  name: string,
): string[] => [
  ...(namespace === 'app' ? [name] : []),
  `${name}.${namespace}`,
  `${name}.${namespace}.svc`,
  `${name}.${namespace}.svc.cluster.local`,
];
const serviceHosts = namespaces.flatMap((namespace) => serviceNames.flatMap((name) => spellings(namespace, name)));
const podHosts = namespaces.flatMap((namespace) =>
  ['db', 'web'].flatMap((name) => podNames.flatMap((pod) => spellings(namespace, name).map((host) => `${pod}.${host}`)))
);
const otherHosts = [
  ...outsideNames,
  'absent',
  'absent.data.svc',
  'a.b.c.d.e.f',
  'localhost',
  'app.localhost',
  '10-244-0-1.app.pod.cluster.local',
];
const addresses = [
  '203.0.113.2',
  '198.51.100.9',
  '192.168.1.1',
  '[2001:db8:1::1]',
  '[64:ff9b::a00:1]',
  '10.244.0.1',
  '10.244.0.2',
  '10.244.0.3',
  '10.244.0.100',
  '10.96.0.1',
  '10.96.0.2',
  '10.96.0.9',
  '192.0.2.1',
  '192.0.2.2',
  '198.51.100.1',
  '203.0.113.1',
  '169.254.169.254',
  '127.0.0.1',
  '0.0.0.0',
  '255.255.255.255',
  '[fd00:244::1]',
  '[fd00:244::2]',
  '[fd00:96::1]',
  '[2001:db8::1]',
  '[2001:db8::2]',
  '[::1]',
  '[::]',
  '[2001:DB8:0::1]',
  '[::ffff:10.244.0.1]',
  '[::ffff:c000:201]',
];
const wildcards = ['*.app.svc', '*.web.app', '*.cluster.local', '*.a.b', '*.x.a.b', '*.example.com', '*.db.data'];
const nearby = fc.tuple(
  fc.constantFrom('10.244.0.', '10.96.0.', '192.0.2.', '203.0.113.'),
  fc.nat(255),
  fc.integer({ min: 24, max: 32 }),
).map(([start, last, prefix]) => `${start}${last}/${prefix}`);
const blocks = fc.oneof(
  nearby,
  fc.constantFrom(
    '10.0.0.0/8',
    '10.1.2.3/8',
    '10.96.0.0/16',
    '10.244.7.7/16',
    '0.0.0.0/0',
    '9.8.7.6/0',
    '128.0.0.0/1',
    '169.254.0.0/16',
    '127.0.0.0/8',
    '255.255.255.255/32',
  ),
);
const spelled = (host: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(host, fc.constantFrom('', '', '', 'upper', 'dot')).map((
    [text, way],
  ) => (way === 'upper' ? text.toUpperCase() : way === 'dot' ? `${text}.` : text));

const hosts = fc.oneof(
  { weight: 6, arbitrary: spelled(fc.constantFrom(...serviceHosts)) },
  { weight: 2, arbitrary: spelled(fc.constantFrom(...podHosts)) },
  { weight: 2, arbitrary: spelled(fc.constantFrom(...otherHosts)) },
  { weight: 3, arbitrary: fc.constantFrom(...addresses) },
  { weight: 3, arbitrary: blocks },
  { weight: 1, arbitrary: spelled(fc.constantFrom(...wildcards)) },
);
const entry = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.tuple(hosts, fc.option(fc.constantFrom(...portPool))).map((
      [host, port],
    ) => (port === null ? host : `${host}:${port}`)),
  },
  { weight: 1, arbitrary: fc.constantFrom(':80', ':8080', 'unix:/run/app.sock', 'vsock:3:80', 'vsock:-1:1024') },
);

const redisServer = fc.record({
  host: fc.constantFrom('198.18.0.1', '198.18.0.2', '198.18.0.3', '[2001:db8:18::1]'),
  port: fc.constantFrom(6379, 8080),
});

/** Which allowed entry a denial is aimed at, where in it, and on which port. */
const aim = fc.record({ entry: fc.nat(), host: fc.nat(), port: fc.option(fc.constantFrom(...portPool)) });

/** Cases as they come, half of the denials within what is allowed; the same seed gives the same ones. */
export const netCase: fc.Arbitrary<NetCase> = fc.record({
  world,
  allow: fc.array(entry, { minLength: 1, maxLength: 6 }),
  deny: fc.array(entry, { maxLength: 2 }),
  aims: fc.array(aim, { maxLength: 2 }),
  redis: fc.array(redisServer, { minLength: 1, maxLength: 4 }),
  asWritten: fc.boolean(),
  outsideNames: fc.constantFrom('Unresolved', 'Resolve', 'Resolve', 'OpenPort'),
}).map(({ aims, ...given }) => ({
  ...given,
  deny: [...given.deny, ...aims.flatMap((one) => aimedAt(given.allow, one))],
}));

function aimedAt(
  allow: readonly string[],
  { entry: index, host, port }: { entry: number; host: number; port: number | null },
): string[] {
  const within = hostsIn(allow[index % allow.length] ?? '');
  const text = within[host % within.length];
  return text === undefined ? [] : [port === null ? text : `${text}:${port}`];
}

/** Every dial worth trying in a case: each name and address of the world in each spelling, and the edges of every block. */
export function dialsOf({ world: { pods, services, endpoints, outside }, allow, deny, redis }: NetCase): Dial[] {
  const own = Object.entries(services).flatMap(([key, { clusterIP = '' }]) => {
    const [namespace = '', name = ''] = key.split('/');
    const names = spellings(namespace, name);
    return [
      ...names,
      ...(clusterIP === 'None'
        ? pods.flatMap((pod) => names.map((host) => `${pod.name}.${host}`))
        : [bracketed(clusterIP)]),
    ];
  });
  const behind = [
    ...pods.map(({ ip }) => ip),
    ...Object.values(endpoints).flat().flatMap((slice) => slice.addresses),
    ...Object.values(outside).flat(),
  ];
  const literals = [...behind.map(bracketed), ...addresses];
  const written = [...allow, ...deny].flatMap(hostsIn);
  const all = new Set([
    ...own,
    'WEB',
    'web.',
    'Web.Data',
    ...otherHosts,
    ...literals,
    ...written,
    ...redis.map(({ host }) => host),
  ]);
  return [...all].filter((host) => host !== '').flatMap((host) => ports.map((port) => ({ host, port })));
}

/** The host of an entry; of a block its edges and what lies beside them; of a wildcard names at several depths. */
function hostsIn(text: string): string[] {
  const host = text.replace(/:\d+$/, '');
  if (/^(unix|vsock):|^$/.test(text) || host === '') return [];
  if (host.startsWith('*.')) return [host.slice(2), `q${host.slice(1)}`, `r.q${host.slice(1)}`, `q${host.slice(2)}`];
  const block = /^([\d.]+)\/(\d+)$/.exec(host);
  return block === null ? [host] : edges(block[1] ?? '', Number(block[2]));
}

function edges(address: string, prefix: number): string[] {
  const size = 2 ** (32 - prefix);
  const value = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const first = Math.floor(value / size) * size;
  return [first - 1, first, first + size - 1, first + size].filter((one) => one >= 0 && one < 2 ** 32)
    .map((one) => [24, 16, 8, 0].map((shift) => Math.floor(one / 2 ** shift) % 256).join('.'));
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
