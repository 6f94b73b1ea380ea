/** A cluster of Services for pure tests: found by name and by address, nothing else. */
import { BlockList, isIPv4 } from 'node:net';
import type { EndpointAddresses, Service, Topology } from '../../operator/redisworker/network/allow-net/topology.ts';

/** @param services by `namespace/name` */
export function topologyWith(
  namespace: string,
  services: Readonly<Record<string, Service>>,
  endpoints: Readonly<Record<string, readonly EndpointAddresses[]>> = {},
): Topology {
  return {
    namespace,
    clusterDomain: 'cluster.local',
    service: (ns, name) => services[`${ns}/${name}`],
    addresses: (ns, name) => endpoints[`${ns}/${name}`] ?? [],
    serviceByClusterIP: (address) => {
      const [key] = Object.entries(services).find(([, service]) => service.clusterIP === address) ?? [];
      if (key === undefined) return undefined;
      const [ns = '', name = ''] = key.split('/');
      return { namespace: ns, name };
    },
    holdsService: (cidr) => Object.values(services).some(({ clusterIP = '' }) => isIn(cidr, clusterIP)),
  };
}

/** By Node's own reading of blocks. */
function isIn(cidr: string, address: string): boolean {
  const [first = '', prefix] = cidr.split('/');
  const block = new BlockList();
  block.addSubnet(first, Number(prefix), isIPv4(first) ? 'ipv4' : 'ipv6');
  return isIPv4(address) === isIPv4(first) && address !== 'None' && address !== '' &&
    block.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
