/** A list of tasks in Redis: looked at, claimed, given up. See contract/tasks.ts. */
import { takenTasksKey, taskConsumerField, taskConsumers, taskRecordKey } from '../../contract/tasks.ts';
import { RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { fieldsOf, number, text } from './replies.ts';
import { script } from './script.ts';

/** The keys of a queue and beside it. */
export interface TaskQueueKeys {
  readonly queue: string;
  readonly responses: string;
  readonly deadLetters: string;
}

/** One look at a queue. */
export interface TaskQueueView {
  /** Tasks nobody has taken. */
  readonly waiting: number;
  /** The consumers that have ever taken something, and how much each has in hand. */
  readonly consumers: readonly { readonly id: string; readonly taken: number }[];
  /** The manifest whose queue it is, `<namespace>/<name>/<uid>`; undefined when there is none. */
  readonly owner: string | undefined;
  /** Undefined where the login may not count them. */
  readonly deadLetters: number | undefined;
  /** Keys that hold another type of value than they should. */
  readonly misfits: readonly { readonly key: string; readonly wanted: 'list' | 'stream' | 'hash' }[];
}

/** Looks at the queue; what is absent is told, not thrown. @throws RedisFault */
export async function observeTaskQueue(
  redis: RedisLink,
  { queue, responses, deadLetters }: TaskQueueKeys,
): Promise<TaskQueueView> {
  const uses = [
    { key: queue, wanted: 'list' },
    { key: taskRecordKey(queue), wanted: 'hash' },
    { key: responses, wanted: 'stream' },
    { key: deadLetters, wanted: 'stream' },
  ] as const;
  const [length, record, letters, ...types] = await redis.pipeline([
    ['LLEN', queue],
    ['HGETALL', taskRecordKey(queue)],
    ['XLEN', deadLetters],
    ...uses.map(({ key }) => ['TYPE', key] as const),
  ]);
  for (const reply of [length, record, letters, ...types]) {
    if (reply instanceof RedisFault && reply.code !== 'RedisWrongType') throw reply;
  }
  const fields = record instanceof RedisFault ? {} : textsIn(record);
  const ids = taskConsumers(fields).sort();
  const taken = await redis.pipeline(ids.map((id) => ['LLEN', takenTasksKey(queue, id)] as const));
  return {
    waiting: length instanceof RedisFault ? 0 : number(length) ?? 0,
    consumers: ids.map((id, at) => ({ id, taken: taken[at] instanceof RedisFault ? 0 : number(taken[at]) ?? 0 })),
    owner: fields['resource'] || undefined,
    deadLetters: letters instanceof RedisFault ? undefined : number(letters),
    misfits: uses.filter(({ wanted }, at) => !['none', wanted].includes(text(types[at]))),
  };
}

function textsIn(record: unknown): Record<string, string> {
  return Object.fromEntries([...fieldsOf(record)].map(([name, value]) => [name, text(value)]));
}

/** KEYS: record. ARGV: resource. Another manifest's queue stays its own; one of our own name was this worker before. */
const claimScript = script(`local owner = redis.call('HGET', KEYS[1], 'resource')
local function nameOf(resource) return string.match(resource, '^(.*)/') end
if owner and nameOf(owner) ~= nameOf(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'resource', ARGV[1])
return 1`);

/** Makes the queue ours, unless it is another manifest's. @throws RedisFault */
export async function claimTaskQueue(redis: RedisLink, queue: string, resource: string): Promise<void> {
  await redis.script(claimScript, [taskRecordKey(queue)], [resource]);
}

/** KEYS: queue, list of the consumer, record. ARGV: field of the consumer. Tasks go back in the order they came in. */
const leaveScript = script(`local moved = 0
while redis.call('LMOVE', KEYS[2], KEYS[1], 'RIGHT', 'LEFT') do moved = moved + 1 end
redis.call('HDEL', KEYS[3], ARGV[1])
return moved`);

/** Takes a consumer out, whose tasks anybody may take from the queue again. @throws RedisFault */
export async function leaveTaskQueue(redis: RedisLink, queue: string, consumerId: string): Promise<void> {
  const keys = [queue, takenTasksKey(queue, consumerId), taskRecordKey(queue)];
  await redis.script(leaveScript, keys, [taskConsumerField(consumerId)]);
}

/** KEYS: record. ARGV: resource. Consumers that are still named keep the record, so that their lists are found. */
const releaseScript = script(`if redis.call('HGET', KEYS[1], 'resource') ~= ARGV[1] then return 0 end
return redis.call('HDEL', KEYS[1], 'resource')`);

/** Gives up a queue that is ours; its tasks stay. @throws RedisFault */
export async function releaseTaskQueue(redis: RedisLink, queue: string, resource: string): Promise<void> {
  await redis.script(releaseScript, [taskRecordKey(queue)], [resource]);
}
