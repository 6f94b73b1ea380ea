/** The mirror: a scope as egress rules, with everything NetworkPolicy v1 cannot say told by entry. */
import { type Block, formatAddress, isLoopback, parseAddress } from './address.ts';
import { formatEntry } from './canonical.ts';
import { clusterName, findService, isLoopbackName, requiredServices } from './cluster-name.ts';
import { denoAllows } from './deno-allows.ts';
import { blockOf, type DeniedBlock, cutRange, deniedBlocks, isMetadataAddress, openBlock, type PortRange, rangeOf } from './deny.ts';
import { type EgressRule, type Opening, rulesOf } from './egress.ts';
import type { CidrEntry, IpEntry, NameEntry, NetEntry, Scope } from './entry.ts';
import { translateService, type Translation } from './service.ts';
import type { ServiceRef, Topology } from './topology.ts';

/** An entry the policy does not say exactly, and in which way. */
export interface Approximation {
  readonly entry: string;
  readonly reason: string;
}

/** The rules of a scope. */
export interface Mirror {
  readonly rules: readonly EgressRule[];
  readonly approximations: readonly Approximation[];
  /** Services the scope's names may mean, found or not. */
  readonly services: readonly ServiceRef[];
}

/** What every entry is translated against. */
interface Surroundings {
  readonly scope: Scope;
  readonly deny: Scope;
  readonly denied: readonly DeniedBlock[];
  /** Denied blocks in which pods may lie: all but the metadata addresses. */
  readonly deniesPods: boolean;
  readonly topology: Topology;
}

/**
 * Translates what a worker may dial into what its pods may reach, TCP alone: Deno's stable API has no
 * UDP. Addresses that never leave the pod, Unix and VM sockets need no rule. A wide block does not
 * open the Services whose addresses lie in it, for policies act behind those; name the Services.
 * @param deny all denied entries Deno gets
 */
export function translate(scope: Scope, deny: Scope, topology: Topology): Mirror {
  const deniesPods = deny.some((entry) => blockOf(entry) !== undefined && !isMetadataAddress(entry));
  const surroundings = { scope, deny, denied: deniedBlocks(deny), deniesPods, topology };
  const translated = scope.map((entry) => ({ entry: formatEntry(entry), ...translateEntry(entry, surroundings) }));
  return {
    rules: rulesOf(translated.flatMap(({ openings }) => openings)),
    approximations: translated.flatMap(({ entry, reasons }) => reasons.map((reason) => ({ entry, reason }))),
    services: requiredServices(scope, topology),
  };
}

const exactlyNothing: Translation = { openings: [], reasons: [] };

function translateEntry(entry: NetEntry, surroundings: Surroundings): Translation {
  switch (entry.kind) {
    case 'name': return translateName(entry, surroundings);
    case 'wildcard': return { openings: [], reasons: [`names below ${entry.suffix} cannot be listed, and a NetworkPolicy has no names: not opened`] };
    case 'ip':
    case 'cidr': return translateBlock(entry, surroundings);
    case 'loopback':
    case 'unix':
    case 'vsock': return exactlyNothing;
  }
}

function translateBlock(entry: IpEntry | CidrEntry, surroundings: Surroundings): Translation {
  const block = blockOf(entry);
  if (block === undefined || isLoopback(block)) return exactlyNothing;
  const range = rangeOf(entry.port);
  const ref = entry.kind === 'ip' ? surroundings.topology.serviceByClusterIP?.(entry.address) : undefined;
  if (ref !== undefined) return translateRef(ref, [range], surroundings, formatAddress(block));
  return { openings: openBlock(block, range, surroundings.denied), reasons: [] };
}

function translateName(entry: NameEntry, surroundings: Surroundings): Translation {
  if (isLoopbackName(entry.host)) return exactlyNothing;
  const ranges = allowedRanges(entry, surroundings);
  if (ranges.length === 0) return exactlyNothing;
  const { topology } = surroundings;
  const { candidates, inside } = clusterName(entry.host, topology);
  const found = findService(entry.host, topology);
  if (found !== undefined) return translateRef(found, ranges, surroundings);
  const addresses = outsideAddresses(entry.host, topology);
  return inside && addresses.length === 0 ? notFound(entry.host, candidates[0]) : translateOutside(entry.host, addresses, ranges, surroundings);
}

/** The entry's ports, less those a denied name takes away. */
export function allowedRanges({ host, port }: Pick<NameEntry, 'host' | 'port'>, { scope, deny }: { readonly scope: Scope; readonly deny: Scope }): PortRange[] {
  const special = [...scope, ...deny].flatMap((entry) => ('port' in entry ? entry.port : []));
  const names = deny.filter(({ kind }) => kind === 'name' || kind === 'wildcard');
  if (names.length === 0) return [rangeOf(port)];
  return joined(cutRange(rangeOf(port), special).filter(({ from }) => denoAllows(scope, names, host, from)));
}

/** Joins ranges that touch. */
function joined(ranges: readonly PortRange[]): PortRange[] {
  return ranges.reduce<PortRange[]>((done, range) => {
    const last = done.at(-1);
    return last !== undefined && last.to + 1 === range.from ? [...done.slice(0, -1), { from: last.from, to: range.to }] : [...done, range];
  }, []);
}

/** @param dialled the Service's address as the entry writes it; absent when the entry is a name */
function translateRef(ref: ServiceRef, ranges: readonly PortRange[], surroundings: Surroundings, dialled?: string): Translation {
  const { denied, deniesPods, topology } = surroundings;
  const service = topology.service(ref.namespace, ref.name);
  if (service === undefined) return notFound(ref.name, ref);
  const endpoints = topology.addresses?.(ref.namespace, ref.name) ?? [];
  return translateService({ ref, service, dialled: dialled ?? service.clusterIP ?? '', endpoints, ranges, denied, deniesPods });
}

function notFound(host: string, ref: ServiceRef | undefined): Translation {
  const where = ref === undefined ? host : `${ref.namespace}/${ref.name}`;
  return { openings: [], reasons: [`Service not found: ${where} does not exist; nothing is opened until it does`] };
}

/** What a name that is no Service resolved to, where somebody resolves names; never an address of the pod itself. */
function outsideAddresses(host: string, topology: Topology): Block[] {
  const blocks = (topology.outsideAddresses?.(host) ?? []).flatMap((text) => parseAddress(text) ?? []);
  return blocks.filter((block) => !isLoopback(block));
}

/** A name outside the cluster can be opened by address alone, and never exactly. */
function translateOutside(host: string, addresses: readonly Block[], ranges: readonly PortRange[], { denied }: Surroundings): Translation {
  if (addresses.length === 0) return { openings: [], reasons: [`${host} is a name outside the cluster, and a NetworkPolicy has no names: not opened`] };
  const openings = addresses.flatMap((block) => ranges.flatMap((range): Opening[] => openBlock(block, range, denied)));
  return { openings, reasons: [`${host} is a name outside the cluster: opened by the addresses it resolved to, which other names may share`] };
}
