/** Denied addresses: final in Deno, so the policy takes them out of what it opens. */
import { type Block, contains, formatBlock, overlaps, parseAddress, parseBlock } from './address.ts';
import { formatEntry } from './canonical.ts';
import type { NetEntry, Scope } from './entry.ts';
import type { Opening, PolicyPort } from './egress.ts';

/** A denied block, on one port or on all. */
export interface DeniedBlock {
  readonly block: Block;
  readonly port?: number;
}

/** A stretch of ports, both ends included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Addresses at which clouds hand credentials to whoever asks. Denied to every worker by address, so
 * that no name that resolves there gets through, unless the scope names the address itself.
 */
const metadataAddresses = [
  '169.254.169.254',
  '[fd00:ec2::254]',
  '[fd20:ce::254]', // instance metadata
  '169.254.170.2',
  '169.254.170.23',
  '[fd00:ec2::23]', // task and pod credentials
  '100.100.100.200',
  '168.63.129.16',
].map((text): NetEntry => ({ kind: 'ip', address: text.replace(/[[\]]/g, '') }));

/** The same addresses as blocks. */
export const metadataBlocks: readonly Block[] = metadataAddresses.flatMap((entry) => blockOf(entry) ?? []);

/** The denied entries Deno gets and the policy mirrors: the worker's own and the metadata addresses. */
export function withMetadataDenied(scope: Scope, deny: Scope): NetEntry[] {
  const named = new Set(scope.flatMap((entry) => (entry.kind === 'ip' ? [entry.address] : [])));
  const denied = new Set(deny.map(formatEntry));
  return [
    ...deny,
    ...metadataAddresses.filter((entry) =>
      entry.kind === 'ip' && !named.has(entry.address) && !denied.has(formatEntry(entry))
    ),
  ];
}

/** True for an entry {@link withMetadataDenied} adds by itself. */
export function isMetadataAddress(entry: NetEntry): boolean {
  return metadataAddresses.some((metadata) => formatEntry(metadata) === formatEntry(entry));
}

/** The blocks of the entries that name addresses; names deny no address. */
export function deniedBlocks(deny: Scope): DeniedBlock[] {
  return deny.flatMap((entry) => {
    const block = blockOf(entry);
    return block === undefined ? [] : [{ block, ...('port' in entry ? { port: entry.port } : {}) }];
  });
}

/** The addresses of an entry of kind `ip` or `cidr`. */
export function blockOf(entry: NetEntry): Block | undefined {
  if (entry.kind === 'ip') return parseAddress(entry.address);
  return entry.kind === 'cidr' ? parseBlock(entry.cidr) : undefined;
}

/** Opens a range of TCP ports of a block, without what is denied in it. */
export function openBlock(block: Block, range: PortRange, denied: readonly DeniedBlock[]): Opening[] {
  const inPlay = denied.filter((one) => overlaps(one.block, block));
  return cutRange(range, inPlay.flatMap((one) => one.port ?? [])).flatMap((part) => {
    const blocks = inPlay.filter((one) => one.port === undefined || one.port === part.from).map((one) => one.block);
    if (blocks.some((one) => contains(one, block))) return [];
    const except = outermost(blocks);
    const ipBlock = { cidr: formatBlock(block), ...(except.length > 0 ? { except } : {}) };
    return [{ peer: { ipBlock }, port: tcp(part) }];
  });
}

/** The ports an entry stands for: its one port, or all. */
export function rangeOf(port: number | undefined): PortRange {
  return port === undefined ? { from: 1, to: 65_535 } : { from: port, to: port };
}

/** Cuts a range so that each of the `special` ports in it is a range of its own. */
export function cutRange({ from, to }: PortRange, special: readonly number[]): PortRange[] {
  const cuts = [...new Set(special)].filter((port) => from <= port && port <= to).sort((one, other) => one - other);
  const starts = [from, ...cuts.flatMap((cut) => [cut, cut + 1])];
  const ends = [...cuts.flatMap((cut) => [cut - 1, cut]), to];
  return starts.map((start, index) => ({ from: start, to: ends[index] ?? to })).filter((part) => part.from <= part.to);
}

/** A TCP port or range as a policy writes it. */
export function tcp({ from, to }: PortRange): PolicyPort {
  return { protocol: 'TCP', port: from, ...(to > from ? { endPort: to } : {}) };
}

/** Canonical texts of the blocks that lie in no other one, sorted. */
function outermost(blocks: readonly Block[]): string[] {
  const outer = blocks.filter((block) =>
    !blocks.some((other) => other.prefix < block.prefix && contains(other, block))
  );
  return [...new Set(outer.map(formatBlock))].sort();
}
