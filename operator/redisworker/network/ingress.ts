/** Who may come in: to the port a worker answers on over HTTP, and to no other. Pure. */
import { httpPort } from '../../../contract/pod.ts';
import { type Block, contains, formatBlock, parseBlock } from './allow-net/address.ts';
import { ciliumPort, type CiliumPorts, endpointLabels } from './allow-net/cilium-egress.ts';
import type { LabelSelector, PolicyPort } from './allow-net/egress.ts';

/** Labels that must all be there; without any, everything is meant. */
export type Selector = LabelSelector | Readonly<Record<string, never>>;

/** Somebody who may call: pods of namespaces, or a block of addresses. */
export type Caller =
  | { readonly namespaceSelector: Selector; readonly podSelector: Selector }
  | { readonly ipBlock: { readonly cidr: string; readonly except?: readonly string[] } };

/** One rule of a NetworkPolicy. Neither list is ever empty: an empty one would mean "all". */
export interface IngressRule {
  readonly from: readonly Caller[];
  readonly ports: readonly PolicyPort[];
}

/** A selector as Cilium has it, which can also ask for a label with any value. */
export interface EndpointSelector extends LabelSelector {
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: 'Exists' }[];
}

/** One rule of a CiliumNetworkPolicy; it has callers of one kind only. */
export interface CiliumIngressRule {
  readonly fromEndpoints?: readonly EndpointSelector[];
  readonly fromCIDRSet?: readonly { readonly cidr: string; readonly except?: readonly string[] }[];
  readonly toPorts?: readonly CiliumPorts[];
}

/** A peer as a spec names it. */
export interface NamedPeer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except: readonly string[] };
}

const opened: PolicyPort = { protocol: 'TCP', port: httpPort };

/** Who is named, seen from a namespace, and what of it is no block of addresses. */
export function callersOf(
  peers: readonly NamedPeer[],
  namespace: string,
): { readonly callers: readonly Caller[]; readonly problems: readonly string[] } {
  const read = peers.map((peer) => callerOf(peer, namespace));
  return {
    callers: read.filter((one) => typeof one !== 'string'),
    problems: read.filter((one) => typeof one === 'string'),
  };
}

/** The rules that let them in; none where nobody may. */
export function ingressRules(callers: readonly Caller[]): IngressRule[] {
  return callers.length === 0 ? [] : [{ from: callers, ports: [opened] }];
}

/** The same for Cilium, where an empty rule closes the direction. */
export function ciliumIngress(callers: readonly Caller[]): CiliumIngressRule[] {
  const fromEndpoints = callers.flatMap((caller) => ('ipBlock' in caller ? [] : [endpointOf(caller)]));
  const fromCIDRSet = callers.flatMap((caller) => ('ipBlock' in caller ? [caller.ipBlock] : []));
  const toPorts = [{ ports: [ciliumPort(opened)] }];
  const rules = [
    ...(fromEndpoints.length > 0 ? [{ fromEndpoints, toPorts }] : []),
    ...(fromCIDRSet.length > 0 ? [{ fromCIDRSet, toPorts }] : []),
  ];
  return rules.length > 0 ? rules : [{}];
}

function callerOf({ podSelector, namespaceSelector, ipBlock }: NamedPeer, namespace: string): Caller | string {
  if (ipBlock !== undefined) return blockOf(ipBlock);
  return {
    namespaceSelector: selectorOf(
      namespaceSelector ?? { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    ),
    podSelector: selectorOf(podSelector),
  };
}

/** An API server drops a map without entries. */
function selectorOf({ matchLabels }: LabelSelector = { matchLabels: {} }): Selector {
  return Object.keys(matchLabels).length === 0 ? {} : { matchLabels };
}

/** With host bits cleared: newer API servers refuse others. */
function blockOf({ cidr, except }: NonNullable<NamedPeer['ipBlock']>): Caller | string {
  const block = parseBlock(cidr);
  if (block === undefined) return `"${cidr}" is no block of addresses: write one such as 10.0.0.0/8`;
  const inner = except.map((text) => parseBlock(text));
  const wrong = except.find((_, at) => !isPartOf(inner[at], block));
  if (wrong !== undefined) {
    return `"${wrong}" of except does not lie within ${cidr}: name a part of it, or leave it out`;
  }
  const excluded = inner.flatMap((part) => (part === undefined ? [] : [formatBlock(part)]));
  return { ipBlock: { cidr: formatBlock(block), ...(excluded.length > 0 ? { except: excluded } : {}) } };
}

function isPartOf(inner: Block | undefined, outer: Block): boolean {
  return inner !== undefined && inner.prefix > outer.prefix && contains(outer, inner);
}

/** Cilium keeps the labels of pods and of their namespace together; every pod has the name of its namespace. */
function endpointOf(
  { namespaceSelector, podSelector }: Exclude<Caller, { readonly ipBlock: unknown }>,
): EndpointSelector {
  const labels = endpointLabels(withLabels(namespaceSelector), withLabels(podSelector));
  if ('matchLabels' in namespaceSelector) return labels;
  return { ...labels, matchExpressions: [{ key: 'k8s:io.kubernetes.pod.namespace', operator: 'Exists' }] };
}

function withLabels(selector: Selector): LabelSelector {
  return 'matchLabels' in selector ? selector as LabelSelector : { matchLabels: {} };
}
