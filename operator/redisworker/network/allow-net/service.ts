/** A Service as openings: the pods it selects on the ports it leads to, for policies act behind its address. */
import { parseAddress } from './address.ts';
import { type DeniedBlock, openBlock, type PortRange, rangeOf, tcp } from './deny.ts';
import type { Opening, Peer } from './egress.ts';
import { type EndpointAddresses, isHeadless, type Service, type ServicePort, type ServiceRef } from './topology.ts';

/** In which way a name became an opening that is not exact. */
export type OpenedBy = 'NameResolved' | 'PortOpened' | 'WildcardOpened';

/** What one entry of a scope opens, and why that is not exactly what the entry says. */
export interface Translation {
  readonly openings: readonly Opening[];
  readonly reasons: readonly string[];
  readonly by?: OpenedBy;
  /** The worker asked not to have such an entry carried out in any way. */
  readonly refused?: true;
}

/** A Service named by an entry, with the ports of the entry that Deno lets through. */
export interface NamedService {
  readonly ref: ServiceRef;
  readonly service: Service;
  /** The address a connection goes to first; empty or `None` when that is a pod's own. */
  readonly dialled: string;
  /** The EndpointSlices, for a Service without a selector. */
  readonly endpoints: readonly EndpointAddresses[];
  /** Why the EndpointSlices cannot be read. */
  readonly endpointsProblem?: string | undefined;
  /** What the entry allows; one range from 1 to 65535 when it names no port. */
  readonly ranges: readonly PortRange[];
  readonly denied: readonly DeniedBlock[];
  /** True when pods may have denied addresses. */
  readonly deniesPods: boolean;
}

/** Translates a Service that is no ExternalName; what cannot be found is told as a reason and opens nothing. */
export function translateService(named: NamedService): Translation {
  const { ref, service } = named;
  const headless = isHeadless(service);
  if (hasSelector(service)) return headless ? headlessPods(named) : servicePods(named);
  if (named.endpointsProblem !== undefined) {
    return none(
      `Service ${
        text(ref)
      } has no selector, and its EndpointSlices cannot be read: not opened (${named.endpointsProblem})`,
    );
  }
  if (named.endpoints.every((slice) => slice.addresses.length === 0)) {
    return none(`Service ${text(ref)} has neither a selector nor endpoints: nothing to open yet`);
  }
  return headless ? headlessAddresses(named) : serviceAddresses(named);
}

/** True when the Service selects pods by label; an empty selector selects none. */
function hasSelector(service: Service): boolean {
  return Object.keys(service.selector ?? {}).length > 0;
}

function headlessPods(named: NamedService): Translation {
  const peer = podsOf(named);
  const reasons = !named.deniesPods
    ? []
    : [`Service ${text(named.ref)} is headless: denied addresses among its pods are refused by Deno alone`];
  return { openings: named.ranges.map((range) => ({ peer, port: tcp(range) })), reasons };
}

function servicePods(named: NamedService): Translation {
  const peer = podsOf(named);
  return eachPort(named, ({ targetPort }) => [{ peer, port: { protocol: 'TCP', port: targetPort } }]);
}

function headlessAddresses(named: NamedService): Translation {
  const addresses = named.endpoints.flatMap((slice) => slice.addresses);
  return {
    openings: addresses.flatMap((address) =>
      named.ranges.flatMap((range) => openAddress(address, range, named.denied))
    ),
    reasons: [],
  };
}

/** The denied addresses are compared with the address that is dialled, see {@link eachPort}. */
function serviceAddresses(named: NamedService): Translation {
  return eachPort(named, (servicePort) =>
    named.endpoints.flatMap(({ addresses, ports }) =>
      ports
        .filter((port) => port.protocol === 'TCP' && (port.name ?? '') === (servicePort.name ?? ''))
        .flatMap(({ port }) => addresses.flatMap((address) => openAddress(address, rangeOf(port), [])))
    ));
}

/** Opens the ports of the Service that the entry names and that lead somewhere by TCP. */
function eachPort(named: NamedService, open: (port: ServicePort) => Opening[]): Translation {
  const wanted = named.service.ports.filter((port) =>
    named.ranges.some(({ from, to }) => from <= port.port && port.port <= to)
  );
  const usable = wanted.filter((port) => port.protocol === 'TCP');
  const reasons = wanted.length > usable.length
    ? [`Service ${text(named.ref)} also has a port that is not TCP: only TCP is opened`]
    : [];
  if (usable.length === 0) return none(...(reasons.length > 0 ? reasons : [noPort(named)]));
  return { openings: usable.filter((port) => !deniedByAddress(named, port.port)).flatMap(open), reasons };
}

/** Deno checks what a name resolved to, here the Service's address, against its denied addresses. */
function deniedByAddress({ dialled, denied }: NamedService, port: number): boolean {
  const own = parseAddress(dialled);
  if (own === undefined) return false;
  return openBlock(own, rangeOf(port), denied).length === 0;
}

function noPort({ ref, service, ranges }: NamedService): string {
  const [range] = ranges;
  const asked = range?.from === range?.to && range !== undefined ? `no port ${range.from}` : 'no such port';
  const has = service.ports.map((port) => `${port.port}/${port.protocol}`).join(', ');
  return `Service ${text(ref)} has ${asked} (it has ${has === '' ? 'none' : has}): not opened`;
}

function openAddress(address: string, range: PortRange, denied: readonly DeniedBlock[]): Opening[] {
  const block = parseAddress(address);
  return block === undefined ? [] : openBlock(block, range, denied);
}

function podsOf({ ref, service }: NamedService): Peer {
  return {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ref.namespace } },
    podSelector: { matchLabels: sorted(service.selector ?? {}) },
  };
}

/** Label order must not change a policy's text. */
function sorted(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function none(...reasons: readonly string[]): Translation {
  return { openings: [], reasons };
}

function text({ namespace, name }: ServiceRef): string {
  return `${namespace}/${name}`;
}
