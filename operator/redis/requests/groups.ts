/** The consumer groups of a request stream, and where each has one request. */
import { z } from 'zod';
import type { RedisClient } from './client.ts';

/** One consumer group, and where our request is in it. */
export interface GroupState {
  readonly name: string;
  readonly consumers: number;
  readonly pending: number;
  readonly delivered: boolean;
  /** Who has the request and has not acknowledged it. */
  readonly heldBy?: string;
  /** How long ago it was delivered to that consumer, and how often it was delivered to one. */
  readonly idleMs?: number;
  readonly deliveries?: number;
}

const groupInfo = z.object({
  name: z.string(),
  consumers: z.number(),
  pending: z.number(),
  'last-delivered-id': z.string(),
});

/** Reads the groups of `stream`, which exists, and where each has the entry `id`. */
export async function observeGroups(redis: RedisClient, stream: string, id: string): Promise<readonly GroupState[]> {
  const rows = z.array(z.unknown()).parse(await redis.xinfo('GROUPS', stream));
  return await Promise.all(rows.map((row) => groupState(redis, stream, id, groupInfo.parse(fromPairs(row)))));
}

async function groupState(
  redis: RedisClient,
  stream: string,
  id: string,
  info: z.infer<typeof groupInfo>,
): Promise<GroupState> {
  const held = await redis.xpending(stream, info.name, id, id, 1);
  const row = z.array(z.tuple([z.string(), z.string(), z.number(), z.number()])).parse(held)[0];
  return {
    name: info.name,
    consumers: info.consumers,
    pending: info.pending,
    delivered: !isBefore(info['last-delivered-id'], id),
    ...(row === undefined ? {} : { heldBy: row[1], idleMs: row[2], deliveries: row[3] }),
  };
}

/** Order of stream ids `<ms>-<seq>`. */
function isBefore(id: string, other: string): boolean {
  const [ms = 0n, seq = 0n] = id.split('-').map(BigInt);
  const [otherMs = 0n, otherSeq = 0n] = other.split('-').map(BigInt);
  return ms < otherMs || (ms === otherMs && seq < otherSeq);
}

/** XINFO answers with a flat list of names and values, or with a map under RESP3. */
function fromPairs(row: unknown): unknown {
  if (!Array.isArray(row)) return row;
  const list: unknown[] = row;
  return Object.fromEntries(list.flatMap((name, at) => (at % 2 === 0 ? [[String(name), list[at + 1]]] : [])));
}
