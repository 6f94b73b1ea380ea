/** Dead letters in Redis: requests nobody could finish, with the caller's fields as the bytes they are. */
import { z } from 'zod';
import { maxMovedFields } from '../../../contract/limits.ts';
import { runtimeFieldPrefix, runtimeFields } from '../../../contract/runtime-fields.ts';
import { requestFields } from '../../../contract/request.ts';
import type { RedisClient } from './client.ts';
import { redriveTasksArguments, redriveTasksScript } from './redrive-tasks.ts';
import type { TaskPlace } from './worker-streams.ts';

/** One entry of the dead-letter stream. */
export interface DeadLetter {
  readonly id: string;
  /** Name and value of the caller's fields, in their order. */
  readonly fields: readonly (readonly [name: Buffer, value: Buffer])[];
  /** What the runtime says about it, by the names of {@link runtimeFields}. */
  readonly own: Readonly<Record<string, Buffer>>;
  readonly ref: Buffer | undefined;
}

/** Values of requests may be large, so few are asked for at once. */
const pageSize = 20;

/** Calls `take` with each letter, newest first, up to `limit`. */
export async function eachLetter(
  redis: RedisClient,
  stream: string,
  limit: number,
  take: (letter: DeadLetter) => void,
): Promise<void> {
  for (let taken = 0, before = '+'; taken < limit;) {
    const page = await redis.xrevrangeBuffer(stream, before, '-', 'COUNT', Math.min(pageSize, limit - taken));
    const letters = page.map(decodeLetter);
    letters.forEach(take);
    const oldest = letters.at(-1);
    if (oldest === undefined) return;
    taken += letters.length;
    before = `(${oldest.id}`;
  }
}

/** The letter with this id. */
export async function findLetter(redis: RedisClient, stream: string, id: string): Promise<DeadLetter | undefined> {
  const [entry] = await redis.xrangeBuffer(stream, id, id);
  return entry && decodeLetter(entry);
}

/** Id of the newest letter. */
export async function newestId(redis: RedisClient, stream: string): Promise<string | undefined> {
  const [entry] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
  return entry?.[0];
}

/** Removes one letter, for good; false when there is none. */
export async function purgeOne(redis: RedisClient, stream: string, id: string): Promise<boolean> {
  return await redis.xdel(stream, id) === 1;
}

/** Removes every letter up to the one with the id `last`, for good; gives their number. */
export async function purgeUpTo(redis: RedisClient, stream: string, last: string): Promise<number> {
  return await redis.xtrim(stream, 'MINID', idAfter(last));
}

/** Where letters are sent back from and to. */
export interface Route {
  readonly from: string;
  /** Key of a stream, or of the list of tasks. */
  readonly to: string;
  /** Where the tasks are, when the letters are of tasks. */
  readonly tasks?: TaskPlace | undefined;
}

/** What came of sending letters back. */
export interface Redriven {
  readonly sent: number;
  /** Why the letter `id` was left where it is. */
  readonly obstacle?: { readonly id: string; readonly kind: 'noStream' | 'fields' | 'noTask' };
}

/**
 * Sends letters back as new requests, without the runtime's own fields, oldest first. A script rather than MULTI:
 * Redis runs it as a whole too, and when it cannot add a request (memory is full, the key is no stream) the script
 * ends there, while EXEC would go on and delete the letter. KEYS from, to; ARGV first, last, count, prefix, most fields.
 */
const redriveScript = `
local sent = 0
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', ARGV[3])) do
  local id, all, fields = entry[1], entry[2], {}
  for at = 1, #all, 2 do
    if string.sub(all[at], 1, #ARGV[4]) ~= ARGV[4] then
      fields[#fields + 1] = all[at]
      fields[#fields + 1] = all[at + 1]
    end
  end
  if #fields == 0 or #fields / 2 > tonumber(ARGV[5]) then return {sent, id, 'fields'} end
  if not redis.call('XADD', KEYS[2], 'NOMKSTREAM', '*', unpack(fields)) then return {sent, id, 'noStream'} end
  redis.call('XDEL', KEYS[1], id)
  sent = sent + 1
end
return {sent}`;

const scriptReply = z.tuple([z.number()], z.string());
const obstacle = z.tuple([z.string(), z.enum(['noStream', 'fields', 'noTask'])]);

/** Sends one letter back; `sent` is 0 when it is not there. A letter is in one of the two streams, never in both or none. */
export async function redriveOne(redis: RedisClient, route: Route, id: string): Promise<Redriven> {
  return redriveRange(redis, route, id, 1);
}

/**
 * Sends every letter back that is there now. One that dies anew meanwhile is not sent again. Breaking it off does no
 * harm: what was sent is no letter any more, so the next call goes on with the rest.
 */
export async function redriveAll(redis: RedisClient, route: Route): Promise<Redriven> {
  const last = await newestId(redis, route.from);
  if (last === undefined) return { sent: 0 };
  for (let sent = 0;;) {
    const step = await redriveRange(redis, route, last, pageSize);
    sent += step.sent;
    if (step.sent === 0 || step.obstacle !== undefined) return { ...step, sent };
  }
}

async function redriveRange(redis: RedisClient, route: Route, last: string, count: number): Promise<Redriven> {
  const { from, to, tasks } = route;
  const first = count === 1 ? last : '-';
  const [script, more] = tasks === undefined
    ? [redriveScript, [runtimeFieldPrefix, maxMovedFields]]
    : [redriveTasksScript, redriveTasksArguments(tasks)];
  const [sent, ...rest] = scriptReply.parse(await redis.eval(script, 2, from, to, first, last, count, ...more));
  if (rest.length === 0) return { sent };
  const [id, kind] = obstacle.parse(rest);
  return { sent, obstacle: { id, kind } };
}

function decodeLetter([id, flat]: [Buffer, Buffer[]]): DeadLetter {
  const fields: (readonly [Buffer, Buffer])[] = [];
  const own: Record<string, Buffer> = {};
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const [name, value] = [flat[at], flat[at + 1]] as [Buffer, Buffer];
    if (name.toString().startsWith(runtimeFieldPrefix)) own[name.toString()] = value;
    else fields.push([name, value]);
  }
  const ref = fields.findLast(([name]) => name.toString() === requestFields.ref)?.[1];
  return { id: id.toString(), fields, own, ref };
}

function idAfter(id: string): string {
  const [ms = '0', sequence = '0'] = id.split('-');
  const next = BigInt(sequence) + 1n;
  return next < 2n ** 64n ? `${ms}-${next}` : `${BigInt(ms) + 1n}-0`;
}

/** A field of the runtime's own as text; empty when it is absent. */
export function ownField({ own }: DeadLetter, name: keyof typeof runtimeFields): Buffer {
  return own[runtimeFields[name]] ?? Buffer.alloc(0);
}
