import type { RedisClient } from '../operator/redis/requests/client.ts';
/** Removes a request that nobody will take. */

/**
 * KEYS[1] stream, ARGV[1] id of the entry. Removes it, unless a group was given it or has a consumer that will be.
 * A stream that only held this entry goes with it. Returns the number of entries removed.
 */
const takeBackScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local function number(text) return string.format('%20s', text) end
local function order(id)
  local ms, sequence = string.match(id, '^(%d+)-(%d+)$')
  return number(ms) .. number(sequence)
end
local groups = redis.call('XINFO', 'GROUPS', KEYS[1])
for _, group in ipairs(groups) do
  local info = {}
  for at = 1, #group, 2 do info[group[at]] = group[at + 1] end
  if info['consumers'] > 0 or order(info['last-delivered-id']) >= order(ARGV[1]) then return 0 end
end
local removed = redis.call('XDEL', KEYS[1], ARGV[1])
if #groups == 0 and redis.call('XLEN', KEYS[1]) == 0 then redis.call('DEL', KEYS[1]) end
return removed
`;

/** Removes the entry `id` of `stream` when no consumer has it or waits for it; true when it did. */
export async function takeBack(redis: RedisClient, stream: string, id: string): Promise<boolean> {
  return await redis.eval(takeBackScript, 1, stream, id) === 1;
}
