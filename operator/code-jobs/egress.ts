/** What the pod of a Job needs open to fetch code: DNS, and the hosts of its imports by their addresses of now. */
import { isIP } from 'node:net';
import { type Cluster, type KubeObject, resources } from '../cluster/cluster.ts';
import type { LookUp, NameAnswer } from '../dns/lookup.ts';
import { clusterDns, dnsRule } from '../redisworker/desired/network-policy.ts';
import type { Block } from '../redisworker/network/allow-net/address.ts';
import { withMetadataDenied } from '../redisworker/network/allow-net/deny.ts';
import { type EgressRule, mergedRules } from '../redisworker/network/allow-net/egress.ts';
import type { Scope } from '../redisworker/network/allow-net/entry.ts';
import { outsideHosts } from '../redisworker/network/allow-net/meaning.ts';
import { resolvePublic } from '../redisworker/network/allow-net/outside.ts';
import { parseEntry } from '../redisworker/network/allow-net/parse.ts';
import { translate } from '../redisworker/network/allow-net/translate.ts';
import { topologyOf } from '../redisworker/model/services.ts';

/** What it is worked out with. */
export interface EgressOptions {
  readonly cluster: Pick<Cluster, 'list'>;
  readonly lookUp: LookUp;
  /** Blocks of the cluster that count as private: no name opens them. */
  readonly clusterBlocks: readonly Block[];
}

/** Gives the rules for hosts, `host:port` each; a Job is short, so what they resolve to now is what they are. */
export function egressOf(
  { cluster, lookUp, clusterBlocks }: EgressOptions,
): (namespace: string, hosts: readonly string[]) => Promise<readonly EgressRule[]> {
  return async (namespace, hosts) => {
    const scope: Scope = hosts.flatMap((host) => {
      const parsed = parseEntry(host);
      return parsed.ok ? [parsed.entry] : [];
    });
    const services = copyOf(await cluster.list(resources.services));
    const topology = topologyOf(namespace, { services }, new Map());
    const names = outsideHosts(scope, topology).filter((host) => isIP(host) === 0);
    const found = new Map(
      await Promise.all(names.map(async (name) => [name, addressesIn(await lookUp(name))] as const)),
    );
    const seen = { ...topology, outsideAddresses: (host: string) => found.get(host) ?? [] };
    const rules = { ...resolvePublic, closed: clusterBlocks };
    return [dnsRule(clusterDns), ...mergedRules(translate(scope, withMetadataDenied(scope, []), seen, rules).rules)];
  };
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
