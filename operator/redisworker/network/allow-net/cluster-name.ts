/** Which Services a host name may mean inside the cluster, in the order a pod's resolver asks. */
import { isHeadless, type ServiceRef, type Topology } from './topology.ts';

/** A Service a name may mean; `ofPod` when the name is that of one pod behind a headless Service. */
export interface Candidate extends ServiceRef {
  readonly ofPod: boolean;
}

/** The Services to try, and whether the name can mean nothing outside the cluster. */
export interface ClusterName {
  readonly candidates: readonly Candidate[];
  readonly inside: boolean;
}

/** Where a name lies: `svc`, `svc.ns`, `svc.ns.svc`, the same below the cluster domain, each with a pod in front. */
export function clusterName(
  host: string,
  { namespace, clusterDomain }: Pick<Topology, 'namespace' | 'clusterDomain'>,
): ClusterName {
  const inDomain = host.endsWith(`.${clusterDomain}`);
  const labels = (inDomain ? host.slice(0, -clusterDomain.length - 1) : host).split('.');
  if (labels.at(-1) === 'svc' && labels.length > 1) return { candidates: fullName(labels.slice(0, -1)), inside: true };
  if (inDomain) return { candidates: [], inside: true };
  return { candidates: shortName(labels, namespace), inside: labels.length === 1 };
}

/** The first Service the name means that exists. Only a headless Service gives its pods names. */
export function findService(host: string, topology: Topology): ServiceRef | undefined {
  return findServices(host, topology)[0];
}

/**
 * The Services a name may mean: the first that exists and, where that one needs a pod of this name, which
 * may not be there, those the resolver would turn to next.
 */
export function findServices(host: string, topology: Topology): Candidate[] {
  const existing = clusterName(host, topology).candidates.filter(({ namespace, name, ofPod }) => {
    const service = topology.service(namespace, name);
    return service !== undefined && (!ofPod || isHeadless(service));
  });
  const sure = existing.findIndex(({ ofPod }) => !ofPod);
  return sure < 0 ? existing : existing.slice(0, sure + 1);
}

/** True for `localhost` and names below it, which every resolver keeps in the pod. */
export function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

/** What stands before `.svc`: service and namespace, perhaps with a pod in front. */
function fullName(labels: readonly string[]): Candidate[] {
  const [namespace, name] = [labels.at(-1), labels.at(-2)];
  const known = namespace !== undefined && name !== undefined && labels.length <= 3;
  return known ? [{ namespace, name, ofPod: labels.length === 3 }] : [];
}

/** Names the resolver completes by its search list: the own namespace first, then all Services. */
function shortName(labels: readonly string[], own: string): Candidate[] {
  const [first, second, third] = labels;
  if (first === undefined || labels.length > 3) return [];
  if (second === undefined) return [{ namespace: own, name: first, ofPod: false }];
  if (third !== undefined) return [{ namespace: third, name: second, ofPod: true }];
  return [{ namespace: own, name: second, ofPod: true }, { namespace: second, name: first, ofPod: false }];
}
