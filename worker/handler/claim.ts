/** Reads that take over what other consumers left behind, where the server can do both in one command. */
import type { Arg } from '../redis/commands.ts';
import type { Connection } from '../redis/connection.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import { orphanIdleMs } from './lease.ts';
import type { Pending } from './pending.ts';
import type { Place } from './place.ts';
import type { Reply } from '../redis/resp.ts';
import type { ServerFeatures } from './server-features.ts';

/** The part of XREADGROUP that asks for what was left behind too; nothing where the server does not know it. */
export function claimArgs({ settings }: Place, { claimingReads }: ServerFeatures): readonly Arg[] {
  return claimingReads ? ['CLAIM', orphanIdleMs(settings)] : [];
}

/** A reply taken apart. */
export interface ClaimingRead {
  /** The reply with nothing but entries nobody has had before. */
  readonly fresh: Reply;
  /** What was taken over, with the deliveries before this one. */
  readonly claimed: readonly Pending[];
}

/**
 * Takes a reply of XREADGROUP on one stream apart. With CLAIM each entry is `[id, fields, idle ms, deliveries]`: those
 * taken over come first, those nobody has had before are not idle. Without it nothing was taken over.
 */
export function separateClaimed(reply: Reply): ClaimingRead {
  const [stream] = itemsOf(reply);
  const [name = null, entries] = itemsOf(stream);
  const claimed: Pending[] = [];
  for (const entry of itemsOf(entries)) {
    const [id, , idleMs, deliveries] = itemsOf(entry);
    if (Number(textOf(idleMs)) === 0) break;
    claimed.push({ id: textOf(id), deliveries: Number(textOf(deliveries)) });
  }
  return { fresh: claimed.length === 0 ? reply : [[name, itemsOf(entries).slice(claimed.length)]], claimed };
}

/**
 * Takes back that the read counted what it took over as delivered: it has only changed hands, and is counted once it
 * is read to be run. Else many would be counted together, and one that ends processes would bring the others down.
 * @throws ConnectionLostError
 */
export async function uncountDelivery(
  connection: Connection,
  place: Place,
  claimed: readonly Pending[],
): Promise<void> {
  const { requestStream, consumerId, settings: { group } } = place;
  await connection.pipeline(
    claimed.map((
      { id, deliveries },
    ) => ['XCLAIM', requestStream, group, consumerId, 0, id, 'RETRYCOUNT', deliveries, 'JUSTID']),
  );
}
