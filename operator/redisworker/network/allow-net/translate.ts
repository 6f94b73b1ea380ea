/** The mirror: a scope as egress rules, with everything NetworkPolicy v1 cannot say told by entry. */
import { formatAddress, isLoopback } from './address.ts';
import { formatEntry } from './canonical.ts';
import { clusterName } from './cluster-name.ts';
import { denoAllows } from './deno-allows.ts';
import {
  blockOf,
  cutRange,
  type DeniedBlock,
  deniedBlocks,
  isMetadataAddress,
  openBlock,
  type PortRange,
  rangeOf,
} from './deny.ts';
import { type EgressRule, rulesOf } from './egress.ts';
import type { CidrEntry, IpEntry, NameEntry, NetEntry, Scope } from './entry.ts';
import { type Meaning, meaningsOf, requiredServices } from './meaning.ts';
import { type NameRules, resolvePublic, translateOutside, translateWildcard } from './outside.ts';
import { type OpenedBy, translateService, type Translation } from './service.ts';
import type { ServiceRef, Topology } from './topology.ts';

/** An entry the policy does not say exactly, and in which way. */
export interface Approximation {
  readonly entry: string;
  readonly reason: string;
  /** How a name outside was opened; absent when it was not, and for everything else. */
  readonly by?: OpenedBy;
}

/** The rules of a scope. */
export interface Mirror {
  readonly rules: readonly EgressRule[];
  readonly approximations: readonly Approximation[];
  /** Entries the worker's own rules on names forbid to carry out: with any, the policy must not be written. */
  readonly refusals: readonly Approximation[];
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
  readonly rules: NameRules;
}

/**
 * Translates what a worker may dial into what its pods may reach, TCP alone: Deno's stable API has no
 * UDP. Addresses that never leave the pod, Unix and VM sockets need no rule. A block does not open the
 * Services whose addresses lie in it, for policies act behind those, and tells so.
 * @param deny all denied entries Deno gets
 * @param rules how names outside the cluster are opened
 */
export function translate(scope: Scope, deny: Scope, topology: Topology, rules: NameRules = resolvePublic): Mirror {
  const deniesPods = deny.some((entry) => blockOf(entry) !== undefined && !isMetadataAddress(entry));
  const surroundings = { scope, deny, denied: deniedBlocks(deny), deniesPods, topology, rules };
  const translated = scope.flatMap((entry) =>
    translateEntry(entry, surroundings).map((translation) => ({ entry: formatEntry(entry), ...translation }))
  );
  const approximations = ({ entry, reasons, by }: (typeof translated)[number]): Approximation[] =>
    reasons.map((reason) => ({ entry, reason, ...(by ? { by } : {}) }));
  return {
    rules: rulesOf(translated.flatMap(({ openings }) => openings)),
    approximations: translated.flatMap(approximations),
    refusals: translated.filter(({ refused }) => refused).flatMap(approximations),
    services: requiredServices(scope, topology),
  };
}

const exactlyNothing: Translation = { openings: [], reasons: [] };

function translateEntry(entry: NetEntry, surroundings: Surroundings): Translation[] {
  switch (entry.kind) {
    case 'name':
      return translateName(entry, surroundings);
    case 'wildcard':
      return [translateWildcard(entry, [rangeOf(entry.port)], surroundings)];
    case 'ip':
    case 'cidr':
      return [translateBlock(entry, surroundings)];
    case 'loopback':
    case 'unix':
    case 'vsock':
      return [];
  }
}

function translateBlock(entry: IpEntry | CidrEntry, surroundings: Surroundings): Translation {
  const block = blockOf(entry);
  if (block === undefined || isLoopback(block)) return exactlyNothing;
  const range = rangeOf(entry.port);
  const ref = entry.kind === 'ip' ? surroundings.topology.serviceByClusterIP?.(entry.address) : undefined;
  if (ref !== undefined) return translateRef(ref, [range], surroundings, formatAddress(block));
  return {
    openings: openBlock(block, range, surroundings.denied),
    reasons: entry.kind === 'cidr' ? closedServices(entry, surroundings) : [],
  };
}

/** What all addresses and all ports include is open too when it is dialled through a Service. */
function closedServices({ cidr, port }: CidrEntry, { deniesPods, topology }: Surroundings): string[] {
  const opensAll = cidr === '0.0.0.0/0' && port === undefined && !deniesPods;
  if (opensAll || topology.holdsService?.(cidr) !== true) return [];
  return [
    'addresses of Services lie in this block, and a NetworkPolicy acts on the pods behind them: those Services are not opened; list the ones you need by name',
  ];
}

/** One translation for each thing the name may mean. */
function translateName(entry: NameEntry, surroundings: Surroundings): Translation[] {
  const meanings = meaningsOf(entry.host, surroundings.topology);
  if (meanings.every(({ kind }) => kind === 'pod')) return [];
  const ranges = allowedRanges(entry, surroundings);
  if (ranges.length === 0) return [];
  const maybeOutside = meanings.every(isOnePod) && !clusterName(entry.host, surroundings.topology).inside;
  const left = maybeOutside ? ', and nothing outside the cluster' : '';
  return meanings.map((meaning) => {
    const translation = translateMeaning(entry.host, meaning, ranges, surroundings);
    return isOnePod(meaning)
      ? { ...translation, reasons: [...translation.reasons, `${allPodsOpened(meaning.ref)}${left}`] }
      : translation;
  });
}

function translateMeaning(
  host: string,
  meaning: Meaning,
  ranges: readonly PortRange[],
  surroundings: Surroundings,
): Translation {
  switch (meaning.kind) {
    case 'pod':
      return exactlyNothing;
    case 'service':
      return translateRef(meaning.ref, ranges, surroundings);
    case 'outside':
      return aliased(meaning.via, translateOutside({ host: meaning.host, ranges }, surroundings));
    case 'missing': {
      const known = (surroundings.topology.outsideAddresses?.(host) ?? []).length > 0;
      return known ? translateOutside({ host, ranges }, surroundings) : notFound(host, meaning.ref);
    }
  }
}

function isOnePod(meaning: Meaning): meaning is Meaning & { readonly kind: 'service' } {
  return meaning.kind === 'service' && meaning.ofPod;
}

/** Why the name of one pod is not exact. */
export function allPodsOpened({ namespace, name }: ServiceRef): string {
  return `it names one pod of the headless Service ${namespace}/${name}, and a NetworkPolicy has no names of pods: all its pods are opened`;
}

/** Says which Service the name came from. */
function aliased(via: ServiceRef | undefined, translation: Translation): Translation {
  if (via === undefined) return translation;
  return {
    ...translation,
    reasons: translation.reasons.map((reason) => `Service ${via.namespace}/${via.name} stands for ${reason}`),
  };
}

/** The entry's ports, less those a denied name takes away. */
export function allowedRanges(
  { host, port }: Pick<NameEntry, 'host' | 'port'>,
  { scope, deny }: { readonly scope: Scope; readonly deny: Scope },
): PortRange[] {
  const special = [...scope, ...deny].flatMap((entry) => ('port' in entry ? entry.port : []));
  const names = deny.filter(({ kind }) => kind === 'name' || kind === 'wildcard');
  if (names.length === 0) return [rangeOf(port)];
  return joined(cutRange(rangeOf(port), special).filter(({ from }) => denoAllows(scope, names, host, from)));
}

/** Joins ranges that touch. */
function joined(ranges: readonly PortRange[]): PortRange[] {
  return ranges.reduce<PortRange[]>((done, range) => {
    const last = done.at(-1);
    return last !== undefined && last.to + 1 === range.from
      ? [...done.slice(0, -1), { from: last.from, to: range.to }]
      : [...done, range];
  }, []);
}

/** @param dialled the Service's address as the entry writes it; absent when the entry is a name */
function translateRef(
  ref: ServiceRef,
  ranges: readonly PortRange[],
  surroundings: Surroundings,
  dialled?: string,
): Translation {
  const { denied, deniesPods, topology } = surroundings;
  const service = topology.service(ref.namespace, ref.name);
  if (service === undefined) return notFound(ref.name, ref);
  const endpoints = topology.addresses?.(ref.namespace, ref.name) ?? [];
  const endpointsProblem = topology.addressesProblem?.(ref.namespace, ref.name);
  return translateService({
    ref,
    service,
    dialled: dialled ?? service.clusterIP ?? '',
    endpoints,
    endpointsProblem,
    ranges,
    denied,
    deniesPods,
  });
}

function notFound(host: string, ref: ServiceRef | undefined): Translation {
  const where = ref === undefined ? host : `${ref.namespace}/${ref.name}`;
  return { openings: [], reasons: [`Service not found: ${where} does not exist; nothing is opened until it does`] };
}
