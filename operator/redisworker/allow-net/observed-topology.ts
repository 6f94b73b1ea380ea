/** A topology from Services and EndpointSlices as the API server gives them. */
import { z } from 'zod';
import type { KubeObject } from '../../cluster/cluster.ts';
import { formatAddress, parseAddress } from './address.ts';
import type { EndpointAddresses, Service, ServiceRef, Topology } from './topology.ts';

const protocol = z.string().default('TCP');

const serviceSpec = z.object({
  type: z.string().default('ClusterIP'),
  selector: z.record(z.string(), z.string()).optional(),
  clusterIP: z.string().optional(),
  clusterIPs: z.array(z.string()).default([]),
  externalName: z.string().optional(),
  ports: z.array(z.object({
    name: z.string().optional(),
    port: z.number(),
    targetPort: z.union([z.number(), z.string()]).optional(),
    protocol,
  })).default([]),
});

const slice = z.object({
  endpoints: z.array(z.object({ addresses: z.array(z.string()), conditions: z.object({ ready: z.boolean().optional() }).optional() })).nullish(),
  ports: z.array(z.object({ name: z.string().optional(), port: z.number().optional(), protocol })).nullish(),
});

/** The objects around a worker: those that {@link requiredServices} names, or more. */
export interface ObservedServices {
  readonly namespace: string;
  readonly clusterDomain: string;
  readonly services: readonly KubeObject[];
  readonly endpointSlices: readonly KubeObject[];
}

/**
 * Indexes the objects once.
 * @throws ZodError when an object is no Service or EndpointSlice
 */
export function observedTopology({ namespace, clusterDomain, services, endpointSlices }: ObservedServices): Topology {
  const byName = new Map<string, Service>();
  const byAddress = new Map<string, ServiceRef>();
  for (const object of services) {
    const ref = { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
    const spec = serviceSpec.parse(object.spec ?? {});
    byName.set(keyOf(ref.namespace, ref.name), serviceOf(spec));
    for (const address of [spec.clusterIP ?? '', ...spec.clusterIPs].flatMap((text) => parseAddress(text) ?? [])) byAddress.set(formatAddress(address), ref);
  }
  const slices = Map.groupBy(endpointSlices, ({ metadata }) => keyOf(metadata.namespace ?? '', metadata.labels?.['kubernetes.io/service-name'] ?? ''));
  return {
    namespace,
    clusterDomain,
    service: (inside, name) => byName.get(keyOf(inside, name)),
    addresses: (inside, name) => (slices.get(keyOf(inside, name)) ?? []).map(endpointsOf),
    serviceByClusterIP: (address) => byAddress.get(address),
  };
}

function serviceOf({ type, selector, clusterIP, externalName, ports }: z.infer<typeof serviceSpec>): Service {
  return {
    type,
    ports: ports.map(({ name, port, targetPort, protocol }) => ({ port, targetPort: targetPort ?? port, protocol, ...(name === undefined ? {} : { name }) })),
    ...(selector === undefined ? {} : { selector }),
    ...(clusterIP === undefined ? {} : { clusterIP }),
    ...(externalName === undefined ? {} : { externalName }),
  };
}

/** Endpoints that are not ready get no traffic; a slice without ports says nothing about them. */
function endpointsOf(object: KubeObject): EndpointAddresses {
  const { endpoints, ports } = slice.parse(object);
  return {
    addresses: (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false).flatMap(({ addresses }) => addresses),
    ports: (ports ?? []).flatMap(({ name, port, protocol }) => (port === undefined ? [] : [{ port, protocol, ...(name === undefined ? {} : { name }) }])),
  };
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
