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
 * allow entry that goes before it in Deno's order, see {@link rankOf}.
 * @param resolved addresses the host resolved to, when it is a name
 */
export function denoAllows(
  scope: Scope,
  deny: Scope,
  host: string,
  port: number,
  resolved: readonly string[] = [],
): boolean {
  const target = hostOf(host);
  const allowed = strongest(scope, target, port);
  if (allowed === undefined) return false;
  const addresses = target.address === undefined ? resolved.map(hostOf) : [target];
  if (addresses.some((address) => deny.some((entry) => matches(entry, address, port)))) return false;
  const denied = strongest(deny, target, port);
  return denied === undefined || !precedes(denied, allowed);
}

/** A denial by name that does not hold everywhere, and the allowed entry Deno prefers to it. */
export interface OverriddenDenial {
  readonly denied: NetEntry;
  readonly by: NetEntry;
}

/** The denials by name that some allowed entry overrides, against what their author will expect. */
export function overriddenDenials(scope: Scope, deny: Scope): OverriddenDenial[] {
  const names = deny.filter((entry) => nameOf(entry) !== undefined);
  return names.flatMap((denied) => scope.filter((by) => overrides(by, denied)).map((by) => ({ denied, by })));
}

function overrides(allowed: NetEntry, denied: NetEntry): boolean {
  const [one, other] = [nameOf(allowed), nameOf(denied)];
  if (one === undefined || other === undefined) return false;
  const [shared] = [hostOf(one), hostOf(other)].filter((host) =>
    matchesHost(allowed, host) && matchesHost(denied, host)
  );
  const portsMeet = !('port' in allowed) || !('port' in denied) || allowed.port === denied.port;
  return shared !== undefined && portsMeet && !precedes(rankOf(denied), rankOf(allowed));
}

function nameOf(entry: NetEntry): string | undefined {
  if (entry.kind === 'name') return entry.host;
  return entry.kind === 'wildcard' ? entry.suffix : undefined;
}

/** True when the entry covers this host on this port. */
function matches(entry: NetEntry, host: Host, port: number): boolean {
  return (!('port' in entry) || entry.port === port) && matchesHost(entry, host);
}

function matchesHost(entry: NetEntry, { text, address }: Host): boolean {
  switch (entry.kind) {
    case 'name':
      return entry.host === text;
    case 'wildcard':
      return address === undefined && (text === entry.suffix || text.endsWith(`.${entry.suffix}`));
    case 'ip':
      return address !== undefined && sameAddress(entry.address, address);
    case 'cidr':
      return address !== undefined && inBlock(entry.cidr, address);
    case 'loopback':
      return ['0.0.0.0', '127.0.0.1', 'localhost'].includes(text);
    case 'unix':
    case 'vsock':
      return false;
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

/** The place of an entry in Deno's list: the first that matches decides, and a denial goes before its equal. */
type Rank = readonly [portLast: number, wildcardLast: number, wire: string];

function strongest(entries: Scope, host: Host, port: number): Rank | undefined {
  const ranks = entries.filter((entry) => matches(entry, host, port)).map(rankOf);
  return ranks.reduce<Rank | undefined>(
    (best, rank) => (best !== undefined && precedes(best, rank) ? best : rank),
    undefined,
  );
}

/**
 * Deno sorts entries with a port first, then whole names, then wildcards. It sorts wildcards by their
 * name as DNS sends it, each label behind its length, so a shorter first label goes first: between
 * `*.m.b` and `*.aaa.m.b` the former decides, between `*.m.b` and `*.a.m.b` the latter.
 */
function rankOf(entry: NetEntry): Rank {
  const portLast = 'port' in entry ? 0 : 1;
  return entry.kind === 'wildcard' ? [portLast, 1, wireForm(entry.suffix)] : [portLast, 0, ''];
}

function wireForm(name: string): string {
  return name.split('.').map((label) => String.fromCharCode(label.length) + label).join('');
}

/** True when `one` stands before `other` or beside it. */
function precedes(one: Rank, other: Rank): boolean {
  const differs = one.findIndex((part, index) => part !== other[index]);
  return differs < 0 || (one[differs] ?? 0) < (other[differs] ?? 0);
}
