/** Which addresses a name outside the cluster may lead to: those of the public Internet alone. */
import { type Block, contains, formatAddress, parseBlock } from './address.ts';

const blocksOf = (texts: readonly string[]): Block[] => texts.flatMap((text) => parseBlock(text) ?? []);

/** Special-purpose blocks of RFC 6890 and its registries, less those for documentation, which lead nowhere. */
const special4 = blocksOf([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
]);
const special6 = blocksOf([
  '::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]);

/** The blocks, and for those of IPv4 the way to them through NAT64 (RFC 6052): behind 64:ff9b::/96 lie all of IPv4. */
export function withNat64(blocks: readonly Block[]): Block[] {
  return blocks.flatMap((
    block,
  ) => [block, ...(block.family === 4 ? blocksOf([`64:ff9b::${formatAddress(block)}/${96 + block.prefix}`]) : [])]);
}

/** Private, shared, link-local, loopback, multicast and reserved addresses of both families. */
export const specialBlocks: readonly Block[] = withNat64([...special4, ...special6]);

/** Every address there is. */
export const everywhere: readonly Block[] = blocksOf(['0.0.0.0/0', '::/0']);

/** @param closed further blocks that count as not public: those of the cluster itself */
export function isPublic(address: Block, closed: readonly Block[]): boolean {
  return ![...specialBlocks, ...withNat64(closed)].some((block) => contains(block, address));
}
