/** What is done beside the requests, each at its own pace, over the committing connection. */
import { ownerField, pidField } from '../../contract/config-hash.ts';
import { traceHashKey } from '../../contract/keys.ts';
import { traceExpireSeconds } from '../../contract/limits.ts';
import type { HandlerSettings } from '../../contract/pod.ts';
import { progressField } from '../../contract/trace.ts';
import { fenced } from './commit.ts';
import type { Connection } from '../redis/connection.ts';
import type { InFlightTable } from './in-flight.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import { type Identity, isOurs } from '../pod/identity.ts';
import type { Place } from './place.ts';

/** Stops the process when somebody else has its place, also while it has nothing to do. */
export async function checkFence(connection: Connection, place: Place, me: Identity): Promise<void> {
  const reply = await connection.command('HMGET', place.hashKey, pidField, ownerField);
  if (!isOurs(reply, me)) throw fenced(place.hashKey);
}

/** Milliseconds after which an entry nobody renews counts as left behind. */
export function orphanIdleMs({ timeoutSeconds, leaseSeconds }: HandlerSettings): number {
  return 1000 * (leaseSeconds ?? Math.max(60, timeoutSeconds * 2));
}

/** Renews our hold on entries that take long, so that no other consumer takes them for left behind. */
export async function renewLeases(
  connection: Connection,
  place: Place,
  inFlight: InFlightTable,
  takenBeforeMs: number,
): Promise<void> {
  const ids = [...inFlight.all()].filter((held) => held.receivedMs < takenBeforeMs).map((held) => held.entry.id);
  if (ids.length === 0) return;
  const { requestStream, consumerId, settings: { group } } = place;
  await connection.command('XCLAIM', requestStream, group, consumerId, 0, ...ids, 'JUSTID');
}

const maxOrphans = 100;

/** Takes over a few entries of consumers that are gone; their ids. Its cursor goes round by itself. */
export async function claimOrphans(
  connection: Connection,
  place: Place,
  cursor: string,
): Promise<{ cursor: string; ids: string[] }> {
  const { requestStream, consumerId, settings } = place;
  const count = Math.min(settings.concurrency, maxOrphans);
  const reply = await connection.command(
    'XAUTOCLAIM',
    requestStream,
    settings.group,
    consumerId,
    orphanIdleMs(settings),
    cursor,
    'COUNT',
    count,
    'JUSTID',
  );
  const [next, ids] = itemsOf(reply);
  return { cursor: textOf(next), ids: itemsOf(ids).map(textOf) };
}

/** Writes what handlers have told about their progress since the last time. */
export async function writeProgress(
  connection: Connection,
  place: Place,
  progress: Map<string, number>,
): Promise<void> {
  const commands = [...progress].flatMap(([ref, percent]) => [
    ['HSET', traceHashKey(ref), progressField(place.type), percent],
    ['EXPIRE', traceHashKey(ref), traceExpireSeconds],
  ]);
  progress.clear();
  await connection.pipeline(commands);
}

/**
 * Releases what this process could not finish: another consumer, or its own successor, takes it at once.
 * What was never started does not count as delivered.
 */
export async function handOver(
  connection: Connection,
  place: Place,
  inFlight: InFlightTable,
  pending: readonly { id: string; deliveries: number }[],
): Promise<void> {
  const neverStarted = new Set([...inFlight.all()].filter((held) => held.startedMs === 0).map((held) => held.entry.id));
  const { requestStream, consumerId, settings: { group } } = place;
  await connection.pipeline(pending.map(({ id, deliveries }) => [
    'XCLAIM',
    requestStream,
    group,
    consumerId,
    0,
    id,
    'IDLE',
    releasedIdleMs,
    'RETRYCOUNT',
    neverStarted.has(id) ? Math.max(0, deliveries - 1) : deliveries,
    'JUSTID',
  ]));
}

/** Idle enough for anybody: above {@link orphanIdleMs} of any worker. */
const releasedIdleMs = 7 * 24 * 3600 * 1000;
