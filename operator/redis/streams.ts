/** Consumers of a group: look at them, and take them away without losing a request. */
import { RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { fieldsOf, items, number, strings, text } from './replies.ts';
import { script } from './script.ts';

/** One consumer of a group, as the server knows it. */
export interface StreamConsumer {
  readonly name: string;
  /** Entries delivered to it and not acknowledged. */
  readonly pending: number;
  /** Milliseconds since it last asked for entries. */
  readonly idleMs: number;
  /** Milliseconds since it last got one; told by servers from 7.2 on. */
  readonly inactiveMs?: number;
}

/** Consumers of the group; none when there is no such stream or group. @throws RedisFault */
export async function consumersOf(redis: RedisLink, stream: string, group: string): Promise<StreamConsumer[]> {
  try {
    return decodeConsumers(await redis.command('XINFO', 'CONSUMERS', stream, group));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/**
 * KEYS: stream. ARGV: group, consumer. XGROUP DELCONSUMER would drop what is pending, for good.
 * Returns {'deleted'}, {'absent'} or {'pending', count}.
 */
const deleteConsumerScript = script(`
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  if info[2] == ARGV[2] then
    if info[4] > 0 then return {'pending', info[4]} end
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
    return {'deleted'}
  end
end
return {'absent'}
`);

/** Deletes a consumer that has nothing pending; otherwise leaves it and tells how much. @throws RedisFault */
export async function deleteConsumer(
  redis: RedisLink,
  stream: string,
  group: string,
  consumer: string,
): Promise<'deleted' | 'absent' | { readonly pending: number }> {
  try {
    const [word, pending] = strings(await redis.script(deleteConsumerScript, [stream], [group, consumer]));
    if (word === 'pending') return { pending: Number(pending) };
    return word === 'deleted' ? 'deleted' : 'absent';
  } catch (error) {
    if (isAbsent(error)) return 'absent';
    throw error;
  }
}

/** How far a hand-over has come: entries moved by this call, and those still pending for the old consumer. */
export interface HandOver {
  readonly moved: number;
  readonly remaining: number;
}

/**
 * KEYS: stream. ARGV: group, from, to, page size, idle time in ms. Looks and moves in one step, so that
 * an entry somebody else has claimed meanwhile is left alone. JUSTID keeps the delivery count.
 * Returns {entries seen, entries moved}: a page may move less than it saw, the rest was deleted from the stream.
 */
const handOverScript = script(`
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[4], ARGV[2])
if #pending == 0 then return {0, 0} end
local claim = {'XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0}
for _, entry in ipairs(pending) do claim[#claim + 1] = entry[1] end
claim[#claim + 1] = 'IDLE'
claim[#claim + 1] = ARGV[5]
claim[#claim + 1] = 'JUSTID'
return {#pending, #redis.call(unpack(claim))}
`);

const handOverPage = 250;
const pagesPerCall = 20;
/** Long enough for every XAUTOCLAIM: the entries are free for the next one who asks. One day. */
const freeIdleMs = 86_400_000;

/**
 * Moves what is pending for `from` to `to`, at most 5000 entries per call; call again while `remaining` is not 0.
 * @throws RedisFault; Error when both consumers are the same
 */
export async function handOver(
  redis: RedisLink,
  stream: string,
  group: string,
  from: string,
  to: string,
): Promise<HandOver> {
  if (from === to) throw new Error(`consumer "${from}" cannot hand over to itself`);
  let moved = 0;
  try {
    for (let page = 0; page < pagesPerCall; page++) {
      const reply = await redis.script(handOverScript, [stream], [group, from, to, handOverPage, freeIdleMs]);
      const [seen = 0, claimed = 0] = items(reply).map((count) => number(count) ?? 0);
      moved += claimed;
      if (seen < handOverPage) break;
    }
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  const left = (await consumersOf(redis, stream, group)).find((consumer) => consumer.name === from);
  return { moved, remaining: left?.pending ?? 0 };
}

/** Reads the reply of XINFO CONSUMERS. */
export function decodeConsumers(reply: unknown): StreamConsumer[] {
  return items(reply).map((info) => {
    const fields = fieldsOf(info);
    const inactiveMs = number(fields.get('inactive'));
    return {
      name: text(fields.get('name')),
      pending: number(fields.get('pending')) ?? 0,
      idleMs: number(fields.get('idle')) ?? 0,
      ...(inactiveMs === undefined ? {} : { inactiveMs }),
    };
  });
}

/** True when the stream or the group is not there, in the words of any server version. */
export function isAbsent(error: unknown): boolean {
  return says(error, 'NOGROUP') || says(error, 'no such key') || says(error, 'requires the key to exist');
}

function says(error: unknown, words: string): boolean {
  return error instanceof RedisFault && error.says(words);
}
