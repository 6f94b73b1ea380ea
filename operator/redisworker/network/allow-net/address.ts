/** IP addresses and blocks as numbers: parse, canonical text, containment. */
import { remembered } from '../../../remembered.ts';

/** A block of addresses; a single address is a block with the full prefix. */
export interface Block {
  readonly family: 4 | 6;
  /** The first address, host bits cleared. */
  readonly first: bigint;
  /** Length of the prefix in bits, 0 to 32 or 128. */
  readonly prefix: number;
}

const bits = { 4: 32, 6: 128 } as const;

/** The address as a block of one, or undefined. IPv4 inside IPv6 (`::ffff:10.0.0.1`) becomes IPv4. */
export const parseAddress: (text: string) => Block | undefined = remembered((text) => {
  const v4 = parseIPv4(text);
  if (v4 !== undefined) return single(4, v4);
  const v6 = parseIPv6(text);
  if (v6 === undefined) return undefined;
  return v6 >> 32n === 0xffffn ? single(4, v6 & 0xffffffffn) : single(6, v6);
});

/** `address/prefix` with its host bits cleared, or undefined. */
export function parseBlock(text: string): Block | undefined {
  const [address = '', prefixText = '', ...rest] = text.split('/');
  const block = parseAddress(address);
  if (block === undefined || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefixText)) return undefined;
  const prefix = Number(prefixText);
  return prefix > bits[block.family] ? undefined : network(block, prefix);
}

/** True when the block holds exactly one address. */
export function isSingle(block: Block): boolean {
  return block.prefix === bits[block.family];
}

/** True when every address of `inner` lies in `outer`. */
export function contains(outer: Block, inner: Block): boolean {
  return outer.family === inner.family && outer.prefix <= inner.prefix &&
    network(inner, outer.prefix).first === outer.first;
}

/** True when the text is a block and the address lies in it. */
export function isIn(cidr: string, address: string): boolean {
  const [block, own] = [parseBlock(cidr), parseAddress(address)];
  return block !== undefined && own !== undefined && contains(block, own);
}

/** Two blocks never overlap by halves: they are nested or disjoint. */
export function overlaps(one: Block, other: Block): boolean {
  return contains(one, other) || contains(other, one);
}

/** The first address in canonical text: dotted IPv4, or IPv6 after RFC 5952 without brackets. */
export function formatAddress(block: Block): string {
  return block.family === 4 ? parts(block.first, 4, 8).join('.') : formatIPv6(parts(block.first, 8, 16));
}

/** `address/prefix`, also for a single address: the form of an `ipBlock`. */
export function formatBlock(block: Block): string {
  return `${formatAddress(block)}/${block.prefix}`;
}

const loopbacks = ['127.0.0.0/8', '0.0.0.0/32', '::1/128', '::/128'].flatMap((text) => parseBlock(text) ?? []);

/** True for addresses that never leave the pod: 127.0.0.0/8, ::1, and the unspecified ones. */
export function isLoopback(block: Block): boolean {
  return loopbacks.some((loopback) => contains(loopback, block));
}

function single(family: 4 | 6, first: bigint): Block {
  return { family, first, prefix: bits[family] };
}

function network(block: Block, prefix: number): Block {
  const hostBits = BigInt(bits[block.family] - prefix);
  return { family: block.family, first: (block.first >> hostBits) << hostBits, prefix };
}

function parseIPv4(text: string): bigint | undefined {
  const octets = text.split('.');
  const valid = octets.length === 4 && octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256);
  return valid ? joinParts(octets.map(Number), 8) : undefined;
}

function parseIPv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === 8 ? joinParts(head, 16) : undefined;
  const gap = 8 - head.length - tail.length;
  return gap < 1 ? undefined : joinParts([...head, ...new Array<number>(gap).fill(0), ...tail], 16);
}

/** The 16-bit groups of one side of `::`; the last one may be a dotted IPv4 address. */
function groupsOf(side: string): number[] | undefined {
  if (side === '') return [];
  const texts = side.split(':');
  const dotted = parseIPv4(texts.at(-1) ?? '');
  if (dotted !== undefined) texts.splice(-1, 1, (dotted >> 16n).toString(16), (dotted & 0xffffn).toString(16));
  return texts.every((text) => /^[0-9a-f]{1,4}$/i.test(text)) ? texts.map((text) => parseInt(text, 16)) : undefined;
}

function joinParts(numbers: readonly number[], width: number): bigint {
  return numbers.reduce((sum, part) => (sum << BigInt(width)) | BigInt(part), 0n);
}

function parts(value: bigint, count: number, width: number): number[] {
  const mask = (1n << BigInt(width)) - 1n;
  return Array.from({ length: count }, (_, index) => Number((value >> BigInt((count - 1 - index) * width)) & mask));
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatIPv6(groups: readonly number[]): string {
  const runs = groups.map((_, start) => {
    const end = groups.findIndex((group, index) => index >= start && group !== 0);
    return (end < 0 ? groups.length : end) - start;
  });
  const longest = Math.max(...runs);
  const hex = groups.map((group) => group.toString(16));
  if (longest < 2) return hex.join(':');
  const start = runs.indexOf(longest);
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + longest).join(':')}`;
}
