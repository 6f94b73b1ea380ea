/** The mirror in Cilium's words: what a NetworkPolicy says, with names outside the cluster held by Cilium's DNS proxy. */
import { type Block, contains, formatBlock, isLoopback, overlaps, parseBlock } from './address.ts';
import { formatEntry } from './canonical.ts';
import { isInsideWildcard, namesBelow } from './cilium-dns.ts';
import { type CiliumDenyRule, type CiliumOpening, type CiliumPeer, ciliumPeer, ciliumPort } from './cilium-egress.ts';
import { hiddenLabels, mayHoldClusterAddresses } from './cilium-identity.ts';
import { type Candidate, clusterName, findServices, isLoopbackName } from './cluster-name.ts';
import { blockOf, deniedBlocks, type PortRange, tcp } from './deny.ts';
import { type Opening, openingsOf, rulesOf } from './egress.ts';
import type { NetEntry, Scope, WildcardEntry } from './entry.ts';
import { meaningsOf } from './meaning.ts';
import type { ServiceRef, Topology } from './topology.ts';
import { allowedRanges, allPodsOpened, type Approximation, translate } from './translate.ts';

/** What a scope opens. */
export interface CiliumMirror {
  readonly openings: readonly CiliumOpening[];
  readonly approximations: readonly Approximation[];
  /** Entries that stand for names outside the cluster. */
  readonly outside: readonly string[];
}

/** What one entry opens by name or entity, beyond what `translate` says of it. */
interface ByName {
  readonly openings: readonly CiliumOpening[];
  readonly reasons: readonly string[];
  /** True when `translate` has nothing right to say of the entry. */
  readonly outside: boolean;
}

interface Around {
  readonly scope: Scope;
  readonly deny: Scope;
  readonly topology: Topology;
}

/**
 * Translates what a worker may dial into what its pods may reach, TCP alone. Names outside the cluster are
 * not resolved here: Cilium opens the addresses a pod's own DNS answers give, for as long as they hold.
 * @param deny all denied entries Deno gets
 */
export function translateForCilium(scope: Scope, deny: Scope, topology: Topology): CiliumMirror {
  const plain = translate(scope, deny, { ...topology, outsideAddresses: () => [] });
  const named = scope.map((entry) => ({ entry: formatEntry(entry), ...byName(entry, { scope, deny, topology }) }));
  const outside = named.filter((one) => one.outside).map(({ entry }) => entry);
  return {
    openings: [
      ...plain.rules.flatMap(openingsOf).map(({ peer, port }) => ({ peer: ciliumPeer(peer), port })),
      ...named.flatMap(({ openings }) => openings),
    ],
    approximations: [
      ...plain.approximations.filter(({ entry }) => !outside.includes(entry)),
      ...named.flatMap(({ entry, reasons }) => reasons.map((reason) => ({ entry, reason }))),
    ],
    outside,
  };
}

/** Denied addresses as rules of their own, for a name may resolve to any of them. What leads into them otherwise keeps its way. */
export function denyRules(
  deny: Scope,
  opened: readonly CiliumOpening[],
): { rules: CiliumDenyRule[]; approximations: Approximation[] } {
  const entries = deny.flatMap((entry) =>
    deniedBlocks([entry]).map((denied) => ({
      entry,
      denied,
      crossed: opened.some((opening) => crosses(opening, denied)),
    }))
  );
  const closed = entries.filter(({ crossed }) => !crossed).map(({ denied }): Opening<Block> => ({
    peer: denied.block,
    port: tcp({ from: denied.port ?? 1, to: denied.port ?? 65_535 }),
  }));
  const texts = closed.map(({ peer, port }) => ({ peer: formatBlock(peer), port }));
  return {
    rules: rulesOf(texts).map(({ to, ports }) => ({
      toCIDRSet: to.map((cidr) => ({ cidr })),
      toPorts: [{ ports: ports.map(ciliumPort) }],
    })),
    approximations: entries.filter(({ crossed }) => crossed).map(({ entry }) => ({
      entry: formatEntry(entry),
      reason:
        'something the worker may reach lies in it, so for what names outside resolve to this denial is held by Deno alone',
    })),
  };
}

/** True when an opened block lies in a denied one or holds it without leaving it out. */
function crosses({ peer, port }: CiliumOpening, denied: { readonly block: Block; readonly port?: number }): boolean {
  const block = 'cidr' in peer ? parseBlock(peer.cidr.cidr) : undefined;
  if (block === undefined || !('cidr' in peer) || !overlaps(block, denied.block)) return false;
  const { port: from, endPort } = port;
  const samePort = denied.port === undefined || typeof from === 'string' ||
    (from <= denied.port && denied.port <= (endPort ?? from));
  const left = (peer.cidr.except ?? []).flatMap((text) => parseBlock(text) ?? []);
  return samePort && !left.some((one) => contains(one, denied.block));
}

const nothing: ByName = { openings: [], reasons: [], outside: false };

function byName(entry: NetEntry, around: Around): ByName {
  switch (entry.kind) {
    case 'wildcard':
      return wildcard(entry, around);
    case 'ip':
    case 'cidr':
      return addresses(entry, around);
    case 'name': {
      if (isLoopbackName(entry.host)) return nothing;
      const found = findServices(entry.host, around.topology);
      if (found.length > 0) return together(found, found.map((ref) => service(entry, ref, around)));
      return clusterName(entry.host, around.topology).inside
        ? nothing
        : names([entry.host], allowedRanges(entry, around));
    }
    case 'loopback':
    case 'unix':
    case 'vsock':
      return nothing;
  }
}

/** What a name opens that may mean any of these Services. */
function together(found: readonly Candidate[], each: readonly ByName[]): ByName {
  const outside = each.some((one) => one.outside);
  // What `translate` says of the entry is dropped then, and with it that the name may be that of a pod.
  const pods = outside ? found.filter(({ ofPod }) => ofPod).map(allPodsOpened) : [];
  return {
    openings: each.flatMap(({ openings }) => openings),
    reasons: [...pods, ...each.flatMap(({ reasons }) => reasons)],
    outside,
  };
}

function names(hosts: readonly string[], ranges: readonly PortRange[]): ByName {
  const openings = hosts.flatMap((matchName) => open(ranges, { fqdn: { matchName } }));
  return { openings, reasons: [], outside: true };
}

function wildcard(entry: WildcardEntry, around: Around): ByName {
  const { suffix, port } = entry;
  if (isInsideWildcard(entry, around.topology)) {
    return {
      openings: [],
      reasons: [
        `names below ${suffix} lie in the cluster, where Cilium opens pods and not names: not opened; name the Services`,
      ],
      outside: true,
    };
  }
  const at = (host: string) => allowedRanges({ host, ...(port === undefined ? {} : { port }) }, around);
  const denied = around.deny.filter((one) =>
    (one.kind === 'name' && one.host.endsWith(`.${suffix}`)) ||
    (one.kind === 'wildcard' && one.suffix.endsWith(`.${suffix}`))
  );
  return {
    openings: [
      ...open(at(suffix), { fqdn: { matchName: suffix } }),
      // A name nobody has written down stands for all those below the suffix.
      ...namesBelow(suffix).flatMap((fqdn) => open(at(`${'x'.repeat(63)}.${suffix}`), { fqdn })),
    ],
    reasons: denied.map((one) => `Cilium cannot deny by name: ${formatEntry(one)} is held by Deno alone`),
    outside: true,
  };
}

function addresses(entry: NetEntry, around: Around): ByName {
  const block = blockOf(entry);
  if (block === undefined || isLoopback(block)) return nothing;
  const ref = entry.kind === 'ip' ? around.topology.serviceByClusterIP?.(entry.address) : undefined;
  if (ref !== undefined) return service(entry, ref, around);
  if (!mayHoldClusterAddresses(block)) return nothing;
  return {
    ...nothing,
    reasons: [
      'Cilium opens addresses outside the cluster alone: pods and nodes among these stay closed; name their Services',
    ],
  };
}

function service(entry: NetEntry, ref: ServiceRef, around: Around): ByName {
  const { topology } = around;
  const found = topology.service(ref.namespace, ref.name);
  if (found?.type === 'ExternalName') return externalName(entry, ref, around);
  if (ref.namespace === 'default' && ref.name === 'kubernetes') return apiServer(entry, around);
  const hidden = hiddenLabels(found?.selector ?? {});
  if (hidden.length === 0) return nothing;
  return {
    ...nothing,
    reasons: [
      `Service ${ref.namespace}/${ref.name} selects pods by ${
        hidden.join(', ')
      }, which Cilium leaves out of what it knows pods by: it stays closed unless Cilium's labels setting has it`,
    ],
  };
}

/** The proxy learns addresses under the name that was asked for, which is the Service's own, whatever it stands for outside. */
function externalName(entry: NetEntry, ref: ServiceRef, around: Around): ByName {
  const host = `${ref.name}.${ref.namespace}.svc.${around.topology.clusterDomain}`;
  const [meaning] = meaningsOf(host, around.topology);
  if (meaning?.kind === 'service') return service(entry, meaning.ref, around);
  return meaning?.kind === 'outside'
    ? names([host], entry.kind === 'name' ? allowedRanges(entry, around) : [])
    : nothing;
}

/** API servers are nodes, or lie outside: Cilium knows them as an entity of their own. */
function apiServer(entry: NetEntry, { deny, topology }: Around): ByName {
  const { rules } = translate([entry], deny, topology);
  return {
    ...nothing,
    openings: rules.flatMap(openingsOf).map(({ port }) => ({ peer: { entity: 'kube-apiserver' }, port })),
  };
}

function open(ranges: readonly PortRange[], peer: CiliumPeer): CiliumOpening[] {
  return ranges.map((range) => ({ peer, port: tcp(range) }));
}
