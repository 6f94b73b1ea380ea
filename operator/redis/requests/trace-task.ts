/** Where one task of a list is: its hash, its place in the list, and who has taken it. */
import { takenTasksKey, taskConsumers, taskRecordKey } from '../../../contract/tasks.ts';
import type { RedisClient } from './client.ts';
import type { Fields } from './trace-search.ts';
import type { TaskPlace } from './worker-streams.ts';

/** A task, as far as there is one. */
export interface FoundTask {
  /** Key of its hash, whose fields are absent when there is none. */
  readonly key: string;
  readonly fields?: Fields;
  readonly ttlMs?: number;
  readonly place: TaskPlace;
  /** How many tasks are ahead of it in the list; absent when it is not there. */
  readonly ahead?: number;
  /** The consumer whose list of taken tasks has it. */
  readonly takenBy?: string;
}

/** Nothing but asks. A list is searched by Redis, from its front. @throws Error with what Redis says */
export async function findTask(redis: RedisClient, place: TaskPlace, id: string): Promise<FoundTask> {
  const { queue, details } = place;
  const key = details + id;
  const [type, ahead, record, ttlMs] = await Promise.all([
    redis.type(key),
    redis.lpos(queue, id),
    redis.hgetall(taskRecordKey(queue)),
    redis.pttl(key),
  ]);
  const consumers = taskConsumers(record).sort();
  const taken = await Promise.all(consumers.map((consumer) => redis.lpos(takenTasksKey(queue, consumer), id)));
  const takenBy = consumers.find((_, at) => taken[at] !== null && taken[at] !== undefined);
  return {
    key,
    place,
    ...(type === 'hash' ? { fields: new Map(Object.entries(await redis.hgetallBuffer(key))) } : {}),
    ...(ttlMs < 0 ? {} : { ttlMs }),
    ...(ahead === null ? {} : { ahead }),
    ...(takenBy === undefined ? {} : { takenBy }),
  };
}

/** Whether anything is known of it. */
export function isKnown({ fields, ahead, takenBy }: FoundTask): boolean {
  return fields !== undefined || ahead !== undefined || takenBy !== undefined;
}
