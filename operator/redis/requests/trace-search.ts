/** Looks for one request in streams and in the schedule: newest first, in pages, up to a limit. */
import { requestFields } from '../../../contract/request.ts';
import { runtimeFields } from '../../../contract/runtime-fields.ts';
import type { RedisClient } from './client.ts';

/** Values may be large, so few are asked for at once. */
const pageSize = 100;

/** The fields of an entry. */
export type Fields = ReadonlyMap<string, Buffer>;

/** An entry that belongs to the request. */
export interface FoundEntry {
  readonly id: string;
  readonly fields: Fields;
}

/** What was looked at, and what of it belongs to the request. */
export interface Search<Found> {
  readonly key: string;
  readonly found: readonly Found[];
  readonly looked: number;
  /** Of how many, when there are more than were looked at. */
  readonly of?: number;
  /** The last one looked at, when there are more. */
  readonly endedAt?: string;
}

/** Entries of a stream with this reference; a key that is not there has none. */
export async function searchStream(
  redis: RedisClient,
  key: string,
  ref: string,
  limit: number,
): Promise<Search<FoundEntry>> {
  const wanted = Buffer.from(ref);
  const found: FoundEntry[] = [];
  let looked = 0;
  for (let before = '+';;) {
    const count = Math.min(pageSize, limit - looked);
    const page = await redis.xrevrangeBuffer(key, before, '-', 'COUNT', count);
    const entries = page.map(([id, flat]) => ({ id: id.toString(), fields: fieldsOf(flat) }));
    found.push(...entries.filter(({ fields }) => fields.get(requestFields.ref)?.equals(wanted)));
    looked += entries.length;
    const oldest = entries.at(-1);
    if (oldest === undefined || entries.length < count) return { key, found, looked };
    if (looked >= limit || isBeforeRequest(oldest.id, found)) {
      const of = await redis.xlen(key);
      return of > looked ? { key, found, looked, of, endedAt: oldest.id } : { key, found, looked };
    }
    before = `(${oldest.id}`;
  }
}

/** A response is younger than its request, so nothing older needs to be looked at. */
function isBeforeRequest(id: string, found: readonly FoundEntry[]): boolean {
  const first = found.map(({ fields }) => fields.get('xid')?.toString()).find((xid) => xid !== undefined);
  return first !== undefined && millisecondsOf(id) < millisecondsOf(first);
}

/** An attempt that is due at a moment. */
export interface ScheduledAttempt {
  readonly dueMs: number;
  readonly attempt: number | undefined;
}

/** Attempts of this request in the schedule, the next one due first. */
export async function searchSchedule(
  redis: RedisClient,
  key: string,
  ref: string,
  limit: number,
): Promise<Search<ScheduledAttempt>> {
  const wanted = Buffer.from(ref);
  const found: ScheduledAttempt[] = [];
  for (let looked = 0;;) {
    const count = Math.min(pageSize, limit - looked);
    const page = await redis.zrangeBuffer(key, String(looked), String(looked + count - 1), 'WITHSCORES');
    const members = page.filter((_, at) => at % 2 === 0);
    members.forEach((member, at) => {
      const fields = fieldsOf(partsOf(member).slice(1));
      if (fields.get(requestFields.ref)?.equals(wanted) !== true) return;
      const attempt = fields.get(runtimeFields.attempt);
      found.push({ dueMs: Number(page[2 * at + 1]), attempt: attempt === undefined ? undefined : Number(attempt) });
    });
    looked += members.length;
    if (members.length < count) return { key, found, looked };
    if (looked < limit) continue;
    const of = await redis.zcard(key);
    return of > looked ? { key, found, looked, of } : { key, found, looked };
  }
}

/** A member of the schedule is an encoded command: the id of the attempt before, then names and values of fields. */
function partsOf(member: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = member.indexOf('\r\n') + 2; at > 1 && at < member.length;) {
    const end = member.indexOf('\r\n', at);
    const length = Number(member.toString('latin1', at + 1, end));
    if (end < 0 || !Number.isInteger(length)) return parts;
    parts.push(member.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
  return parts;
}

function fieldsOf(flat: readonly Buffer[]): Fields {
  const fields = new Map<string, Buffer>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(String(flat[at]), flat[at + 1] ?? Buffer.alloc(0));
  return fields;
}

/** When an entry was added: its id begins with the milliseconds since 1970. */
export function millisecondsOf(id: string): number {
  return Number(id.split('-', 1)[0]);
}
