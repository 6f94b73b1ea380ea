/** What the pods of a worker on a list of tasks may do in Redis: nothing that our runtime does not do. */
import { takenTasksKey, taskRecordKey } from '../../../../contract/tasks.ts';
import { exactly } from '../../../redis/acl.ts';
import type { WorkAccess } from '../../model/work.ts';
import type { TasksBlueprint } from './blueprint.ts';

const onHashes = ['expire', 'hdel', 'hgetall', 'hincrby', 'hmget', 'hset', 'hstrlen', 'type', 'watch'] as const;
const onLists = ['blmove', 'lmove', 'lpos', 'lpush', 'lrange', 'lrem'] as const;
const onStreams = ['xadd'] as const;

/**
 * The permissions of a worker on a list of tasks. Which task is whose nobody but its id tells: all of the details are open.
 * @param hashes pattern of its config hashes
 */
export function tasksAccess({ responses, settings }: TasksBlueprint, hashes: string): WorkAccess {
  const { queue, details, deadLetterStream } = settings;
  const lists = [exactly(queue), takenTasksKey(exactly(queue), '*')];
  return {
    commands: onLists,
    keys: lists,
    selectors: [
      { commands: onHashes, keys: [`${exactly(details)}*`, hashes, exactly(taskRecordKey(queue))] },
      { commands: onStreams, keys: [responses, deadLetterStream].map(exactly) },
      // Each command of a script is held to the rights of its caller, so that the keys it is called with open nothing.
      { commands: ['eval'], keys: ['*'] },
    ],
  };
}
