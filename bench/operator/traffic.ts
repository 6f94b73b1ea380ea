/** What somebody asked of the API server, counted from its audit log. */
import type { AuditEntry } from '../../test/support/control-plane/audit-log.ts';

/** Calls by what they are for; the Lease, which is renewed whatever there is to do, is in none of them. */
export interface Traffic {
  /** Of every kind, watches and the opening lists included. */
  readonly calls: number;
  /** Without events. */
  readonly writes: number;
  readonly events: number;
}

const writing = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** What the account called within a span of time, both ends in ms since 1970. */
export function trafficOf(entries: readonly AuditEntry[], account: string, from: number, to: number): Traffic {
  const own = entries.filter(({ user, objectRef, stageTimestamp }) =>
    user.username === account && objectRef !== undefined && objectRef.resource !== 'leases' &&
    isWithin(stageTimestamp, from, to)
  );
  const written = own.filter(({ verb }) => writing.has(verb));
  const events = written.filter(({ objectRef }) => objectRef?.resource === 'events').length;
  return { calls: own.length, writes: written.length - events, events };
}

/** The same by verb and kind, most first: for those who look for what is needless. */
export function callsByKind(entries: readonly AuditEntry[], account: string): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { user, verb, objectRef } of entries) {
    if (user.username !== account || objectRef === undefined) continue;
    const sub = objectRef.subresource === undefined ? '' : `/${objectRef.subresource}`;
    const kind = `${verb} ${objectRef.resource ?? ''}${sub}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one);
}

function isWithin(time: string, from: number, to: number): boolean {
  const at = Date.parse(time);
  return at >= from && at <= to;
}
