/** Which Redis an author may name: one of the hosts the admin allows, and never what guards the cluster. Pure. */
import { type HostPort, parseHost } from '../../../contract/host-port.ts';
import type { Reach } from '../../redis/reach.ts';
import { type Block, contains, formatAddress, formatBlock, parseAddress, parseBlock } from './allow-net/address.ts';
import { metadataBlocks } from './allow-net/deny.ts';
import { meaningsOf } from './allow-net/meaning.ts';
import { withNat64 } from './allow-net/public-address.ts';
import type { ServiceRef, Topology } from './allow-net/topology.ts';
import { canonicalServers, type RedisServer } from './redis-servers.ts';

/** One entry of `--redis-hosts`. */
export type HostRule =
  | { readonly kind: 'name' | 'wildcard'; readonly host: string }
  | { readonly kind: 'block'; readonly block: Block };

/** What the admin says of the hosts of `spec.redis`. */
export interface RedisHosts {
  /** Nothing else is reached; everything that is not closed when empty. */
  readonly allowed: readonly HostRule[];
  /** Where the operator reaches the API server. */
  readonly apiServer?: HostPort | undefined;
}

/** What the hosts are judged by. */
export interface HostSurroundings {
  readonly hosts: RedisHosts;
  readonly topology: Topology;
  /** The servers of the Redis of workers that name none. */
  readonly defaultRedis: readonly HostPort[];
  /** The loopback of pods is that of this machine. */
  readonly sharesLoopback: boolean;
}

/** Where a host may lead: its whole names, and the addresses that are known. */
interface Place {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

const blocksOf = (texts: readonly string[]): Block[] => texts.flatMap((text) => parseBlock(text) ?? []);
const alwaysClosed = withNat64([...blocksOf(['169.254.0.0/16', 'fe80::/10']), ...metadataBlocks]);
const loopback = withNat64(blocksOf(['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128']));

/** Reads an entry of `--redis-hosts`: a name, `*.` and a domain, an address or a block; undefined when it is none. */
export function parseHostRule(text: string): HostRule | undefined {
  const block = parseBlock(text) ?? parseAddress(text.replace(/^\[(.*)\]$/, '$1'));
  if (block !== undefined) return { kind: 'block', block };
  const host = parseHost(text.replace(/^\*\./, ''));
  return host === undefined ? undefined : { kind: text.startsWith('*.') ? 'wildcard' : 'name', host };
}

/** The API server of a URL. */
export function apiServerOf(url: string): HostPort | undefined {
  if (!URL.canParse(url)) return undefined;
  const { hostname, port, protocol } = new URL(url);
  const host = parseHost(hostname);
  return host === undefined ? undefined : { host, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

/** Why a worker may not have this server in its Redis, as the rest of a sentence about it; undefined when it may. */
export function hostRefusal(redis: RedisServer, around: HostSurroundings): string | undefined {
  const places = placesOf(redis, around.topology);
  if (places.some((place) => isApiServer(place, redis.port, around))) {
    return 'leads to the API server of the cluster: name the host of a Redis';
  }
  if (isDefault(places, redis.port, around)) {
    return "leads to the operator's own Redis, which is for workers that name none: remove spec.redis";
  }
  const closed = closedBlocks(around);
  const inside = places.flatMap(({ addresses }) => addresses).find((address) => isInside(address, closed));
  if (inside !== undefined) {
    return `leads to ${inside}, which is a loopback, link-local or cloud metadata address: name another host`;
  }
  const { allowed } = around.hosts;
  if (allowed.length === 0 || places.every((place) => isNamed(place, allowed) || isWithin(place, allowed))) {
    return undefined;
  }
  return `names a host the admin of this operator does not allow (--redis-hosts): name one of ${listed(allowed)}`;
}

/**
 * The addresses the connections to a Redis are held to while they are opened, whatever its names have come to mean by
 * then, and wherever a server of it points.
 */
export function reachOf(redis: readonly RedisServer[], around: HostSurroundings): Reach {
  const { hosts: { allowed, apiServer }, topology, defaultRedis } = around;
  const guarded = [...(apiServer ? [apiServer] : []), ...defaultRedis].flatMap(({ host, port }) =>
    placesOf({ host, port, addresses: [] }, topology).flatMap(({ addresses }) =>
      addresses.map((address) => ({ host: address, port }))
    )
  );
  const blocks = allowed.flatMap((rule) => (rule.kind === 'block' ? rule.block : []));
  const byName = redis.filter((server) => placesOf(server, topology).every((place) => isNamed(place, allowed)));
  return {
    closed: closedBlocks(around).map(formatBlock),
    guarded: canonicalServers(guarded),
    ...(allowed.length === 0 ? {} : { open: blocks.map(formatBlock), named: byName.map(({ host }) => host) }),
  };
}

function placesOf({ host, addresses }: RedisServer, topology: Topology): Place[] {
  const address = parseAddress(host);
  if (address !== undefined) {
    const text = formatAddress(address);
    const service = topology.serviceByClusterIP?.(text);
    const behind = service === undefined ? { names: [], addresses: [] } : placeOf(service, topology);
    return [{ names: behind.names, addresses: [text, ...behind.addresses] }];
  }
  return meaningsOf(host, topology).map((meaning): Place => {
    switch (meaning.kind) {
      case 'pod':
        return { names: [host], addresses: [] };
      case 'service':
        return placeOf(meaning.ref, topology);
      case 'missing':
        return { names: meaning.ref ? namesOf(meaning.ref, topology) : [host], addresses };
      case 'outside':
        return { names: [meaning.host], addresses };
    }
  });
}

/** A Service, with the addresses its author has put behind it by hand. */
function placeOf(ref: ServiceRef, topology: Topology): Place {
  const { clusterIP } = topology.service(ref.namespace, ref.name) ?? {};
  const own = clusterIP === undefined ? undefined : parseAddress(clusterIP);
  const slices = topology.addresses?.(ref.namespace, ref.name) ?? [];
  return {
    names: namesOf(ref, topology),
    addresses: [...(own ? [formatAddress(own)] : []), ...slices.flatMap(({ addresses }) => addresses)],
  };
}

function namesOf({ namespace, name }: ServiceRef, { clusterDomain }: Topology): string[] {
  return [`${name}.${namespace}.svc.${clusterDomain}`, `${name}.${namespace}.svc`];
}

function isApiServer(place: Place, port: number, { hosts: { apiServer }, topology }: HostSurroundings): boolean {
  if (meet(place, { names: namesOf({ namespace: 'default', name: 'kubernetes' }, topology), addresses: [] })) {
    return true;
  }
  if (apiServer?.port !== port) return false;
  return placesOf({ ...apiServer, addresses: [] }, topology).some((other) => meet(place, other));
}

function isDefault(
  places: readonly Place[],
  port: number,
  { defaultRedis, topology }: HostSurroundings,
): boolean {
  const theirs = defaultRedis.filter((server) => server.port === port)
    .flatMap((server) => placesOf({ ...server, addresses: [] }, topology));
  return places.some((place) => theirs.some((other) => meet(place, other)));
}

function meet(one: Place, other: Place): boolean {
  return one.names.some((name) => other.names.includes(name)) ||
    one.addresses.some((address) => other.addresses.includes(address));
}

function closedBlocks({ sharesLoopback }: HostSurroundings): Block[] {
  return sharesLoopback ? alwaysClosed : [...alwaysClosed, ...loopback];
}

function isNamed({ names }: Place, allowed: readonly HostRule[]): boolean {
  return allowed.some((rule) =>
    rule.kind !== 'block' &&
    names.some((name) => (rule.kind === 'name' ? name === rule.host : name.endsWith(`.${rule.host}`)))
  );
}

/** A name that has not resolved yet is in no block. */
function isWithin({ addresses }: Place, allowed: readonly HostRule[]): boolean {
  const blocks = allowed.flatMap((rule) => (rule.kind === 'block' ? rule.block : []));
  return addresses.length > 0 && addresses.every((address) => isInside(address, blocks));
}

function isInside(text: string, blocks: readonly Block[]): boolean {
  const address = parseAddress(text);
  return address !== undefined && blocks.some((block) => contains(block, address));
}

/** As many as a person reads. */
function listed(allowed: readonly HostRule[]): string {
  const texts = allowed.map((rule) =>
    rule.kind === 'block' ? formatBlock(rule.block) : rule.kind === 'name' ? rule.host : `*.${rule.host}`
  );
  return texts.length > 5 ? `${texts.slice(0, 5).join(', ')} and ${texts.length - 5} more` : texts.join(', ');
}
