/** Brings requests whose next attempt is due back into the request stream. Any consumer may do it, also several at once. */
import { retryScheduleKey } from '../../contract/keys.ts';
import type { Connection } from '../redis/connection.ts';
import { type Bulk } from './entry.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import type { Logger } from '../mod.ts';
import type { Place } from './place.ts';
import type { Command } from '../redis/commands.ts';
import { RedisError, type Reply, ReplyParser } from '../redis/resp.ts';

/**
 * Moves one request: KEYS schedule, stream; ARGV member, field, value… Returns 1, or 0 when another consumer was
 * first. Added before it is removed, so that an error in between loses nothing.
 */
const moveScript = `if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2))
redis.call('ZREM', KEYS[1], ARGV[1])
return 1`;

const maxMoves = 100;

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
  const key = retryScheduleKey(place.type);
  const [due, next] = await connection.pipeline([
    ['ZRANGEBYSCORE', key, '-inf', nowMs, 'LIMIT', 0, maxMoves],
    ['ZRANGEBYSCORE', key, `(${nowMs}`, '+inf', 'WITHSCORES', 'LIMIT', 0, 1],
  ]);
  if (due instanceof RedisError) throw due;
  const members = itemsOf(due) as Bulk[];
  const replies = await connection.pipeline(members.map((member) => moveCommand(member, key, place, log)));
  const failed = replies.find((reply) => reply instanceof RedisError);
  if (failed) throw failed;
  return members.length === maxMoves ? nowMs : nextDue(next);
}

function moveCommand(member: Bulk, key: string, place: Place, log: Logger): Command {
  const fields = decodeMember(member);
  if (fields !== undefined) return ['EVAL', moveScript, 2, key, place.requestStream, member, ...fields];
  log.error('the retry schedule holds a member this runtime did not write; it is removed', { key });
  return ['ZREM', key, member];
}

/** Fields of the next entry; undefined when the member is none of ours. */
function decodeMember(member: Bulk): readonly Bulk[] | undefined {
  const parser = new ReplyParser('bytes');
  parser.push(typeof member === 'string' ? new TextEncoder().encode(member) : member);
  try {
    const [, ...fields] = itemsOf(parser.next());
    return fields.length >= 2 && fields.length % 2 === 0 ? (fields as Bulk[]) : undefined;
  } catch {
    return undefined;
  }
}

function nextDue(reply: Reply | undefined): number | undefined {
  const score = textOf(itemsOf(reply)[1]);
  return score === '' ? undefined : Number(score);
}
