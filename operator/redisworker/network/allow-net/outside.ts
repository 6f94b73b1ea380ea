/** Names outside the cluster as openings: by the addresses they resolve to, by their port, or not at all. */
import { type Block, contains, formatAddress, isLoopback, parseAddress } from './address.ts';
import { clusterName } from './cluster-name.ts';
import { blockOf, type DeniedBlock, openBlock, type PortRange } from './deny.ts';
import type { Opening } from './egress.ts';
import type { Scope, WildcardEntry } from './entry.ts';
import { everywhere, isPublic, specialBlocks, withNat64 } from './public-address.ts';
import type { Translation } from './service.ts';
import type { Topology } from './topology.ts';

/** How names outside the cluster become policy. */
export interface NameRules {
  readonly mode: 'Resolve' | 'OpenPort' | 'Refuse';
  /** Which answers of DNS are believed: a name of a scope may not lead to private addresses, that of the Redis may. */
  readonly answers: 'Public' | 'Any';
  /** Blocks of the cluster that count as private: of its pods, Services and nodes. */
  readonly closed: readonly Block[];
}

/** The rules of a worker that says nothing else. */
export const resolvePublic: NameRules = { mode: 'Resolve', answers: 'Public', closed: [] };

/** What a name outside is translated against. */
export interface Surroundings {
  readonly scope: Scope;
  readonly denied: readonly DeniedBlock[];
  readonly topology: Topology;
  readonly rules: NameRules;
}

/** A name outside the cluster, followed from an ExternalName Service perhaps. */
export interface OutsideName {
  readonly host: string;
  readonly ranges: readonly PortRange[];
}

/** Translates a name that is no Service; never exactly. */
export function translateOutside(name: OutsideName, surroundings: Surroundings): Translation {
  switch (surroundings.rules.mode) {
    case 'Resolve':
      return byAddresses(name, surroundings);
    case 'OpenPort':
      return {
        openings: openEverywhere(name.ranges, surroundings),
        reasons: [`${name.host} is a name outside the cluster: ${portsOpened(name.ranges)}`],
        by: 'PortOpened',
      };
    case 'Refuse':
      return refused(`${name.host} is a name outside the cluster`);
  }
}

/** Translates `*.suffix`, which only an open port can carry out. */
export function translateWildcard(
  entry: WildcardEntry,
  ranges: readonly PortRange[],
  surroundings: Surroundings,
): Translation {
  const { suffix } = entry;
  const { rules, topology } = surroundings;
  if (rules.mode === 'Refuse') return refused(`names below ${suffix} cannot be listed`);
  if (rules.mode === 'Resolve') {
    return nothing(`names below ${suffix} cannot be listed, and a NetworkPolicy has no names: not opened`);
  }
  if (suffix === topology.clusterDomain || clusterName(`a.${suffix}`, topology).inside) {
    return nothing(
      `names below ${suffix} lie inside the cluster, where no port is opened to all: not opened, name the Services`,
    );
  }
  return {
    openings: openEverywhere(ranges, surroundings),
    reasons: [`names below ${suffix} cannot be listed: ${portsOpened(ranges)}`],
    by: 'WildcardOpened',
  };
}

function byAddresses({ host, ranges }: OutsideName, surroundings: Surroundings): Translation {
  const { topology, denied, rules } = surroundings;
  const addresses = (topology.outsideAddresses?.(host) ?? []).flatMap((text) => parseAddress(text) ?? []);
  const notes = topology.outsideNotes?.(host) ?? [];
  const believed = addresses.filter((
    address,
  ) => (rules.answers === 'Any' ? !isLoopback(address) : isPublic(address, rules.closed)));
  const openings = believed.flatMap((address) =>
    ranges.flatMap((range): Opening[] => openBlock(address, range, denied))
  );
  const told = [
    ...notes,
    ...refusedAnswers(addresses.filter((address) => !believed.includes(address)), ranges, surroundings),
    ...deniedAnswers(believed, openings),
  ];
  const more = told.map((note) => `; ${note}`).join('');
  if (openings.length === 0) {
    return nothing(`${host} is a name outside the cluster, and a NetworkPolicy has no names: not opened${more}`);
  }
  return {
    openings,
    reasons: [
      `${host} is a name outside the cluster: opened by the addresses it resolved to, which other names may share${more}`,
    ],
    by: 'NameResolved',
  };
}

/** Answers that are not public; those an address entry of the scope opens anyway need no word. */
function refusedAnswers(
  addresses: readonly Block[],
  ranges: readonly PortRange[],
  { scope, rules }: Surroundings,
): string[] {
  if (rules.answers === 'Any') return [];
  const untold = addresses.filter((address) => !ranges.every((range) => opensByAddress(scope, address, range)));
  if (untold.length === 0) return [];
  return [
    `${listed(untold)} among its addresses ${
      untold.length === 1 ? 'is' : 'are'
    } not public and not opened: add the address or its range to permissions.net if that is meant`,
  ];
}

function deniedAnswers(believed: readonly Block[], openings: readonly Opening[]): string[] {
  return believed.length > 0 && openings.length === 0
    ? [`${listed(believed)} ${believed.length === 1 ? 'is' : 'are'} denied`]
    : [];
}

function opensByAddress(scope: Scope, address: Block, { from, to }: PortRange): boolean {
  return scope.some((entry) => {
    const block = blockOf(entry);
    if (block === undefined || !contains(block, address)) return false;
    return !('port' in entry) || (entry.port === from && entry.port === to);
  });
}

function openEverywhere(ranges: readonly PortRange[], { denied, rules }: Surroundings): Opening[] {
  const never = [...specialBlocks, ...withNat64(rules.closed)].map((block): DeniedBlock => ({ block }));
  const deniedToo = denied.flatMap((one) => withNat64([one.block]).map((block): DeniedBlock => ({ ...one, block })));
  return everywhere.flatMap((block) => ranges.flatMap((range) => openBlock(block, range, [...deniedToo, ...never])));
}

function portsOpened(ranges: readonly PortRange[]): string {
  const ports = ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
  const one = ranges.every(({ from, to }) => from === to);
  return one
    ? `port ${ports} is open to every public address, as spec.permissions.outsideNames is OpenPort`
    : `TCP ports ${ports} are open to every public address, as spec.permissions.outsideNames is OpenPort and the entry has no port: give it one`;
}

/** Addresses named in a sentence. */
const named = 3;

function listed(addresses: readonly Block[]): string {
  const texts = addresses.map(formatAddress).sort();
  return texts.length > named
    ? `${texts.slice(0, named).join(', ')} and ${texts.length - named} more`
    : texts.join(', ');
}

function nothing(reason: string): Translation {
  return { openings: [], reasons: [reason] };
}

function refused(what: string): Translation {
  return {
    openings: [],
    reasons: [
      `${what}, which spec.permissions.outsideNames: Refuse rules out: name a Service or an address, or choose Resolve or OpenPort`,
    ],
    refused: true,
  };
}
