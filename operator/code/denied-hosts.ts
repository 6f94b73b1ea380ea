/** Where no code comes from, whoever names it: services that tell a machine its own secrets. Pure. */
import { BlockList, isIP } from 'node:net';

/** Addresses of such services on the clouds there are, beside all that is link-local. */
const single = ['fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '168.63.129.16'] as const;

const denied = new BlockList();
denied.addSubnet('169.254.0.0', 16, 'ipv4');
denied.addSubnet('fe80::', 10, 'ipv6');
for (const address of single) denied.addAddress(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** For Deno, which looks at addresses again after DNS; it knows no blocks of IPv6. */
export const denyImport = `--deny-import=169.254.0.0/16,${
  single.map((address) => isIP(address) === 6 ? `[${address}]` : address).join(',')
}`;

/** @param address of IPv4 or IPv6, in brackets or not; a name is none */
export function isDenied(address: string): boolean {
  const plain = address.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(plain);
  return version !== 0 && denied.check(plain, version === 6 ? 'ipv6' : 'ipv4');
}

/** One sentence about it. */
export function deniedProblem(place: string): string {
  return `${place} is, or leads to, the address of a service that tells machines their secrets: no code is taken from there`;
}
