/** The canonical form of a scope: one text per meaning, sorted, without duplicates. */
import type { NetEntry, Scope } from './entry.ts';
import { parseEntry } from './parse.ts';

/** A scope, or every problem of its entries, in the order of the entries. */
export type ParsedScope =
  | { readonly ok: true; readonly scope: Scope }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Parses the entries of a manifest; never throws. */
export function parseScope(entries: readonly string[]): ParsedScope {
  const parsed = entries.map(parseEntry);
  const problems = parsed.flatMap((result) => (result.ok ? [] : [result.problem]));
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, scope: canonicalScope(parsed.flatMap((result) => (result.ok ? [result.entry] : []))) };
}

/** Sorts entries by their text, in code unit order, and drops duplicates. */
export function canonicalScope(entries: Iterable<NetEntry>): Scope {
  const byText = new Map(Array.from(entries, (entry) => [formatEntry(entry), entry]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, entry]) => entry);
}

/** The text of an entry as it goes into Deno's flag. */
export function formatEntry(entry: NetEntry): string {
  switch (entry.kind) {
    case 'name':
      return `${entry.host}${suffix(entry.port)}`;
    case 'wildcard':
      return `*.${entry.suffix}${suffix(entry.port)}`;
    case 'ip':
      return `${entry.address.includes(':') ? `[${entry.address}]` : entry.address}${suffix(entry.port)}`;
    case 'cidr':
      return `${entry.cidr}${suffix(entry.port)}`;
    case 'loopback':
      return `:${entry.port}`;
    case 'unix':
      return `unix:${entry.path}`;
    case 'vsock':
      return `vsock:${entry.cid}:${entry.port}`;
  }
}

/** The texts of a scope, in its order. */
export function formatScope(scope: Scope): string[] {
  return scope.map(formatEntry);
}

function suffix(port: number | undefined): string {
  return port === undefined ? '' : `:${port}`;
}
