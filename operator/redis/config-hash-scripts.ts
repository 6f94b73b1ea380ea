/** The atomic steps on a config hash. Each looks at the owner before it writes. */
import { script } from './script.ts';

/** Shared beginning: sets `owner`, or returns for another type of value. */
const readOwner = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then return {'wrongType'} end
local owner = redis.call('HGET', KEYS[1], 'resource')
`;

/**
 * KEYS: hash. ARGV: resource, another one that may be replaced or '', number of operator fields, their names, then
 * field and value by turns.
 * Returns {'written'}, {'unchanged'}, {'conflict', owner} or {'wrongType'}.
 */
export const writeScript = script(`${readOwner}
if owner and owner ~= ARGV[1] and owner ~= ARGV[2] then return {'conflict', owner} end
local names = tonumber(ARGV[3])
local wanted, changed = {}, false
for i = 4 + names, #ARGV, 2 do wanted[ARGV[i]] = ARGV[i + 1] end
for i = 4, 3 + names do
  local name = ARGV[i]
  local value = wanted[name]
  if (redis.call('HGET', KEYS[1], name) or nil) ~= value then
    changed = true
    if value then redis.call('HSET', KEYS[1], name, value) else redis.call('HDEL', KEYS[1], name) end
  end
end
return {changed and 'written' or 'unchanged'}
`);

/** KEYS: hash. ARGV: resource. Returns {'deleted'}, {'absent'}, {'conflict', owner} or {'wrongType'}. */
export const deleteScript = script(`${readOwner}
if kind == 'none' then return {'absent'} end
if owner ~= ARGV[1] then return {'conflict', owner or ''} end
redis.call('DEL', KEYS[1])
return {'deleted'}
`);

/** KEYS: hash. ARGV: resource. Returns {'released'}, {'absent'}, {'conflict', owner} or {'wrongType'}. */
export const releaseScript = script(`${readOwner}
if kind == 'none' then return {'absent'} end
if owner ~= ARGV[1] then return {'conflict', owner or ''} end
redis.call('HDEL', KEYS[1], 'resource')
return {'released'}
`);

/** KEYS: hash. ARGV: pid, then the owner or ''. Returns 1 when both fields were as told and are gone now. */
export const clearPidScript = script(`
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 0 end
local seen = redis.call('HMGET', KEYS[1], 'pid', 'owner')
if seen[1] ~= ARGV[1] or (seen[2] or '') ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], 'pid', 'owner')
return 1
`);
