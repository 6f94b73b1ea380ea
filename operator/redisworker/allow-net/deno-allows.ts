/** What Deno itself allows, as measured on 2.9: names are compared as text, addresses as numbers. */
import { type Block, contains, parseAddress, parseBlock } from './address.ts';
import type { NetEntry, Scope } from './entry.ts';

/** A host as Deno compares it. */
interface Host {
  /** Lower case, without brackets and trailing dot. */
  readonly text: string;
  readonly address?: Block;
}

/**
 * True when a program under `--allow-net=scope --deny-net=deny` may connect to `host:port`.
 * Deny by address is final and also holds for what a name resolved to; deny by name yields to an
 * allow entry that is more specific.
 * @param resolved addresses the host resolved to, when it is a name
 */
export function denoAllows(scope: Scope, deny: Scope, host: string, port: number, resolved: readonly string[] = []): boolean {
  const target = hostOf(host);
  const addresses = target.address === undefined ? resolved.map(hostOf) : [target];
  if (addresses.some((address) => deny.some((entry) => matches(entry, address, port)))) return false;
  const allowed = strongest(scope, target, port);
  return allowed !== undefined && !outranks(strongest(deny, target, port), allowed);
}

/** True when the entry covers this host on this port. */
function matches(entry: NetEntry, host: Host, port: number): boolean {
  return (!('port' in entry) || entry.port === port) && matchesHost(entry, host);
}

function matchesHost(entry: NetEntry, { text, address }: Host): boolean {
  switch (entry.kind) {
    case 'name': return entry.host === text;
    case 'wildcard': return address === undefined && (text === entry.suffix || text.endsWith(`.${entry.suffix}`));
    case 'ip': return address !== undefined && sameAddress(entry.address, address);
    case 'cidr': return address !== undefined && inBlock(entry.cidr, address);
    case 'loopback': return ['0.0.0.0', '127.0.0.1', 'localhost'].includes(text);
    case 'unix':
    case 'vsock': return false;
  }
}

function sameAddress(text: string, address: Block): boolean {
  const own = parseAddress(text);
  return own !== undefined && contains(own, address);
}

function inBlock(cidr: string, address: Block): boolean {
  const block = parseBlock(cidr);
  return block !== undefined && contains(block, address);
}

function hostOf(host: string): Host {
  const text = host.toLowerCase().replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const address = parseAddress(text);
  return address === undefined ? { text } : { text, address };
}

/** How specific an entry is: a port counts most, then a whole name, then the labels of a wildcard. */
type Rank = readonly [port: number, whole: number, labels: number];

function strongest(entries: Scope, host: Host, port: number): Rank | undefined {
  const ranks = entries.filter((entry) => matches(entry, host, port)).map(rankOf);
  return ranks.reduce<Rank | undefined>((best, rank) => (best !== undefined && outranks(best, rank) ? best : rank), undefined);
}

function rankOf(entry: NetEntry): Rank {
  const port = 'port' in entry ? 1 : 0;
  return entry.kind === 'wildcard' ? [port, 0, entry.suffix.split('.').length] : [port, 1, 0];
}

/** True when `one` is at least as specific as `other`; equal ranks go to `one`. */
function outranks(one: Rank | undefined, other: Rank): boolean {
  if (one === undefined) return false;
  const difference = one.map((part, index) => part - (other[index] ?? 0)).find((part) => part !== 0);
  return difference === undefined || difference > 0;
}
