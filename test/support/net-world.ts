/**
 * A cluster on paper: what a name resolves to inside a pod and where a connection ends. It is modelled on
 * resolv.conf, the DNS specification of Kubernetes and Service load balancing, and shares no code with the
 * translation it checks.
 */
import { BlockList, isIPv4 } from 'node:net';
import type { EndpointAddresses, Service, Topology } from '../../operator/redisworker/network/allow-net/topology.ts';
import type { Target, TargetPod } from './policy-allows.ts';
import { topologyWith } from './topology.ts';

/** A pod with one address. */
export interface WorldPod {
  readonly name: string;
  readonly namespace: string;
  /** Canonical text. */
  readonly ip: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly namedPorts: Readonly<Record<string, number>>;
}

/** Services and endpoints by `namespace/name`, addresses of outside names by name; addresses in canonical text. */
export interface World {
  readonly pods: readonly WorldPod[];
  readonly services: Readonly<Record<string, Service>>;
  readonly endpoints: Readonly<Record<string, readonly EndpointAddresses[]>>;
  readonly outside: Readonly<Record<string, readonly string[]>>;
  /** Blocks that belong to the cluster although their addresses are public: those of its nodes, say. */
  readonly closed: readonly string[];
}

/** The namespace the worker is in. */
export const home = 'app';

/** One way a dial can go: an address it may go to first, and the packets that may leave for it. */
export interface Way {
  readonly address: string;
  readonly packets: readonly Target[];
}

/** The labels the API server gives a namespace. */
export function namespaceLabels(namespace: string): Record<string, string> {
  return { 'kubernetes.io/metadata.name': namespace };
}

/** A packet to an address and TCP port. */
export function packetTo(world: World, ip: string, port: number): Target {
  const pod = world.pods.find((one) => one.ip === ip);
  return { ip, port, protocol: 'TCP', ...(pod ? { pod: targetPod(pod) } : {}) };
}

/** What the translation is told of the world; names outside the cluster have addresses for it where they are resolved. */
export function topologyOf(world: World, { resolved }: { readonly resolved: boolean }): Topology {
  return {
    ...topologyWith(home, world.services, world.endpoints),
    outsideAddresses: (host) => (resolved ? world.outside[host] ?? [] : []),
  };
}

/** Everything a connection of a worker to `host:port` may do. Ways that stay in the pod have no packets. */
export function waysOf(world: World, host: string, port: number): Way[] {
  return addressesOf(world, host).map((address) => ({
    address,
    packets: isLocal(address) ? [] : deliver(world, address, port),
  }));
}

/** The addresses a pod's resolver gives for a name as written, or the address itself, in canonical text. */
export function addressesOf(world: World, written: string): readonly string[] {
  const host = written.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (isAddress(host)) return [canonical(host)];
  if (/(^|\.)localhost\.?$/.test(host)) return ['127.0.0.1', '::1'];
  if (host.endsWith('.')) return lookup(world, host.slice(0, -1));
  const searched = [`${home}.svc.cluster.local`, 'svc.cluster.local', 'cluster.local'].map((domain) =>
    `${host}.${domain}`
  );
  const order = host.split('.').length > 5 ? [host, ...searched] : [...searched, host];
  return order.map((name) => lookup(world, name)).find((addresses) => addresses.length > 0) ?? [];
}

/** The answer of the cluster's DNS to one absolute name. */
function lookup(world: World, name: string, hops = 9): readonly string[] {
  const [, inside, kind] = /^(.+)\.(svc|pod)\.cluster\.local$/.exec(name) ?? [];
  if (inside === undefined) return world.outside[name] ?? [];
  const [namespace = '', first = '', hostname, ...more] = inside.split('.').reverse();
  if (more.length > 0) return [];
  if (kind === 'svc') return lookupService(world, { namespace, name: first, hostname }, hops);
  return world.pods.filter((pod) => hostname === undefined && dashed(pod.ip) === first && pod.namespace === namespace)
    .map(({ ip }) => ip);
}

/** A Service has records of its own; only a headless one with a selector has some of its pods. */
function lookupService(
  world: World,
  { namespace, name, hostname }: { namespace: string; name: string; hostname: string | undefined },
  hops: number,
): readonly string[] {
  const key = `${namespace}/${name}`;
  const service = world.services[key];
  if (service === undefined) return [];
  if (service.clusterIP === 'None' && hasSelector(service)) {
    return podsOf(world, namespace, service).filter((pod) => hostname === undefined || pod.name === hostname).map((
      { ip },
    ) => ip);
  }
  if (hostname !== undefined) return [];
  if (service.type === 'ExternalName') {
    return hops === 0 ? [] : lookup(world, (service.externalName ?? '').toLowerCase().replace(/\.$/, ''), hops - 1);
  }
  if (service.clusterIP === 'None') return (world.endpoints[key] ?? []).flatMap(({ addresses }) => addresses);
  return service.clusterIP === undefined ? [] : [service.clusterIP];
}

/** Where a packet to an address ends once the Service behind the address has been put in its place. */
function deliver(world: World, address: string, port: number): Target[] {
  const [key, service] = Object.entries(world.services).find(([, { clusterIP }]) => clusterIP === address) ?? [];
  if (key === undefined || service === undefined) return [packetTo(world, address, port)];
  const ports = service.ports.filter((one) => one.port === port && one.protocol === 'TCP');
  return ports.flatMap(({ name, targetPort }) => {
    if (hasSelector(service)) {
      return podsOf(world, key.split('/')[0] ?? '', service).flatMap((pod) => toPod(world, pod, targetPort));
    }
    const slices = world.endpoints[key] ?? [];
    return slices.flatMap((slice) =>
      slice.ports
        .filter((one) => one.protocol === 'TCP' && (one.name ?? '') === (name ?? ''))
        .flatMap((one) => slice.addresses.map((ip) => packetTo(world, ip, one.port)))
    );
  });
}

function toPod(world: World, pod: WorldPod, targetPort: number | string): Target[] {
  const number = typeof targetPort === 'number' ? targetPort : pod.namedPorts[targetPort];
  return number === undefined ? [] : [packetTo(world, pod.ip, number)];
}

function podsOf(world: World, namespace: string, { selector = {} }: Service): WorldPod[] {
  return world.pods.filter((pod) =>
    pod.namespace === namespace && Object.entries(selector).every(([key, value]) => pod.labels[key] === value)
  );
}

function hasSelector({ selector = {} }: Service): boolean {
  return Object.keys(selector).length > 0;
}

function targetPod({ namespace, labels, namedPorts }: WorldPod): TargetPod {
  return { labels, namedPorts, namespaceLabels: namespaceLabels(namespace) };
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/** By the URL standard, which gives IPv6 the text of RFC 5952; an IPv4 address inside IPv6 becomes IPv4. */
function canonical(address: string): string {
  if (!address.includes(':')) return address;
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(text);
  if (mapped === null) return text;
  return [mapped[1], mapped[2]].map((group) => parseInt(group ?? '', 16)).flatMap((group) => [group >> 8, group & 255])
    .join('.');
}

/** True for addresses that never leave the pod. */
export function isLocal(address: string): boolean {
  return /^127\.|^0\.0\.0\.0$|^::1?$/.test(address);
}

/** What no name outside may lead to, by the registries of special-purpose addresses, with IPv4's own behind NAT64. */
const reserved = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/3',
  '::/96',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
  '64:ff9b::a00:0/104',
  '64:ff9b::7f00:0/104',
  '64:ff9b::a9fe:0/112',
  '64:ff9b::c0a8:0/112',
];

/** True for an address that is the whole world's to reach and none of the cluster's own. */
export function isPublic({ closed }: World, address: string): boolean {
  const list = new BlockList();
  for (const block of [...reserved, ...closed]) {
    const [first = '', prefix] = block.split('/');
    list.addSubnet(first, Number(prefix), familyOf(first));
  }
  return !list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}

function dashed(ip: string): string {
  return ip.replace(/[.:]/g, '-');
}
