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
 * Takes a script nobody alive has. KEYS: its hash. ARGV: worker, cluster, default of DeadSeconds, `asked` for one that
 * may be disabled. Gives the fence, Source, Hang and DeadSeconds; or in their place, milliseconds until it may be free, -1 for never.
 */
export const takeScript = `${now}local cluster = ARGV[2]
local defaultDead = tonumber(ARGV[3])
${isFree}${take}local f = redis.call('HMGET', KEYS[1], 'Source', 'Status', 'State', 'Heartbeat', 'Owner', 'DeadSeconds', 'Fenced', 'Hang')
if not f[1] or f[1] == '' or (f[2] == 'disabled' and ARGV[4] ~= 'asked') then return -1 end
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
 * Lets a script go that is still ours. KEYS: the hash. ARGV: worker, fence, State, error, line and column of it, its
 * time, what Owner becomes, or '-' where it stays.
 */
export const release = `local f = redis.call('HMGET', KEYS[1], 'Owner', 'Fence')
if f[1] ~= ARGV[1] or f[2] ~= ARGV[2] then return 'lost' end
redis.call('HSET', KEYS[1], 'State', ARGV[3], 'Fenced', '')
if ARGV[3] == 'crashed' then redis.call('HSET', KEYS[1], 'Status', 'disabled', 'Error', ARGV[4], 'ErrorAt', ARGV[5], 'ErrorTime', ARGV[6]) end
if ARGV[7] ~= '-' then redis.call('HSET', KEYS[1], 'Owner', ARGV[7]) end
return 'released'`;

/** Sets the field Status of a script that is ours. KEYS: the hash. ARGV: worker, fence, Status. */
export const setStatus = `local f = redis.call('HMGET', KEYS[1], 'Owner', 'Fence')
if f[1] ~= ARGV[1] or f[2] ~= ARGV[2] then return 'lost' end
redis.call('HSET', KEYS[1], 'Status', ARGV[3])
return 'set'`;

/**
 * Takes jobs, each for one tick that is given once for all workers. KEYS: their hashes. ARGV: worker, cluster, default of
 * DeadSeconds, how many to take, then for each job the tick in milliseconds and the Cron and TimeZone it was computed from.
 * Gives for each job that was looked at the fence, Source and DeadSeconds, or why not; none once enough are taken.
 */
export const takeJobs = `${now}local cluster = ARGV[2]
local defaultDead = tonumber(ARGV[3])
local room = tonumber(ARGV[4])
${isFree}local function takeJob(key, tick, cron, zone)
  local f = redis.pcall('HMGET', key, 'Source', 'Status', 'State', 'Heartbeat', 'Owner', 'DeadSeconds', 'Fenced', 'Tick', 'Cron', 'TimeZone', 'Beat', 'Fence', 'Began')
  if f.err or not f[1] or f[1] == '' or f[2] == 'disabled' then return 'disabled' end
  if (f[9] or '') ~= cron or (f[10] or '') ~= zone then return 'changed' end
  if (tonumber(f[8] or '0') or 0) >= tonumber(tick) then return 'taken' end
  local beat = (tonumber(f[4] or '0') or 0) / 1000
  local dead = seconds(f[6])
  if not isFree(f[3] or 'stopped', f[5] or '', beat, dead, f[7]) then
    -- A run that was itself taken after this tick had come is late, and not long.
    return f[7] == f[5] and (tonumber(f[13] or '0') or 0) / 1000 >= tonumber(tick) * 1000 and 'late' or 'running'
  end
  -- A heartbeat that is not ours is of a worker of the older kind, which notes no tick, but when it began.
  if f[4] ~= f[11] and beat >= tonumber(tick) * 1000 then return 'taken' end
  local fence = string.format('%.0f', (tonumber(f[12] or '0') or 0) + 1)
  redis.call('HSET', key, 'State', 'running', 'Heartbeat', stamp, 'Beat', stamp, 'Owner', ARGV[1], 'Fenced', ARGV[1], 'Tick', tick, 'Fence', fence, 'Began', stamp)
  room = room - 1
  return {fence, f[1], tostring(dead)}
end
local said = {}
for n, key in ipairs(KEYS) do
  if room <= 0 then break end
  local at = 2 + n * 3
  said[n] = takeJob(key, ARGV[at], ARGV[at + 1], ARGV[at + 2])
end
return said`;

/**
 * Lets jobs go that are still ours, and tells what came of them. KEYS: the response stream, then their hashes. ARGV:
 * worker, most entries of the stream or '', worker type, consumer, then for each job its fence, reference, code, reply,
 * milliseconds, error, line and column of it, its time. Gives for each job \`released\` or \`lost\`.
 */
export const finishJobs = `local bound = tonumber(ARGV[2] or '')
local said = {}
for n = 2, #KEYS do
  local key = KEYS[n]
  local at = n * 8 - 11
  local f = redis.pcall('HMGET', key, 'Owner', 'Fence')
  if f.err or f[1] ~= ARGV[1] or f[2] ~= ARGV[at] then
    said[n - 1] = 'lost'
  else
    local crashed = ARGV[at + 2] ~= '200'
    redis.call('HSET', key, 'State', crashed and 'crashed' or 'stopped', 'Fenced', '', 'Owner', '')
    if crashed then redis.call('HSET', key, 'Status', 'disabled', 'Error', ARGV[at + 5], 'ErrorAt', ARGV[at + 6], 'ErrorTime', ARGV[at + 7]) end
    local row = {'ref', ARGV[at + 1], 'type', ARGV[3], 'code', ARGV[at + 2], 'res', ARGV[at + 3], 'consumer', ARGV[4], 'ms', ARGV[at + 4], 'attempt', '1'}
    -- What is in the way of a row is in the way of none of the others.
    if bound then redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', bound, '*', unpack(row))
    else redis.pcall('XADD', KEYS[1], '*', unpack(row)) end
    said[n - 1] = 'released'
  end
end
return said`;

/**
 * How an endpoint failed, as long as there is one. KEYS: its hash. ARGV: error, line and column of it, its time; all of
 * them '' when it works again.
 */
export const noteFailure = `if redis.call('HEXISTS', KEYS[1], 'Source') == 0 then return 'gone' end
redis.call('HSET', KEYS[1], 'Error', ARGV[1], 'ErrorAt', ARGV[2], 'ErrorTime', ARGV[3])
return 'noted'`;
