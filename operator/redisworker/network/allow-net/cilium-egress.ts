/** The part of CiliumNetworkPolicy (cilium.io/v2) that is written here. Every rule names its peers and its ports. */
import { type IpBlockPeer, type LabelSelector, type Opening, type Peer, type PolicyPort, rulesOf } from './egress.ts';

/** Names as Cilium's DNS proxy compares them: one name, or a pattern in which `*` is one label and a leading `**.` any depth. */
export type FqdnSelector = { readonly matchName: string } | { readonly matchPattern: string };

/** A peer of Cilium: pods, addresses outside the cluster, names outside it, or a group Cilium knows by itself. */
export type CiliumPeer =
  | { readonly endpoint: LabelSelector }
  | { readonly cidr: IpBlockPeer['ipBlock'] }
  | { readonly fqdn: FqdnSelector }
  | { readonly entity: 'kube-apiserver' };

/** A peer of Cilium and one port of it. */
export type CiliumOpening = Opening<CiliumPeer>;

/** A port as Cilium writes it: always text; `0` stands for every port. */
export interface CiliumPort {
  readonly port: string;
  readonly endPort?: number;
  readonly protocol: 'TCP' | 'UDP';
}

/** Ports, and which names may be asked for over them when a DNS server listens there. */
export interface CiliumPorts {
  readonly ports: readonly CiliumPort[];
  readonly rules?: { readonly dns: readonly FqdnSelector[] };
}

/** One rule; it has peers of one kind only, for Cilium takes no mixture. */
export interface CiliumEgressRule {
  readonly toEndpoints?: readonly LabelSelector[];
  readonly toCIDRSet?: readonly IpBlockPeer['ipBlock'][];
  readonly toFQDNs?: readonly FqdnSelector[];
  readonly toEntities?: readonly string[];
  readonly toPorts?: readonly CiliumPorts[];
}

/** A rule that closes; it goes before every rule that opens. */
export type CiliumDenyRule = Pick<CiliumEgressRule, 'toCIDRSet' | 'toPorts'>;

/** The most ports Cilium takes in one list. */
const maxPorts = 40;

/** Gathers openings into few rules, each with one kind of peer. */
export function ciliumRules(openings: readonly CiliumOpening[]): CiliumEgressRule[] {
  return rulesOf(openings).flatMap(({ to, ports }) => {
    const toPorts = chunks(ports.map(ciliumPort)).map((part) => ({ ports: part }));
    return peersByKind(to).map((peers) => ({ ...peers, toPorts }));
  });
}

/** A peer of a NetworkPolicy as Cilium writes it. */
export function ciliumPeer(peer: Peer): CiliumPeer {
  return 'ipBlock' in peer
    ? { cidr: peer.ipBlock }
    : { endpoint: endpointLabels(peer.namespaceSelector, peer.podSelector) };
}

/** A port as Cilium writes it. */
export function ciliumPort({ protocol, port, endPort }: PolicyPort): CiliumPort {
  if (port === 1 && endPort === 65_535) return { port: '0', protocol };
  return { port: String(port), ...(endPort === undefined ? {} : { endPort }), protocol };
}

/** Labels of pods and of their namespace as one selector: Cilium keeps both with the pod. */
export function endpointLabels(namespace: LabelSelector, pods: LabelSelector): LabelSelector {
  const labels = [
    ...Object.entries(namespace.matchLabels).map(([key, value]) => [namespaceLabel(key), value] as const),
    ...Object.entries(pods.matchLabels).map(([key, value]) => [`k8s:${key}`, value] as const),
  ];
  return { matchLabels: Object.fromEntries(labels) };
}

function namespaceLabel(key: string): string {
  return key === 'kubernetes.io/metadata.name'
    ? 'k8s:io.kubernetes.pod.namespace'
    : `k8s:io.cilium.k8s.namespace.labels.${key}`;
}

function peersByKind(peers: readonly CiliumPeer[]): CiliumEgressRule[] {
  const toEndpoints = peers.flatMap((peer) => ('endpoint' in peer ? [peer.endpoint] : []));
  const toCIDRSet = peers.flatMap((peer) => ('cidr' in peer ? [peer.cidr] : []));
  const toFQDNs = peers.flatMap((peer) => ('fqdn' in peer ? [peer.fqdn] : []));
  const toEntities = peers.flatMap((peer) => ('entity' in peer ? [peer.entity] : []));
  return [
    ...(toEndpoints.length > 0 ? [{ toEndpoints }] : []),
    ...(toCIDRSet.length > 0 ? [{ toCIDRSet }] : []),
    ...(toFQDNs.length > 0 ? [{ toFQDNs }] : []),
    ...(toEntities.length > 0 ? [{ toEntities }] : []),
  ];
}

function chunks(ports: readonly CiliumPort[]): CiliumPort[][] {
  return Array.from(
    { length: Math.ceil(ports.length / maxPorts) },
    (_, at) => ports.slice(at * maxPorts, (at + 1) * maxPorts),
  );
}
