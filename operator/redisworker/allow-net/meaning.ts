/** What a host name means to a pod: itself, a Service, or a name outside the cluster. */
import { clusterName, findService, isLoopbackName } from './cluster-name.ts';
import type { NameEntry, NetEntry, Scope } from './entry.ts';
import type { ServiceRef, Topology } from './topology.ts';

/** Where a name leads. */
export type Meaning =
  | { readonly kind: 'pod' }
  | { readonly kind: 'service'; readonly ref: ServiceRef }
  /** A name inside the cluster that nothing has; `ref` is the Service it asks for. */
  | { readonly kind: 'missing'; readonly ref: ServiceRef | undefined }
  /** `host` is what DNS is to be asked for; `via` the ExternalName Service that stands for it. */
  | { readonly kind: 'outside'; readonly host: string; readonly via?: ServiceRef };

/** ExternalNames that stand for each other: cluster DNS gives up as well. */
const maxHops = 8;

/** What the name means; ExternalName Services are followed. */
export function meaningOf(host: string, topology: Topology): Meaning {
  if (isLoopbackName(host)) return { kind: 'pod' };
  const ref = findService(host, topology);
  if (ref !== undefined) return followed(ref, topology, maxHops);
  const { candidates, inside } = clusterName(host, topology);
  return inside ? { kind: 'missing', ref: candidates[0] } : { kind: 'outside', host };
}

/** The names outside the cluster that entries of a scope stand for, sorted, each once. */
export function outsideHosts(scope: Scope, topology: Topology): string[] {
  const hosts = scope.filter(isName).flatMap(({ host }) => {
    const meaning = meaningOf(host, topology);
    return meaning.kind === 'outside' ? [meaning.host] : [];
  });
  return [...new Set(hosts)].sort();
}

/** The Services that entries of a scope lead to, by name or by address, each once. */
export function servicesOf(scope: Scope, topology: Topology): ServiceRef[] {
  const refs = scope.flatMap((entry) => {
    if (entry.kind === 'ip') return topology.serviceByClusterIP?.(entry.address) ?? [];
    if (entry.kind !== 'name') return [];
    const meaning = meaningOf(entry.host, topology);
    return meaning.kind === 'service' ? meaning.ref : [];
  });
  return [...new Map(refs.map(({ namespace, name }) => [`${namespace}/${name}`, { namespace, name }])).values()];
}

function isName(entry: NetEntry): entry is NameEntry {
  return entry.kind === 'name';
}

function followed(ref: ServiceRef, topology: Topology, hops: number): Meaning {
  const service = topology.service(ref.namespace, ref.name);
  if (service?.type !== 'ExternalName') return { kind: 'service', ref };
  // An alias is a whole name: no search domain completes it, so only a full name lies inside.
  const host = (service.externalName ?? '').toLowerCase().replace(/\.$/, '');
  if (hops === 0 || host === '') return { kind: 'missing', ref };
  if (isLoopbackName(host)) return { kind: 'pod' };
  const inside = host.endsWith(`.${topology.clusterDomain}`);
  const next = inside ? findService(host, topology) : undefined;
  if (next !== undefined) return followed(next, topology, hops - 1);
  return inside ? { kind: 'missing', ref: clusterName(host, topology).candidates[0] } : { kind: 'outside', host, via: ref };
}
