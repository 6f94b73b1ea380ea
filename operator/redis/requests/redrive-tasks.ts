/** How dead letters of tasks go back: the task is told to be pending again, and its id is pushed to the list. */
import { requestFields } from '../../../contract/request.ts';
import { taskBookkeeping, taskStatus } from '../../../contract/tasks.ts';
import type { TaskPlace } from './worker-streams.ts';

/**
 * KEYS from, list. ARGV first, last, count, begin of details, time, fields status, output and error. A list that is none
 * ends the script before anything has been written of a letter.
 */
export const redriveTasksScript = `
local sent = 0
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', ARGV[3])) do
  local id, all, task = entry[1], entry[2], nil
  for at = 1, #all, 2 do
    if all[at] == '${requestFields.ref}' then task = all[at + 1] end
  end
  local key = ARGV[4] .. (task or '')
  if not task or redis.call('TYPE', key).ok ~= 'hash' then return {sent, id, 'noTask'} end
  redis.call('RPUSH', KEYS[2], task)
  redis.call('HSET', key, ARGV[6], '${taskStatus.pending}', '${taskBookkeeping.updated}', ARGV[5])
  redis.call('HDEL', key, ARGV[7], ARGV[8], '${taskBookkeeping.deliveries}', '${taskBookkeeping.progress}')
  redis.call('PERSIST', key)
  redis.call('XDEL', KEYS[1], id)
  sent = sent + 1
end
return {sent}`;

/** What the script is told beside the range. */
export function redriveTasksArguments({ details, fields: { status, output, error } }: TaskPlace): readonly string[] {
  return [details, String(Math.floor(Date.now() / 1000)), status, output, error];
}
