/**
 * What must not be cut in two in Redis, as scripts of its own. Times are the server's, so that clocks of pods need not
 * agree. `Fence` counts who took a script: whoever holds an older number holds nothing. `Fenced` names the owner that
 * took it so; an owner without it is a worker of the older kind, which gives no sign of life while its script runs.
 */

const now = `local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local stamp = string.format('%.0f', now) .. '000'
`;

/** Whether nobody alive has the script. KEYS[1] is its hash; `cluster` what keys of workers begin with. */
const isFree = `local function isFree(state, owner, beat, dead, fenced)
  if state ~= 'running' then return true end
  if beat > 0 and now - beat <= dead * 1000000 then return false end
  if owner == '' or fenced == owner then return true end
  local w = redis.call('HMGET', cluster .. ':workers:' .. owner, 'State', 'Heartbeat')
  local alive = (tonumber(w[2] or '0') or 0) / 1000
  return w[1] == 'offline' or now - alive > math.max(dead, 3) * 1000000
end
local function seconds(text)
  local n = tonumber(text or '') or 0
  if n < 1 then return text == '0' and 1 or defaultDead end
  return n
end
`;

const take = `local function take(owner)
  local fence = redis.call('HINCRBY', KEYS[1], 'Fence', 1)
  redis.call('HSET', KEYS[1], 'State', 'running', 'Heartbeat', stamp, 'Beat', stamp, 'Owner', owner, 'Fenced', owner)
  return fence
end
`;

/**
 * Takes a thread nobody alive has. KEYS: its hash. ARGV: worker, cluster, default of DeadSeconds.
 * Gives the fence, Source, Hang and DeadSeconds; or in their place, milliseconds until it may be free, -1 for never.
 */
export const takeThread = `${now}local cluster = ARGV[2]
local defaultDead = tonumber(ARGV[3])
${isFree}${take}local f = redis.call('HMGET', KEYS[1], 'Source', 'Status', 'State', 'Heartbeat', 'Owner', 'DeadSeconds', 'Fenced', 'Hang')
if not f[1] or f[1] == '' or f[2] == 'disabled' then return -1 end
local dead = seconds(f[6])
local beat = (tonumber(f[4] or '0') or 0) / 1000
if not isFree(f[3] or 'stopped', f[5] or '', beat, dead, f[7]) then
  return math.max(1, math.ceil((beat + dead * 1000000 - now) / 1000))
end
return {take(ARGV[1]), f[1], f[8] or '', tostring(dead)}`;

/**
 * A sign of life. KEYS: the hash. ARGV: worker, fence.
 * Gives \`held\`, \`disabled\`, \`lost\`.
 */
export const beat = `${now}local f = redis.call('HMGET', KEYS[1], 'Status', 'Owner', 'Fence', 'Fenced')
if f[2] ~= ARGV[1] or f[3] ~= ARGV[2] or f[4] ~= ARGV[1] then return 'lost' end
redis.call('HSET', KEYS[1], 'Heartbeat', stamp, 'Beat', stamp, 'State', 'running')
return f[1] == 'disabled' and 'disabled' or 'held'`;

/**
 * Lets a script go that is still ours. KEYS: the hash. ARGV: worker, fence, State, error or '', time of the error,
 * what Owner becomes, or '-' where it stays.
 */
export const release = `local f = redis.call('HMGET', KEYS[1], 'Owner', 'Fence')
if f[1] ~= ARGV[1] or f[2] ~= ARGV[2] then return 'lost' end
redis.call('HSET', KEYS[1], 'State', ARGV[3], 'Fenced', '')
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'Status', 'disabled', 'Error', ARGV[4], 'ErrorTime', ARGV[5]) end
if ARGV[6] ~= '-' then redis.call('HSET', KEYS[1], 'Owner', ARGV[6]) end
return 'released'`;

/** Sets the field Status of a script that is ours. KEYS: the hash. ARGV: worker, fence, Status. */
export const setStatus = `local f = redis.call('HMGET', KEYS[1], 'Owner', 'Fence')
if f[1] ~= ARGV[1] or f[2] ~= ARGV[2] then return 'lost' end
redis.call('HSET', KEYS[1], 'Status', ARGV[3])
return 'set'`;

/**
 * Takes a job for one tick, once for all workers. KEYS: its hash. ARGV: worker, cluster, default of DeadSeconds, the
 * tick in milliseconds, the Cron and TimeZone it was computed from. Gives the fence and Source, or why not.
 */
export const takeJob = `${now}local cluster = ARGV[2]
local defaultDead = tonumber(ARGV[3])
${isFree}${take}local f = redis.call('HMGET', KEYS[1], 'Source', 'Status', 'State', 'Heartbeat', 'Owner', 'DeadSeconds', 'Fenced', 'Tick', 'Cron', 'TimeZone', 'Beat')
if not f[1] or f[1] == '' or f[2] == 'disabled' then return 'disabled' end
if (f[9] or '') ~= ARGV[5] or (f[10] or '') ~= ARGV[6] then return 'changed' end
local tick = tonumber(ARGV[4])
if (tonumber(f[8] or '0') or 0) >= tick then return 'taken' end
local beat = (tonumber(f[4] or '0') or 0) / 1000
if not isFree(f[3] or 'stopped', f[5] or '', beat, seconds(f[6]), f[7]) then return 'running' end
-- A heartbeat that is not ours is of a worker of the older kind, which notes no tick, but when it began.
if f[4] ~= f[11] and beat >= tick * 1000 then return 'taken' end
redis.call('HSET', KEYS[1], 'Tick', ARGV[4])
return {take(ARGV[1]), f[1]}`;
