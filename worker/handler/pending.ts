/** Entries delivered to this consumer and not acknowledged: what a crash, a lost reply or another consumer left behind. */
import type { Connection } from '../redis/connection.ts';
import type { InFlightTable } from './in-flight.ts';
import { decodeRead, type Entry, idBefore } from './entry.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import type { Place } from './place.ts';
import type { Command } from '../redis/commands.ts';
import type { Reply } from '../redis/resp.ts';

/** An entry that is ours and not in flight. */
export interface Pending {
  readonly id: string;
  /** Times it has been delivered so far. */
  readonly deliveries: number;
}

/** Deliveries from which on a request is a suspect: it runs with nothing beside it. */
export const suspectFrom = 2;

const pageSize = 500;

/** Everything pending for this consumer, oldest first. */
export async function listPending(connection: Connection, place: Place): Promise<Pending[]> {
  const all: Pending[] = [];
  for (let start = '-';;) {
    const page = itemsOf(await connection.command(...pendingCommand(place, start, '+', pageSize))).map(decodePending);
    all.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return all;
    start = `(${last.id}`;
  }
}

/** Those of `ids` that are pending for this consumer. */
export async function findPending(connection: Connection, place: Place, ids: readonly string[]): Promise<Pending[]> {
  const replies = await connection.pipeline(ids.map((id) => pendingCommand(place, id, id, 1)));
  return replies.flatMap((reply) => itemsOf(reply).map(decodePending));
}

/**
 * Brings the requests in flight in line with what Redis says after a connection was lost.
 * A commit that was on the wire has happened when its entry is not pending any more, else it is repeated;
 * anything else that is not pending here has been taken over by another consumer.
 * @param groupWasMissing when true Redis has forgotten everything, and that an entry is not pending says nothing
 */
export function settleInFlight(inFlight: InFlightTable, pending: readonly Pending[], groupWasMissing: boolean): void {
  const ids = new Set(pending.map(({ id }) => id));
  for (const held of [...inFlight.all()]) {
    if (!groupWasMissing && !ids.has(held.entry.id) && !held.acknowledged) inFlight.drop(held);
    else if (held.state === 'committing') inFlight.putBack(held);
  }
}

/** What to take from the backlog now. */
export type Recovery =
  | { readonly kind: 'wait' }
  /** `quarantine`: more deliveries than allowed; `alone`: nothing else may run beside it. */
  | { readonly kind: 'take'; readonly next: readonly Pending[]; readonly manner: 'run' | 'alone' | 'quarantine' };

/**
 * Decides what to take first from the backlog. Entries that have outlived two processes are suspects: they run
 * one at a time with nothing beside them, so that the one that kills the process is counted alone.
 */
export function planRecovery(
  backlog: readonly Pending[],
  inFlight: { readonly room: number; readonly size: number },
  maxDeliveries: number,
): Recovery {
  const first = backlog[0];
  if (first === undefined || inFlight.room <= 0) return { kind: 'wait' };
  if (first.deliveries >= maxDeliveries) return { kind: 'take', next: [first], manner: 'quarantine' };
  if (first.deliveries >= suspectFrom) {
    return inFlight.size > 0 ? { kind: 'wait' } : { kind: 'take', next: [first], manner: 'alone' };
  }
  const end = backlog.findIndex(({ deliveries }) => deliveries >= suspectFrom || deliveries >= maxDeliveries);
  return {
    kind: 'take',
    next: backlog.slice(0, Math.min(inFlight.room, end < 0 ? backlog.length : end)),
    manner: 'run',
  };
}

/**
 * Reads entries out of our own pending list, which counts as a delivery of these and of no others.
 * One that another consumer has claimed meanwhile is left out; one that was deleted comes without fields.
 */
export async function readPending(connection: Connection, place: Place, wanted: readonly Pending[]): Promise<Entry[]> {
  const { requestStream, consumerId, settings: { group } } = place;
  const replies = await connection.pipeline(
    wanted.map((
      { id },
    ) => ['XREADGROUP', 'GROUP', group, consumerId, 'COUNT', 1, 'STREAMS', requestStream, idBefore(id)]),
  );
  return replies.flatMap((reply, at) => {
    if (reply instanceof Error) throw reply;
    return decodeRead(reply).filter(({ id }) => id === wanted[at]?.id);
  });
}

function pendingCommand(
  { requestStream, consumerId, settings }: Place,
  start: string,
  end: string,
  count: number,
): Command {
  return ['XPENDING', requestStream, settings.group, start, end, count, consumerId];
}

function decodePending(reply: Reply): Pending {
  const [id, , , deliveries] = itemsOf(reply);
  return { id: textOf(id), deliveries: Number(textOf(deliveries)) };
}
