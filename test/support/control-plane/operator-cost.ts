/** What an operator asked an API server for, counted by the audit log. */
import type { AuditEntry } from './audit-log.ts';

/** Calls of one kind, without the watches and lists that serve all workers, and without the Lease. */
export interface Cost {
  readonly calls: number;
  /** Without the events. */
  readonly writes: number;
  readonly events: number;
  /** What was asked for, how often: `patch deployments`. */
  readonly by: Readonly<Record<string, number>>;
}

const reading = new Set(['get', 'list', 'watch']);

/** What the operator of a ServiceAccount asked for about the objects of a namespace. @param since entries before it are left out */
export function costOf(entries: readonly AuditEntry[], account: string, since: string): Cost {
  const asked = entries.filter(({ user, userAgent, verb, objectRef, stageTimestamp }) =>
    user.username === `system:serviceaccount:${account.replace('/', ':')}` && userAgent === 'redisworker-operator' &&
    stageTimestamp >= since && objectRef?.resource !== 'leases' &&
    (verb !== 'list' && verb !== 'watch' || objectRef?.name !== undefined)
  );
  const isEvent = ({ objectRef }: AuditEntry): boolean => objectRef?.resource === 'events';
  const writes = asked.filter(({ verb }) => !reading.has(verb));
  const by = Object.groupBy(
    asked,
    ({ verb, objectRef }) =>
      [verb, objectRef?.resource, objectRef?.subresource].filter((word) => word !== undefined).join(' '),
  );
  return {
    calls: asked.length,
    writes: writes.filter((entry) => !isEvent(entry)).length,
    events: writes.filter(isEvent).length,
    by: Object.fromEntries(Object.entries(by).map(([what, all]) => [what, all?.length ?? 0])),
  };
}
