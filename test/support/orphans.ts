/** Requests that a consumer took and left behind, as after the crash of a pod that never comes back. */
import type { Redis } from 'ioredis';
import { requestStreamKey } from '../../contract/keys.ts';
import { eventually } from './wait.ts';

/** One entry of a group's pending list. */
export type PendingRow = [id: string, consumer: string, idleMs: number, deliveries: number];

/** The group's pending entries, oldest first. */
export async function pendingOf(client: Redis, type: string): Promise<PendingRow[]> {
  return (await client.xpending(requestStreamKey(type), 'worker', '-', '+', 1000)) as PendingRow[];
}

/** Waits until every request is acknowledged. */
export function nothingPending(client: Redis, type: string): Promise<unknown> {
  return eventually('nothing is pending', async () => (await pendingOf(client, type)).length === 0);
}

/**
 * Adds requests and lets a consumer that does not exist take them, in one step, so that no other gets them first; then
 * makes them look left alone for an hour, delivered `deliveries` times.
 * @returns their entry ids
 */
export async function leaveBehind(
  client: Redis,
  type: string,
  consumer: string,
  requests: Readonly<Record<string, unknown>>,
  deliveries = 1,
): Promise<string[]> {
  const stream = requestStreamKey(type);
  await client.xgroup('CREATE', stream, 'worker', '0', 'MKSTREAM').catch(() => undefined); // it may be there
  const taking = client.multi();
  for (const [ref, data] of Object.entries(requests)) {
    taking.xadd(stream, '*', 'ref', ref, 'type', type, 'data', JSON.stringify(data));
  }
  const replies = await taking.xreadgroup('GROUP', 'worker', consumer, 'COUNT', 1000, 'STREAMS', stream, '>').exec();
  // It may have taken older ones too, which nobody had read yet: those are left behind as well.
  const taken = (await client.xpending(stream, 'worker', '-', '+', 10_000, consumer)) as PendingRow[];
  await client.xclaim(
    stream,
    'worker',
    consumer,
    0,
    ...taken.map(([id]) => id),
    'IDLE',
    3_600_000,
    'RETRYCOUNT',
    deliveries,
    'JUSTID',
  );
  return (replies ?? []).slice(0, -1).map(([, id]) => String(id));
}
