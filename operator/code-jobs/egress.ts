/**
 * What the pod of a Job needs open to fetch code: DNS, and the hosts of its imports, by their addresses of now, or by their
 * names where Cilium holds them.
 */
import { isIP } from 'node:net';
import { type Cluster, type KubeObject, resources } from '../cluster/cluster.ts';
import type { LookUp, NameAnswer } from '../dns/lookup.ts';
import { ciliumEgress, type CiliumPolicySpec } from '../redisworker/desired/cilium-policy.ts';
import { clusterDns, dnsRule } from '../redisworker/desired/network-policy.ts';
import type { Block } from '../redisworker/network/allow-net/address.ts';
import { withMetadataDenied } from '../redisworker/network/allow-net/deny.ts';
import { type EgressRule, mergedRules } from '../redisworker/network/allow-net/egress.ts';
import type { Scope } from '../redisworker/network/allow-net/entry.ts';
import { outsideHosts } from '../redisworker/network/allow-net/meaning.ts';
import { type NameRules, resolvePublic } from '../redisworker/network/allow-net/outside.ts';
import { parseEntry } from '../redisworker/network/allow-net/parse.ts';
import type { Topology } from '../redisworker/network/allow-net/topology.ts';
import { translate } from '../redisworker/network/allow-net/translate.ts';
import { topologyOf } from '../redisworker/model/services.ts';

/** What it is worked out with. */
export interface EgressOptions {
  readonly cluster: Pick<Cluster, 'list'>;
  readonly lookUp: LookUp;
  /** Blocks of the cluster that count as private: no name opens them. */
  readonly clusterBlocks: readonly Block[];
  /** Search domains of the nodes, which Cilium's DNS proxy has to know. */
  readonly searchDomains?: readonly string[];
}

/** What it is that has to be open. */
export interface Dialled {
  /** `host:port` of code: a name among them opens no private address. */
  readonly hosts: readonly string[];
  /** `host:port` of proxies, which the admin has named: they may be anywhere. */
  readonly proxies: readonly string[];
  readonly flavor: 'Kubernetes' | 'Cilium';
}

/** Rules of one of the two kinds of policy. */
export type OpenedEgress =
  | { readonly flavor: 'Kubernetes'; readonly egress: readonly EgressRule[] }
  | { readonly flavor: 'Cilium'; readonly rules: Pick<CiliumPolicySpec, 'egress' | 'egressDeny'> };

/** Gives the rules for hosts; a Job is short, so what they resolve to now is what they are. */
export function egressOf(
  options: EgressOptions,
): (namespace: string, dialled: Dialled) => Promise<OpenedEgress> {
  return async (namespace, { hosts, proxies, flavor }) => {
    const services = copyOf(await options.cluster.list(resources.services));
    const topology = topologyOf(namespace, { services }, new Map());
    if (flavor === 'Cilium') return { flavor, rules: byNames([...hosts, ...proxies], topology, options) };
    const rules = [
      ...await byAddresses(scopeOf(hosts), topology, options, 'Public'),
      ...await byAddresses(scopeOf(proxies), topology, options, 'Any'),
    ];
    return { flavor, egress: [dnsRule(clusterDns), ...mergedRules(rules)] };
  };
}

function scopeOf(hosts: readonly string[]): Scope {
  return hosts.flatMap((host) => {
    const parsed = parseEntry(host);
    return parsed.ok ? [parsed.entry] : [];
  });
}

async function byAddresses(
  scope: Scope,
  topology: Topology,
  { lookUp, clusterBlocks: closed }: EgressOptions,
  answers: NameRules['answers'],
): Promise<readonly EgressRule[]> {
  const names = outsideHosts(scope, topology).filter((host) => isIP(host) === 0);
  const found = new Map(
    await Promise.all(names.map(async (name) => [name, addressesIn(await lookUp(name))] as const)),
  );
  const seen = { ...topology, outsideAddresses: (host: string) => found.get(host) ?? [] };
  return translate(scope, withMetadataDenied(scope, []), seen, { ...resolvePublic, answers, closed }).rules;
}

function byNames(hosts: readonly string[], topology: Topology, { searchDomains = [] }: EgressOptions) {
  const { egress, egressDeny } = ciliumEgress({
    scope: scopeOf(hosts),
    deny: [],
    allowAll: false,
    redis: [],
    dns: clusterDns,
    topology,
    searchDomains,
  }).rules;
  return { egress, ...(egressDeny === undefined ? {} : { egressDeny }) };
}

function addressesIn({ ipv4, ipv6 }: NameAnswer): readonly string[] {
  return [ipv4, ipv6].flatMap((family) =>
    family.kind === 'addresses' ? family.addresses.map(({ address }) => address) : []
  );
}

function copyOf(services: readonly KubeObject[]) {
  return {
    list: () => services,
    get: ({ namespace, name }: { readonly namespace?: string; readonly name: string }) =>
      services.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
  };
}
