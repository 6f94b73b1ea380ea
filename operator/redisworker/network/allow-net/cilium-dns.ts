/** Which names a pod under a Cilium policy may ask DNS for: those of its scope, and what the resolver makes of them. */
import { isLoopbackName } from './cluster-name.ts';
import type { FqdnSelector } from './cilium-egress.ts';
import { unique } from './egress.ts';
import type { Scope, WildcardEntry } from './entry.ts';
import type { Topology } from './topology.ts';

/** The longest name DNS can hold. */
const maxName = 253;

/** Where names lie and how they are completed. */
export interface NameSpace extends Pick<Topology, 'namespace' | 'clusterDomain'> {
  /** Search domains of the nodes, which the kubelet adds to those of the cluster. */
  readonly searchDomains: readonly string[];
}

/**
 * The names and wildcards of a scope, each also as the resolver completes it: a pod's resolv.conf has the
 * option ndots:5, so a name of fewer dots is first asked for below every search domain, and a refusal
 * there ends the search.
 */
export function askedNames(scope: Scope, space: NameSpace): FqdnSelector[] {
  const endings = ['', ...searchList(space).map((domain) => `.${domain}`)];
  return unique(scope.flatMap((entry) => {
    if (entry.kind === 'name' && !isLoopbackName(entry.host)) {
      return endings.flatMap((ending) => named(`${entry.host}${ending}`));
    }
    if (entry.kind === 'wildcard' && !isInsideWildcard(entry, space)) {
      return endings.flatMap((ending) => wildcardNames(`${entry.suffix}${ending}`));
    }
    return [];
  }));
}

/** `*.suffix` as Deno means it: the suffix itself and every name below it. Before Cilium 1.19 `**.` was one label, as `*.` is. */
function wildcardNames(suffix: string): FqdnSelector[] {
  return [...named(suffix), ...namesBelow(suffix)];
}

/** Every name below a suffix; none when there is no room for another label. */
export function namesBelow(suffix: string): FqdnSelector[] {
  return suffix.length + 2 > maxName ? [] : [{ matchPattern: `*.${suffix}` }, { matchPattern: `**.${suffix}` }];
}

/**
 * True for wildcards over names of the cluster. They are never opened by name: cluster DNS answers
 * `1-2-3-4.ns.pod.cluster.local` with whatever address the name holds.
 */
export function isInsideWildcard(
  { suffix }: WildcardEntry,
  { clusterDomain }: Pick<Topology, 'clusterDomain'>,
): boolean {
  return suffix === clusterDomain || suffix.endsWith(`.${clusterDomain}`) || suffix.endsWith('.svc') ||
    clusterDomain.endsWith(`.${suffix}`);
}

function searchList({ namespace, clusterDomain, searchDomains }: NameSpace): string[] {
  return [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain, ...searchDomains];
}

function named(name: string): FqdnSelector[] {
  return name.length > maxName ? [] : [{ matchName: name }];
}
