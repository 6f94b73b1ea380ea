/** What one look at a request stream and its group shows. */
import { RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { fieldsOf, items, number, strings, text } from './replies.ts';
import { script } from './script.ts';
import { beginning, compareIds, idTime } from './stream-id.ts';
import { decodeConsumers, isAbsent, type StreamConsumer } from './streams.ts';

/** A request stream and its group. */
export interface StreamView {
  /** Whether there is a stream under the key. */
  readonly exists: boolean;
  /** The key holds another type of value; everything else is then empty. */
  readonly wrongType: boolean;
  /** Whether the group exists; without it nothing can be read. */
  readonly group: boolean;
  readonly length: number;
  /** Highest id ever given; stays when entries are deleted. */
  readonly lastGeneratedId: string;
  /** Entries not delivered yet. At {@link lagBound} it means "at least". Undefined without the group. */
  readonly lag: number | undefined;
  /** Entries delivered and not acknowledged. */
  readonly pending: number;
  /** When the oldest pending entry was added, ISO 8601; undefined when nothing is pending, or its id tells no time. */
  readonly oldestPendingTime: string | undefined;
  readonly consumers: readonly StreamConsumer[];
}

/** Entries that are counted one by one when the server does not know the lag. */
export const lagBound = 5000;

const nothing: StreamView = {
  exists: false,
  wrongType: false,
  group: false,
  length: 0,
  lastGeneratedId: beginning,
  lag: undefined,
  pending: 0,
  oldestPendingTime: undefined,
  consumers: [],
};

/** Looks at the stream and the group; what is absent is told, not thrown. @throws RedisFault */
export async function observeStream(redis: RedisLink, stream: string, group: string): Promise<StreamView> {
  const [info, groups, consumers, summary, time] = await redis.pipeline([
    ['XINFO', 'STREAM', stream],
    ['XINFO', 'GROUPS', stream],
    ['XINFO', 'CONSUMERS', stream, group],
    ['XPENDING', stream, group],
    ['TIME'],
  ]);
  if (info instanceof RedisFault && info.code === 'RedisWrongType') return { ...nothing, wrongType: true };
  for (const reply of [info, groups, consumers, summary, time]) {
    if (reply instanceof RedisFault && !isAbsent(reply)) throw reply;
  }
  if (info instanceof RedisFault) return nothing;
  const state = decodeState(info);
  const found = items(groups).map(fieldsOf).find((fields) => fields.get('name') === group);
  if (found === undefined) {
    return { ...nothing, exists: true, length: state.length, lastGeneratedId: state.lastGeneratedId };
  }
  return {
    exists: true,
    wrongType: false,
    group: true,
    length: state.length,
    lastGeneratedId: state.lastGeneratedId,
    lag: await lagOf(redis, stream, state, found),
    pending: number(found.get('pending')) ?? 0,
    oldestPendingTime: oldestTime(summary, time),
    consumers: consumers instanceof RedisFault ? [] : decodeConsumers(consumers),
  };
}

/** The ends of a stream. */
export interface StreamState {
  readonly length: number;
  readonly firstId: string | undefined;
  readonly lastId: string | undefined;
  /** Highest id ever given; stays when entries are deleted. */
  readonly lastGeneratedId: string;
  /** Entries ever added, deleted ones included; told by servers from 7.0 on. */
  readonly entriesAdded?: number;
}

/** Reads the reply of XINFO STREAM. */
export function decodeState(reply: unknown): StreamState {
  const fields = fieldsOf(reply);
  const idOf = (name: string): string | undefined => text(items(fields.get(name))[0]) || undefined;
  const entriesAdded = number(fields.get('entries-added'));
  return {
    length: number(fields.get('length')) ?? 0,
    ...(entriesAdded === undefined ? {} : { entriesAdded }),
    firstId: idOf('first-entry'),
    lastId: idOf('last-entry'),
    lastGeneratedId: text(fields.get('last-generated-id')) || beginning,
  };
}

/** KEYS: stream. ARGV: last delivered id, bound. Returns the entries after the id, at most the bound. */
const countAfterScript = script(`
local count, after, bound = 0, ARGV[1], tonumber(ARGV[2])
while count < bound do
  local page = redis.call('XRANGE', KEYS[1], '(' .. after, '+', 'COUNT', math.min(100, bound - count))
  count = count + #page
  if #page < 100 then break end
  after = page[#page][1]
end
return count
`);

/**
 * The server's own number is nil after XDEL or XSETID, and too high when undelivered entries were
 * trimmed. The ends of the stream decide first; then the server's number counts; without one the
 * entries are counted up to {@link lagBound}.
 */
async function lagOf(
  redis: RedisLink,
  stream: string,
  state: StreamState,
  group: ReadonlyMap<string, unknown>,
): Promise<number> {
  const delivered = text(group.get('last-delivered-id')) || beginning;
  if (state.firstId === undefined || state.lastId === undefined) return 0;
  if (compareIds(state.lastId, delivered) <= 0) return 0;
  if (compareIds(state.firstId, delivered) > 0) return state.length;
  const told = number(group.get('lag'));
  if (told !== undefined && told >= 0) return Math.min(told, state.length);
  return number(await redis.script(countAfterScript, [stream], [delivered, lagBound])) ?? 0;
}

/** Ids made before 2010 were not made by a clock, and tell no time. */
const earliestClockMs = 1_262_304_000_000;

/** Not later than the server's own time, whatever id a caller chose. */
function oldestTime(summary: unknown, time: unknown): string | undefined {
  const oldest = text(items(summary)[1]);
  const [seconds = '0'] = strings(time);
  if (oldest === '' || idTime(oldest) < earliestClockMs) return undefined;
  return new Date(Math.min(idTime(oldest), Number(seconds) * 1000)).toISOString();
}
