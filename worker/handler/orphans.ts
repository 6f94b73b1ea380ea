/** Entries that consumers which are gone have left behind. */
import type { Connection } from '../redis/connection.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import { orphanIdleMs } from './lease.ts';
import type { Place } from './place.ts';

const maxOrphans = 100;

/** Takes over a few of them; their ids. Its cursor goes round by itself. */
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
