/** The cluster as an allow-net scope needs to see it, out of the live copies. */
import type { Followed, KubeObject } from '../../cluster/cluster.ts';
import { formatAddress, isIn, parseAddress } from '../network/allow-net/address.ts';
import type { EndpointAddresses, Service, Topology } from '../network/allow-net/topology.ts';
import type { Resolved } from './problem.ts';

/** Domain of in-cluster names; the one every common distribution uses. */
export const clusterDomain = 'cluster.local';

/** What lies behind Services without a selector, read before: `namespace/name` to slices, or why they cannot be read. */
export type SliceAddresses = ReadonlyMap<string, Resolved<readonly EndpointAddresses[]>>;

/** The topology seen from a namespace. */
export function topologyOf(
  namespace: string,
  { services }: { readonly services: Pick<Followed, 'get' | 'list'> },
  slices: SliceAddresses,
): Topology {
  return {
    namespace,
    clusterDomain,
    service: (inNamespace, name) => serviceView(services.get({ namespace: inNamespace, name })),
    addresses: (inNamespace, name) => {
      const found = slices.get(`${inNamespace}/${name}`);
      return found?.ok ? found.value : [];
    },
    addressesProblem: (inNamespace, name) => {
      const found = slices.get(`${inNamespace}/${name}`);
      return found?.ok === false ? found.problem.message : undefined;
    },
    serviceByClusterIP: (address) => {
      const found = services.list().find((service) => clusterIPs(service).includes(address));
      return found && { namespace: found.metadata.namespace ?? namespace, name: found.metadata.name };
    },
    holdsService: (cidr) =>
      services.list().some((service) => clusterIPs(service).some((address) => isIn(cidr, address))),
  };
}

/** Addresses and ports of an EndpointSlice; endpoints known to be unready are left out. */
export function sliceAddresses(slice: KubeObject): EndpointAddresses {
  const { endpoints, ports } = slice as unknown as WireSlice;
  return {
    addresses: (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false).flatMap(({ addresses }) =>
      addresses
    ),
    ports: (ports ?? []).filter(({ port }) => port !== undefined).map(({ name, port, protocol }) => ({
      ...(name ? { name } : {}),
      port: port ?? 0,
      protocol: protocol ?? 'TCP',
    })),
  };
}

interface WireService {
  readonly type?: string;
  readonly selector?: Record<string, string>;
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly externalName?: string;
  readonly ports?: readonly { name?: string; port: number; targetPort?: number | string; protocol?: string }[];
}

interface WireSlice {
  readonly endpoints?: readonly { addresses: string[]; conditions?: { ready?: boolean } }[];
  readonly ports?: readonly { name?: string; port?: number; protocol?: string }[];
}

/** All addresses of a Service, both families, in the text a canonical scope has. */
export function clusterIPs({ spec }: KubeObject): string[] {
  const { clusterIP, clusterIPs: all } = (spec ?? {}) as WireService;
  return [...(all ?? []), ...(clusterIP ? [clusterIP] : [])].filter((text) => text !== 'None').map((text) => {
    const block = parseAddress(text);
    return block ? formatAddress(block) : text;
  });
}

function serviceView(object: KubeObject | undefined): Service | undefined {
  if (!object) return undefined;
  const { type, selector, clusterIP, externalName, ports } = (object.spec ?? {}) as WireService;
  return {
    type: type ?? 'ClusterIP',
    ...(selector && Object.keys(selector).length > 0 ? { selector } : {}),
    ...(clusterIP ? { clusterIP } : {}),
    ...(externalName ? { externalName } : {}),
    ports: (ports ?? []).map(({ name, port, targetPort, protocol }) => ({
      ...(name ? { name } : {}),
      port,
      targetPort: targetPort ?? port,
      protocol: protocol ?? 'TCP',
    })),
  };
}
