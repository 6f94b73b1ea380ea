/** A cluster of Services for pure tests: found by name and by address, nothing else. */
import type { EndpointAddresses, Service, Topology } from '../../operator/redisworker/allow-net/topology.ts';

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
  };
}
