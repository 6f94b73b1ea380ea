/** The part of NetworkPolicy v1 that is written here. Every rule names its peers and its ports. */

/** A peer: addresses, or pods of a namespace. */
export type Peer = IpBlockPeer | PodPeer;

/** A block of addresses without some of its parts. */
export interface IpBlockPeer {
  readonly ipBlock: { readonly cidr: string; readonly except?: readonly string[] };
}

/** Pods with these labels in namespaces with these labels; both must hold. */
export interface PodPeer {
  readonly namespaceSelector: LabelSelector;
  readonly podSelector: LabelSelector;
}

/** Labels that must all be there with exactly these values. */
export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
}

/** One port, a range of ports up to `endPort`, or a named port of the peer's pods. */
export interface PolicyPort {
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number | string;
  readonly endPort?: number;
}

/** Opens the ports of the peers. Neither list is ever empty: an empty one would mean "all". */
export type EgressRule = PeersAndPorts<Peer>;

/** Peers of any kind of policy that share their ports. */
export interface PeersAndPorts<P> {
  readonly to: readonly P[];
  readonly ports: readonly PolicyPort[];
}

/** A peer and one port of it. */
export interface Opening<P = Peer> {
  readonly peer: P;
  readonly port: PolicyPort;
}

/** Gathers openings into few rules: first the ports of each peer, then the peers of equal ports. Sorted by text. */
export function rulesOf<P = Peer>(openings: readonly Opening<P>[]): PeersAndPorts<P>[] {
  const portsOfPeer = [...Map.groupBy(openings, ({ peer }) => JSON.stringify(peer)).values()];
  const peers = portsOfPeer.flatMap((
    group,
  ) => (group[0] ? [{ peer: group[0].peer, ports: unique(group.map(({ port }) => port)) }] : []));
  const rules = [...Map.groupBy(peers, ({ ports }) => JSON.stringify(ports)).values()];
  return unique(
    rules.flatMap((group) => (group[0] ? [{ to: unique(group.map(({ peer }) => peer)), ports: group[0].ports }] : [])),
  );
}

/** Rules from several sources as few rules, each thing said once. */
export function mergedRules(rules: readonly EgressRule[]): EgressRule[] {
  return rulesOf(rules.flatMap(openingsOf));
}

/** The openings a rule stands for. */
export function openingsOf({ to, ports }: EgressRule): Opening[] {
  return to.flatMap((peer) => ports.map((port) => ({ peer, port })));
}

/** Sorted by JSON text, duplicates dropped. */
export function unique<T>(items: readonly T[]): T[] {
  const byText = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, item]) => item);
}
