/** The CiliumNetworkPolicy of one net hash, for workers of flavor Cilium; needs Cilium 1.16 or newer. */
import { resources } from '../../cluster/cluster.ts';
import { formatEntry } from '../network/allow-net/canonical.ts';
import { askedNames, type NameSpace } from '../network/allow-net/cilium-dns.ts';
import {
  type CiliumDenyRule,
  type CiliumEgressRule,
  type CiliumOpening,
  ciliumPeer,
  ciliumRules,
  endpointLabels,
} from '../network/allow-net/cilium-egress.ts';
import { denyRules, translateForCilium } from '../network/allow-net/cilium-translate.ts';
import { redisEntry } from '../network/allow-net/deno-flags.ts';
import { withMetadataDenied } from '../network/allow-net/deny.ts';
import { type LabelSelector, openingsOf } from '../network/allow-net/egress.ts';
import type { NetEntry, Scope } from '../network/allow-net/entry.ts';
import { ciliumIngress, type CiliumIngressRule } from '../network/ingress.ts';
import type { RedisServer } from '../network/redis-servers.ts';
import {
  type DesiredPolicy,
  type DnsServers,
  header,
  heldByDeno,
  netHash,
  podLabels,
  type PolicyInput,
  unique,
  weakDenials,
} from './network-policy.ts';
import { byAddresses, type RedisEgress, redisEgress, type ServerEgress } from './redis-egress.ts';

/** What a policy says. An empty rule opens nothing and closes its direction; without any rule Cilium would leave it open. */
export interface CiliumPolicySpec {
  readonly endpointSelector: LabelSelector;
  readonly enableDefaultDeny: { readonly egress: true; readonly ingress: true };
  readonly ingress: readonly CiliumIngressRule[];
  readonly egress: readonly CiliumEgressRule[];
  readonly egressDeny?: readonly CiliumDenyRule[];
}

/** Builds the full object; the same input gives the same text. */
export function ciliumPolicy(
  input: PolicyInput,
): DesiredPolicy & { readonly policy: { readonly spec: CiliumPolicySpec } } {
  const { apiVersion, kind } = resources.ciliumNetworkPolicies;
  const scope = ciliumEgress(input);
  const endpointSelector = { matchLabels: podLabels(input.name, input.forHash ?? netHash(input)) };
  return {
    policy: {
      ...header(input),
      apiVersion,
      kind,
      spec: {
        endpointSelector,
        enableDefaultDeny: { egress: true, ingress: true },
        ingress: ciliumIngress(input.callers ?? []),
        ...scope.rules,
      },
      // Ours too, and empty: a second list of rules, added by hand, would open more.
      specs: [],
    },
    approximations: scope.approximations,
    refusals: scope.refusals,
    problems: scope.problems,
  };
}

/** What the rules are made of, whomever they are for. */
export type EgressInput = Omit<PolicyInput, 'name' | 'namespace' | 'owner' | 'labels'>;

/** What is opened, and how well that says what the scope says. */
export function ciliumEgress(input: EgressInput): Scoped & Pick<DesiredPolicy, 'problems'> {
  const redis = mirrorRedis(input);
  return { ...(input.allowAll ? everything(input) : closedTo(input, redis)), problems: redis.problems };
}

interface Scoped extends Pick<DesiredPolicy, 'approximations' | 'refusals'> {
  readonly rules: Pick<CiliumPolicySpec, 'egress' | 'egressDeny'>;
}

function everything({ deny }: EgressInput): Scoped {
  return { rules: { egress: [{ toEntities: ['all'] }] }, approximations: deny.map(heldByDeno), refusals: [] };
}

function closedTo(input: EgressInput, redis: RedisMirror): Scoped {
  const deny = withMetadataDenied(input.scope, input.deny);
  const mirror = translateForCilium(input.scope, deny, input.topology);
  const openings = [...redis.rules, ...mirror.openings];
  const denied = openings.some(({ peer }) => 'fqdn' in peer)
    ? denyRules(deny, openings)
    : { rules: [], approximations: [] };
  const egress = [
    ...dnsRules(input, [...input.scope, ...redis.scope, ...input.alsoAsked ?? []]),
    ...ciliumRules(openings),
  ];
  return {
    // Without any rule Cilium would leave the direction open; an empty one closes it.
    rules: {
      egress: egress.length > 0 ? egress : [{}],
      ...(denied.rules.length > 0 ? { egressDeny: denied.rules } : {}),
    },
    approximations: unique([
      ...mirror.approximations,
      ...redis.approximations,
      ...denied.approximations,
      ...weakDenials(input),
    ]),
    refusals: input.outsideNames === 'Refuse'
      ? mirror.outside.map((entry) => ({
        entry,
        reason:
          'it is a name outside the cluster, and spec.permissions.outsideNames is Refuse: name a Service or an address',
      }))
      : [],
  };
}

/** Cluster DNS, for the names of the scope alone: what the proxy does not see asked for it does not open either. */
function dnsRules({ dns, topology, searchDomains = [] }: EgressInput, scope: Scope): CiliumEgressRule[] {
  const space: NameSpace = { namespace: topology.namespace, clusterDomain: topology.clusterDomain, searchDomains };
  const names = askedNames(scope, space);
  if (names.length === 0) return [];
  const ports = dns.ports.flatMap((
    port,
  ) => [{ port: String(port), protocol: 'UDP' } as const, { port: String(port), protocol: 'TCP' } as const]);
  return serversOf(dns).map((servers) => ({ ...servers, toPorts: [{ ports, rules: { dns: names } }] }));
}

function serversOf({ namespaceLabels, podLabels: pods, cidrs = [] }: DnsServers): CiliumEgressRule[] {
  const toEndpoints = [endpointLabels({ matchLabels: namespaceLabels }, { matchLabels: pods })];
  return [{ toEndpoints }, ...(cidrs.length > 0 ? [{ toCIDRSet: cidrs.map((cidr) => ({ cidr })) }] : [])];
}

interface RedisMirror extends RedisEgress<CiliumOpening> {
  /** The servers as a scope, for the names that have to be asked for. */
  readonly scope: Scope;
}

function mirrorRedis(input: EgressInput): RedisMirror {
  const entries = input.redis.map(redisEntry).flatMap((parsed) => (parsed.ok ? [parsed.entry] : []));
  return { ...redisEgress(input, (entry, server) => mirrorServer(entry, server, input)), scope: entries };
}

function mirrorServer(
  entry: NetEntry,
  server: RedisServer,
  { topology, redis }: EgressInput,
): ServerEgress<CiliumOpening> {
  const { openings, approximations } = translateForCilium([entry], [], topology);
  // Members of a set announce themselves by address: that of a pod is one Cilium opens nothing for.
  if (openings.length > 0) return { rules: openings, approximations: redis.length > 1 ? approximations : [] };
  // A short name that is no Service has no place in DNS Cilium could hold it by: its addresses are all there is.
  const addressed = byAddresses(entry, server, topology).rules.flatMap(openingsOf);
  if (addressed.length === 0) return { rules: [], approximations };
  return {
    rules: addressed.map(({ peer, port }) => ({ peer: ciliumPeer(peer), port })),
    approximations: [{
      entry: formatEntry(entry),
      reason: 'a short name that is no Service: opened by the addresses it resolved to; give its full name',
    }],
  };
}
