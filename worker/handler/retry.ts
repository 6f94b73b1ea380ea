/** Brings requests whose next attempt is due back into the request stream. Any consumer may do it, also several at once. */
import { retryScheduleKey } from '../../contract/keys.ts';
import type { Logger } from '../mod.ts';
import type { Connection } from '../redis/connection.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import type { Reply } from '../redis/resp.ts';
import type { Place } from './place.ts';

/**
 * Moves what is due, in one step, so that whoever comes second finds nothing: KEYS schedule, stream; ARGV now, how
 * many at most, after how many bytes to stop. A member is an encoded command: the id of the attempt before, then the
 * fields of the next one. Each is added before it is removed, so that an error in between loses nothing.
 * Returns how many were moved, how many were no request, and when the next one is due.
 */
const moveScript = `local function fields(member)
  local count, at = string.match(member, '^%*(%d+)\\r\\n()')
  local parts = {}
  for i = 1, tonumber(count) or 0 do
    local length, from = string.match(member, '^%$(%d+)\\r\\n()', at)
    length = tonumber(length)
    if not length or from + length + 1 > #member then return {} end
    if i > 1 then parts[i - 1] = string.sub(member, from, from + length - 1) end
    at = from + length + 2
  end
  return parts
end
local moved, strange, bytes = 0, 0, 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
  if bytes > tonumber(ARGV[3]) then break end
  local parts = fields(member)
  if #parts >= 2 and #parts % 2 == 0 then
    redis.call('XADD', KEYS[2], '*', unpack(parts))
    moved = moved + 1
  else
    strange = strange + 1
  end
  redis.call('ZREM', KEYS[1], member)
  bytes = bytes + #member
end
return {moved, strange, redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]}`;

const maxMoves = 100;
const maxMovedBytes = 1024 * 1024;

/** Milliseconds since 1970 when the first request that waits is due; undefined when none does. */
export async function nextDue(connection: Connection, place: Place): Promise<number | undefined> {
  const key = retryScheduleKey(place.keyPrefix);
  const reply = await connection.command('ZRANGEBYSCORE', key, '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1);
  return dueIn(itemsOf(reply)[1]);
}

/**
 * Moves what is due, up to a hundred requests.
 * @returns milliseconds since 1970 when the next one is due; undefined when none waits
 */
export async function moveDue(
  connection: Connection,
  place: Place,
  nowMs: number,
  log: Logger,
): Promise<number | undefined> {
  const key = retryScheduleKey(place.keyPrefix);
  const reply = await connection.command(
    'EVAL',
    moveScript,
    2,
    key,
    place.requestStream,
    nowMs,
    maxMoves,
    maxMovedBytes,
  );
  const [, strange, next] = itemsOf(reply);
  if (Number(textOf(strange)) > 0) {
    log.error('the retry schedule held members this runtime did not write; they are removed', {
      key,
      members: textOf(strange),
    });
  }
  return dueIn(next);
}

/** A member that somebody else wrote may have any score. */
function dueIn(score: Reply | undefined): number | undefined {
  const dueMs = Number.parseFloat(textOf(score));
  return Number.isFinite(dueMs) ? dueMs : undefined;
}
