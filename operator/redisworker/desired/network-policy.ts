/** The NetworkPolicy of one net hash: exactly what the scope says, cluster DNS and the worker's Redis. */
import type { HostPort } from '../../../contract/host-port.ts';
import type { KubeObject, OwnerReference } from '../../cluster/cluster.ts';
import type { Block } from '../network/allow-net/address.ts';
import { formatEntry, formatScope } from '../network/allow-net/canonical.ts';
import { overriddenDenials } from '../network/allow-net/deno-allows.ts';
import { denoDenyFlag } from '../network/allow-net/deno-flags.ts';
import { withMetadataDenied } from '../network/allow-net/deny.ts';
import { type EgressRule, type LabelSelector, mergedRules, type Peer } from '../network/allow-net/egress.ts';
import type { NetEntry, Scope } from '../network/allow-net/entry.ts';
import { type NameRules, resolvePublic } from '../network/allow-net/outside.ts';
import type { Topology } from '../network/allow-net/topology.ts';
import { type Approximation, translate } from '../network/allow-net/translate.ts';
import { type Caller, type IngressRule, ingressRules } from '../network/ingress.ts';
import { canonicalServers, type RedisServer } from '../network/redis-servers.ts';
import { annotations as annotationKeys, digest, labels as labelKeys, labelValue } from '../model/names.ts';
import { mirrorRedis } from './redis-egress.ts';

/** The servers that answer the pods' DNS questions. */
export interface DnsServers {
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
  /** Resolvers that are no pods, such as a node-local cache: `169.254.20.10/32`. */
  readonly cidrs?: readonly string[];
}

/** What most clusters run. */
export const clusterDns: DnsServers = {
  namespaceLabels: { 'kubernetes.io/metadata.name': 'kube-system' },
  podLabels: { 'k8s-app': 'kube-dns' },
  ports: [53],
};

/** What decides what a policy says, apart from addresses and Services, which may change under it. */
export interface NetScope {
  readonly scope: Scope;
  readonly deny: Scope;
  /** True for a worker that may reach everything; its scope then says nothing. */
  readonly allowAll: boolean;
  /** How names outside the cluster are opened; by their addresses when absent. */
  readonly outsideNames?: NameRules['mode'];
  /** Kind of policy to write; a NetworkPolicy when absent. */
  readonly flavor?: 'Kubernetes' | 'Cilium';
  /** All servers of the worker's Redis. */
  readonly redis: readonly HostPort[];
  readonly dns: DnsServers;
}

/** Everything a policy is built from. */
export interface PolicyInput extends NetScope {
  /** The worker's name, namespace, owner reference and the labels of all its children. */
  readonly name: string;
  readonly namespace: string;
  readonly owner: OwnerReference;
  readonly labels: Readonly<Record<string, string>>;
  /** With what the hosts resolved to that are names outside the cluster. */
  readonly redis: readonly RedisServer[];
  readonly topology: Topology;
  /** Blocks of pods, Services and nodes that lie among public addresses: no name opens them. */
  readonly clusterBlocks?: readonly Block[];
  /** The addresses of names outside as the policy's own record, for the operator that comes next. */
  readonly resolved?: string | undefined;
  /** The members of the Redis that were discovered, for the operator that comes next. */
  readonly members?: string | undefined;
  /** What pods ask DNS for and may not reach, such as the canary; Cilium's DNS proxy has to know it. */
  readonly alsoAsked?: Scope;
  /** Who may call the pods over HTTP; nobody when absent. It is no part of the net hash: pods need not be made anew for it. */
  readonly callers?: readonly Caller[];
  /** Net hash of the pods it selects, when those were made for another scope. */
  readonly forHash?: string | undefined;
  /** Search domains of the nodes; Cilium's DNS proxy has to know them. */
  readonly searchDomains?: readonly string[];
}

/** What a policy says: who may come in, and the rules of a mirror or everything (`[{}]`). */
export interface NetworkPolicySpec {
  readonly podSelector: LabelSelector;
  readonly policyTypes: readonly ['Ingress', 'Egress'];
  readonly ingress: readonly IngressRule[];
  readonly egress: readonly (EgressRule | Readonly<Record<string, never>>)[];
}

/** A policy and how well it says what the worker's scope says. */
export interface DesiredPolicy {
  readonly policy: KubeObject;
  readonly approximations: readonly Approximation[];
  /** Entries the spec itself rules out; the policy must not be written with any. */
  readonly refusals: readonly Approximation[];
  /** Sentences about what keeps the worker from its Redis; no pod should start before they are gone. */
  readonly problems: readonly string[];
}

/** The digest a policy and its pods share: 12 hex characters, the same for equal scopes in any spelling. */
export function netHash({ scope, deny, allowAll, outsideNames = 'Resolve', flavor, redis, dns }: NetScope): string {
  const content = {
    scope: allowAll ? 'all' : formatScope(scope),
    deny: denoDenyFlag(scope, deny),
    redis: redisContent(redis),
    dns: [sortedPairs(dns.namespaceLabels), sortedPairs(dns.podLabels), dns.ports, dns.cidrs ?? []],
    ...(allowAll || outsideNames === 'Resolve' ? {} : { names: outsideNames }),
    ...(flavor === 'Cilium' ? { flavor } : {}),
  };
  return digest(JSON.stringify(content), 12);
}

/** One server is written as it has always been: pods that run keep their policy. */
function redisContent(redis: readonly HostPort[]): readonly unknown[] {
  const [first, ...more] = canonicalServers(redis.map(({ host, port }) => ({ host: host.toLowerCase(), port })))
    .map(({ host, port }) => [host, port] as const);
  return first === undefined || more.length > 0 ? [first, ...more] : first;
}

/** Builds the full object; the same input gives the same text. */
export function networkPolicy(
  input: PolicyInput,
): DesiredPolicy & { readonly policy: { readonly spec: NetworkPolicySpec } } {
  const redis = mirrorRedis(input);
  const deny = withMetadataDenied(input.scope, input.deny);
  const rules: NameRules = {
    ...resolvePublic,
    mode: input.outsideNames ?? 'Resolve',
    closed: input.clusterBlocks ?? [],
  };
  const mirror = input.allowAll ? undefined : translate(input.scope, deny, input.topology, rules);
  const egress = mirror === undefined ? [{}] : [dnsRule(input.dns), ...mergedRules([...redis.rules, ...mirror.rules])];
  const approximations = mirror === undefined
    ? input.deny.map(heldByDeno)
    : unique([...mirror.approximations, ...redis.approximations, ...weakDenials(input)]);
  return {
    policy: {
      ...header(input),
      spec: {
        podSelector: { matchLabels: podLabels(input.name, input.forHash ?? netHash(input)) },
        policyTypes: ['Ingress', 'Egress'],
        ingress: ingressRules(input.callers ?? []),
        egress,
      },
    },
    approximations,
    refusals: mirror?.refusals ?? [],
    problems: redis.problems,
  };
}

/** What every policy carries, whatever its kind. */
export function header(
  { name, namespace, owner, labels, resolved, members, ...input }: PolicyInput,
): Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'> {
  const hash = input.forHash ?? netHash(input);
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...labels, ...podLabels(name, hash) },
      ...annotated({ [annotationKeys.resolved]: resolved, [annotationKeys.members]: members }),
      ownerReferences: [owner],
    },
  };
}

/** What the policy remembers, as far as there is something. */
function annotated(notes: Readonly<Record<string, string | undefined>>): { annotations?: Record<string, string> } {
  const given = Object.entries(notes).filter((note): note is [string, string] => note[1] !== undefined);
  return given.length === 0 ? {} : { annotations: Object.fromEntries(given) };
}

/** What ties a pod to the one policy made for it. */
export function podLabels(name: string, hash: string): Record<string, string> {
  return { [labelKeys.worker]: labelValue(name), [labelKeys.netHash]: hash };
}

/** What lets pods ask DNS. */
export function dnsRule({ namespaceLabels, podLabels, ports, cidrs = [] }: DnsServers): EgressRule {
  const pods: Peer = { namespaceSelector: { matchLabels: namespaceLabels }, podSelector: { matchLabels: podLabels } };
  return {
    to: [pods, ...cidrs.map((cidr): Peer => ({ ipBlock: { cidr } }))],
    ports: ports.flatMap((port) => [{ protocol: 'UDP', port } as const, { protocol: 'TCP', port } as const]),
  };
}

/** A denial no rule can carry out beside one that opens everything. */
export function heldByDeno(entry: NetEntry): Approximation {
  return { entry: formatEntry(entry), reason: 'the worker may reach everything, so this denial is held by Deno alone' };
}

/** Denials that Deno itself does not hold. */
export function weakDenials({ scope, deny }: Pick<NetScope, 'scope' | 'deny'>): Approximation[] {
  return overriddenDenials(scope, deny).map(({ denied, by }) => ({
    entry: formatEntry(denied),
    reason: `Deno prefers the allowed entry ${
      formatEntry(by)
    }, so this denial does not hold where both apply: narrow that entry, or deny addresses`,
  }));
}

function sortedPairs(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Each approximation once, in their order. */
export function unique(approximations: readonly Approximation[]): Approximation[] {
  return [...new Map(approximations.map((one) => [JSON.stringify(one), one])).values()];
}
