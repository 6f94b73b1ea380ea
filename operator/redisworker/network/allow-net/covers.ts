/** Whether one entry of a scope allows all another one does. Pure. */
import { contains } from './address.ts';
import { formatEntry } from './canonical.ts';
import { blockOf } from './deny.ts';
import type { NetEntry, Scope } from './entry.ts';

/** The entries of `inner` that no single entry of `outer` covers. */
export function uncovered(inner: Scope, outer: Scope): NetEntry[] {
  return inner.filter((entry) => !outer.some((one) => covers(one, entry)));
}

function covers(outer: NetEntry, inner: NetEntry): boolean {
  if (formatEntry(outer) === formatEntry(inner)) return true;
  if ('port' in outer && (!('port' in inner) || outer.port !== inner.port)) return false;
  const [wide, narrow] = [blockOf(outer), blockOf(inner)];
  if (wide !== undefined && narrow !== undefined) return contains(wide, narrow);
  if (outer.kind === 'name') return inner.kind === 'name' && outer.host === inner.host;
  return outer.kind === 'wildcard' && isBelow(inner, outer.suffix);
}

function isBelow(entry: NetEntry, suffix: string): boolean {
  if (entry.kind !== 'name' && entry.kind !== 'wildcard') return false;
  const name = entry.kind === 'name' ? entry.host : entry.suffix;
  return name === suffix || name.endsWith(`.${suffix}`);
}
