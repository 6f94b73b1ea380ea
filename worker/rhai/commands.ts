/**
 * What the loop asks of Redis. Each is a script there, which happens as a whole or not at all, and first looks whether
 * this process still has its place: whoever lost it takes nothing and finishes nothing.
 */
import { ownerField, pidField, sessionField } from '../../contract/config-hash.ts';
import { deadLetterLimit, defaultResponseStreamLimit } from '../../contract/limits.ts';
import { runtimeFields } from '../../contract/runtime-fields.ts';
import { taskBookkeeping, taskConsumerField, taskStatus } from '../../contract/tasks.ts';
import type { Identity } from '../pod/identity.ts';
import type { Command } from '../redis/commands.ts';
import { maxScriptBytes } from './engine.ts';
import type { Place } from './place.ts';
import { type Outcome, toldOf } from './task.ts';

/** Seconds the hash is kept that says of a task that there was none, where the manifest keeps hashes for ever. */
const unknownTaskSeconds = 86_400;

/** What a script returns when the place is another's. */
export const fencedReply = 'FENCED';

const guard = `local holder = redis.call('HMGET', KEYS[1], '${pidField}', '${ownerField}', '${sessionField}')
if holder[1] ~= ARGV[1] or holder[2] ~= ARGV[2] or (holder[3] or '') ~= ARGV[3] then return '${fencedReply}' end
`;

/** KEYS: config hash, record. ARGV: who we are, the field of the consumer. */
const join = `${guard}redis.call('HSET', KEYS[2], ARGV[4], 1)
return 1`;

/**
 * KEYS: config hash, queue, own list. ARGV: who we are, begin of details, time, fields script, caller and status, how many
 * to take, 1 when each of the ids that follow may have cost a process its life; ids already in the own list.
 * Returns what {@link decodeTasks} reads.
 */
const take = `${guard}local ids = {}
for at = 11, #ARGV do ids[#ids + 1] = ARGV[at] end
for at = 1, tonumber(ARGV[9]) do
  local id = redis.call('LMOVE', KEYS[2], KEYS[3], 'LEFT', 'RIGHT')
  if not id then break end
  ids[#ids + 1] = id
end
local tasks = {}
for at, id in ipairs(ids) do
  local key = ARGV[4] .. id
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'hash' then tasks[at] = {id, kind} else
    if ARGV[10] == '1' then redis.call('HINCRBY', key, '${taskBookkeeping.deliveries}', 1) end
    redis.call('HSET', key, ARGV[8], '${taskStatus.processing}', '${taskBookkeeping.updated}', ARGV[5])
    local bytes = redis.call('HSTRLEN', key, ARGV[6])
    local told = redis.call('HMGET', key, ARGV[6], ARGV[7], '${taskBookkeeping.deliveries}')
    tasks[at] = {id, kind, tostring(bytes), bytes <= ${maxScriptBytes} and told[1] or false, told[2], told[3]}
  end
end
return tasks`;

/** Values of each task in ARGV of {@link finish}. */
const finishValues = 8;

/**
 * KEYS: config hash, own list, response stream, dead letters. ARGV: who we are, begin of details, time, fields status,
 * output and error, seconds to keep, entries of the response stream, type, consumer; per task id, status, text, code, ms,
 * attempt, what is told, why it is dead. Returns how many were ours to finish.
 */
const finish = `${guard}local done = 0
for at = 13, #ARGV, ${finishValues} do
  local id, status, text, code = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  if redis.call('LPOS', KEYS[2], id) then
    local key = ARGV[4] .. id
    local kind = redis.call('TYPE', key).ok
    redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[10], '*', 'ref', id, 'type', ARGV[11], 'xid', id, 'code', code,
      'res', ARGV[at + 6], 'consumer', ARGV[12], 'ms', ARGV[at + 4], 'attempt', ARGV[at + 5])
    if kind == 'hash' or kind == 'none' then
      local isDone = status == '${taskStatus.completed}'
      redis.call('HSET', key, ARGV[6], status, isDone and ARGV[7] or ARGV[8], text, '${taskBookkeeping.updated}', ARGV[5])
      redis.call('HDEL', key, isDone and ARGV[8] or ARGV[7])
      local keep = tonumber(ARGV[9])
      if keep == 0 and kind == 'none' then keep = ${unknownTaskSeconds} end
      if keep > 0 then redis.call('EXPIRE', key, keep) end
    end
    if ARGV[at + 7] ~= '' then
      redis.call('XADD', KEYS[4], 'MAXLEN', '~', ${deadLetterLimit}, '*', 'ref', id, 'type', ARGV[11], '${runtimeFields.xid}', id,
        '${runtimeFields.reason}', ARGV[at + 7], '${runtimeFields.attempts}', ARGV[at + 5])
    end
    redis.call('LREM', KEYS[2], 1, id)
    done = done + 1
  end
end
return done`;

/**
 * KEYS: queue, own list. ARGV: begin of details, time, field status; ids. What we have taken we may give back whoever has
 * our place by now: nothing else would.
 */
const giveBack = `for at = #ARGV, 4, -1 do
  local id = ARGV[at]
  if redis.call('LREM', KEYS[2], 1, id) == 1 then
    redis.call('LPUSH', KEYS[1], id)
    local key = ARGV[1] .. id
    if redis.call('TYPE', key).ok == 'hash' then
      redis.call('HSET', key, ARGV[3], '${taskStatus.pending}', '${taskBookkeeping.updated}', ARGV[2])
    end
  end
end
return 1`;

/** The commands of one process over one pair of connections. */
export class TaskCommands {
  readonly #place: Place;
  readonly #who: readonly string[];
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(place: Place, { pid = '', owner, session = '' }: Identity, now: () => number) {
    this.#place = place;
    this.#who = [pid, owner, session];
    this.#now = now;
  }

  /** Has the record name us. */
  join(): Command {
    const { hashKey, record, consumerId } = this.#place;
    return ['EVAL', join, 2, hashKey, record, ...this.#who, taskConsumerField(consumerId)];
  }

  /**
   * Takes up to `most` tasks, and tells them and those that were taken before.
   * @param before ids in the own list
   * @param afterDeath each of them was in the hands of a process that died
   */
  take(most: number, before: readonly string[] = [], afterDeath = false): Command {
    const { hashKey, taken, tasks: { queue, details, fields } } = this.#place;
    const asked = [details, this.#seconds(), fields.script, fields.caller, fields.status, most, afterDeath ? 1 : 0];
    return ['EVAL', take, 3, hashKey, queue, taken, ...this.#who, ...asked, ...before];
  }

  /** Ends tasks. */
  finish(ended: readonly { readonly id: string; readonly attempt: number; readonly outcome: Outcome }[]): Command {
    const { hashKey, taken, responseStream, responseStreamLimit, type, consumerId, tasks } = this.#place;
    const { fields: { status, output, error }, details, keepSeconds, deadLetterStream } = tasks;
    const time = new Date(this.#now()).toISOString();
    const limit = responseStreamLimit ?? defaultResponseStreamLimit;
    const common = [details, this.#seconds(), status, output, error, keepSeconds, limit, type, consumerId];
    const each = ended.flatMap(({ id, attempt, outcome }) => [
      id,
      outcome.status,
      outcome.text,
      outcome.code,
      Math.round(outcome.ms),
      attempt,
      toldOf(id, outcome, type, time),
      outcome.dead ?? '',
    ]);
    const keys = [hashKey, taken, responseStream, deadLetterStream];
    return ['EVAL', finish, keys.length, ...keys, ...this.#who, ...common, ...each];
  }

  /** Puts tasks back where they were taken from, in their order. */
  giveBack(ids: readonly string[]): Command {
    const { taken, tasks: { queue, details, fields } } = this.#place;
    return ['EVAL', giveBack, 2, queue, taken, details, this.#seconds(), fields.status, ...ids];
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000);
  }
}
