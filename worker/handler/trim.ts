/** Drops requests that nobody needs any more from the request stream. */
import type { Arg } from '../redis/commands.ts';
import type { Connection } from '../redis/connection.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import type { Place } from './place.ts';
import { RedisError, type Reply } from '../redis/resp.ts';
import type { ServerFeatures } from './server-features.ts';

/**
 * Drops what is acknowledged. Where ours is the one group, whole nodes at a time, which costs next to nothing; beside
 * other groups only where the server itself spares what any of them still needs.
 */
export async function trimAcknowledged(connection: Connection, place: Place, features: ServerFeatures): Promise<void> {
  const { requestStream, settings: { group } } = place;
  const [groups, summary] = await connection.pipeline([['XINFO', 'GROUPS', requestStream], [
    'XPENDING',
    requestStream,
    group,
  ]]);
  const trim = planTrim(groups as Reply, summary as Reply, group, features);
  if (trim !== undefined) await connection.command('XTRIM', requestStream, ...trim);
}

/** Entries one trim may drop, 2 ms of the server's time; its own limit of 10,000 is less than a worker does in a second. */
const trimLimit = 200_000;
/** The same when each entry is looked at by itself, 10 ms. */
const sparingTrimLimit = 20_000;
/** With more than this pending in other groups, looking at all of it every time would cost more than the memory is worth. */
const maxSpared = 10_000;

/**
 * Arguments of XTRIM after the key; undefined when nothing may or need be dropped.
 * @param groups reply of XINFO GROUPS; @param summary reply of XPENDING for `group`
 */
export function planTrim(
  groups: Reply,
  summary: Reply,
  group: string,
  { sparingTrim }: Pick<ServerFeatures, 'sparingTrim'>,
): readonly Arg[] | undefined {
  const all = itemsOf(groups).map(infoOf);
  const own = all.find(({ name }) => name === group);
  if (own === undefined || summary instanceof RedisError) return undefined;
  const keepFrom = oldestNeeded(own, summary);
  if (keepFrom === undefined) return undefined;
  const others = all.filter((one) => one !== own);
  if (others.length === 0) return ['MINID', '~', keepFrom, 'LIMIT', trimLimit];
  if (!sparingTrim || pendingIn(others) > maxSpared) return undefined;
  const deliveredToAll = others.map((one) => one['last-delivered-id'] ?? '0-0').reduce(earlier, keepFrom);
  return ['MINID', '~', deliveredToAll, 'ACKED', 'LIMIT', sparingTrimLimit];
}

function oldestNeeded(own: Info, summary: Reply): string | undefined {
  const [pending, smallest] = itemsOf(summary);
  return Number(textOf(pending)) > 0 ? textOf(smallest) : own['last-delivered-id'];
}

function pendingIn(groups: readonly Info[]): number {
  return groups.reduce((sum, { pending }) => sum + Number(pending ?? 0), 0);
}

/** The smaller of two entry ids. */
function earlier(one: string, other: string): string {
  const [[oneMs, oneSeq], [otherMs, otherSeq]] = [partsOf(one), partsOf(other)];
  return oneMs < otherMs || (oneMs === otherMs && oneSeq < otherSeq) ? one : other;
}

function partsOf(id: string): [ms: bigint, seq: bigint] {
  const [ms = '0', seq = '0'] = id.split('-');
  return [BigInt(ms), BigInt(seq)];
}

type Info = Readonly<Record<string, string>>;

/** Fields of one group, which come as a flat list. */
function infoOf(reply: Reply): Info {
  const flat = itemsOf(reply).map(textOf);
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])));
}
