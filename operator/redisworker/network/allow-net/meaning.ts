/** What a host name means to a pod: itself, a Service, or a name outside the cluster. */
import { type Candidate, clusterName, findServices, isLoopbackName } from './cluster-name.ts';
import type { NameEntry, NetEntry, Scope } from './entry.ts';
import type { Service, ServiceRef, Topology } from './topology.ts';

/** Where a name leads. */
export type Meaning =
  | { readonly kind: 'pod' }
  /** `ofPod` when the name is that of one pod behind the Service, which is headless. */
  | { readonly kind: 'service'; readonly ref: ServiceRef; readonly ofPod: boolean }
  /** A name inside the cluster that nothing has; `ref` is the Service it asks for. */
  | { readonly kind: 'missing'; readonly ref: ServiceRef | undefined }
  /** `host` is what DNS is to be asked for; `via` the ExternalName Service that stands for it. */
  | { readonly kind: 'outside'; readonly host: string; readonly via?: ServiceRef };

/** ExternalNames that stand for each other: cluster DNS gives up as well. */
const maxHops = 8;

/**
 * Everything the name may mean, in the order a pod's resolver finds it; ExternalName Services are followed.
 * More than one only where the first needs a pod of this name, which may not be there.
 */
export function meaningsOf(host: string, topology: Topology): Meaning[] {
  if (isLoopbackName(host)) return [{ kind: 'pod' }];
  const found = findServices(host, topology);
  if (found.length > 0) return found.map((candidate) => followed(candidate, topology, maxHops));
  const { candidates, inside } = clusterName(host, topology);
  return [inside ? { kind: 'missing', ref: candidates[0] } : { kind: 'outside', host }];
}

/** The names outside the cluster that entries of a scope stand for, sorted, each once. */
export function outsideHosts(scope: Scope, topology: Topology): string[] {
  const hosts = scope.filter(isName).flatMap(({ host }) =>
    meaningsOf(host, topology).flatMap((meaning) => (meaning.kind === 'outside' ? meaning.host : []))
  );
  return [...new Set(hosts)].sort();
}

/** The Services that entries of a scope lead to, by name or by address, each once. */
export function servicesOf(scope: Scope, topology: Topology): ServiceRef[] {
  const refs = scope.flatMap((entry) => {
    if (entry.kind === 'ip') return topology.serviceByClusterIP?.(entry.address) ?? [];
    if (entry.kind !== 'name') return [];
    return meaningsOf(entry.host, topology).flatMap((meaning) => (meaning.kind === 'service' ? meaning.ref : []));
  });
  return unique(refs);
}

/** All Services a scope's translation asks for, found or not, with those that lie between an alias and what it stands for. */
export function requiredServices(scope: Scope, topology: Topology): ServiceRef[] {
  const refs = scope.flatMap((entry): readonly ServiceRef[] => {
    if (entry.kind === 'ip') return [topology.serviceByClusterIP?.(entry.address) ?? []].flat();
    if (entry.kind !== 'name' || isLoopbackName(entry.host)) return [];
    return clusterName(entry.host, topology).candidates.flatMap((candidate) =>
      aliasChain(candidate, topology, maxHops)
    );
  });
  return unique(refs).sort((one, other) => (textOf(one) < textOf(other) ? -1 : 1));
}

function isName(entry: NetEntry): entry is NameEntry {
  return entry.kind === 'name';
}

function followed({ namespace, name, ofPod }: Candidate, topology: Topology, hops: number): Meaning {
  const ref = { namespace, name };
  const service = topology.service(namespace, name);
  if (service?.type !== 'ExternalName') return { kind: 'service', ref, ofPod };
  const host = aliasHost(service);
  if (hops === 0 || host === '') return { kind: 'missing', ref };
  if (isLoopbackName(host)) return { kind: 'pod' };
  if (!liesInside(host, topology)) return { kind: 'outside', host, via: ref };
  const [next] = findServices(host, topology);
  return next === undefined
    ? { kind: 'missing', ref: clusterName(host, topology).candidates[0] }
    : followed(next, topology, hops - 1);
}

function aliasChain(ref: ServiceRef, topology: Topology, hops: number): ServiceRef[] {
  const service = topology.service(ref.namespace, ref.name);
  const host = service?.type === 'ExternalName' ? aliasHost(service) : '';
  if (hops === 0 || !liesInside(host, topology)) return [ref];
  return [ref, ...clusterName(host, topology).candidates.flatMap((next) => aliasChain(next, topology, hops - 1))];
}

function aliasHost({ externalName = '' }: Service): string {
  return externalName.toLowerCase().replace(/\.$/, '');
}

/** An alias is a whole name: no search domain completes it, so only a full name lies inside. */
function liesInside(host: string, { clusterDomain }: Topology): boolean {
  return host.endsWith(`.${clusterDomain}`);
}

function unique(refs: readonly ServiceRef[]): ServiceRef[] {
  return [...new Map(refs.map(({ namespace, name }) => [textOf({ namespace, name }), { namespace, name }])).values()];
}

function textOf({ namespace, name }: ServiceRef): string {
  return `${namespace}/${name}`;
}
