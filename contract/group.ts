/**
 * The consumer group of a request stream, made and taken down so that no request runs again that was acknowledged, and
 * no worker takes down the group of another. Each step is one script in Redis: operator and worker run the same.
 */

/** Responses that are looked through for requests that were answered, when a group is made. */
const maxResponses = 10_000;

/** Requests that are held against those responses. */
const maxRequests = 20_000;

/**
 * Makes the group, and the stream when there is none.
 *
 * It begins where its record says everything before was acknowledged, else at the start id. A record that lies behind
 * the end of the stream is of a stream that is no more. Requests from there on whose responses are still in the response
 * stream are answered: the group begins behind the last of them, and those between that are not answered are pending for
 * the consumer, free for the next who asks.
 *
 * KEYS: request stream, record, response stream. ARGV: group, resource or '', start id, consumer.
 * Returns {'created' | 'exists'} or {'wrongType', key}.
 */
export const makeGroupLua = `
local function kindOf(key) return redis.call('TYPE', key).ok end
local function isAfter(a, b)
  local aMs, aSeq = string.match(a, '^(%d+)-?(%d*)$')
  local bMs, bSeq = string.match(b, '^(%d+)-?(%d*)$')
  if aMs == bMs then aMs, bMs = aSeq, bSeq end
  if #aMs ~= #bMs then return #aMs > #bMs end
  return aMs > bMs
end
local function groupInfo()
  if kindOf(KEYS[1]) == 'none' then return nil end
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local found = {}
    for at = 1, #info, 2 do found[info[at]] = info[at + 1] end
    if found.name == ARGV[1] then return found end
  end
end
local function lastIdOf(stream)
  if kindOf(stream) == 'none' then return '0-0' end
  local info = redis.call('XINFO', 'STREAM', stream)
  for at = 1, #info, 2 do if info[at] == 'last-generated-id' then return info[at + 1] end end
end
local function fieldsOf(entry)
  local fields = {}
  for at = 1, #entry[2], 2 do fields[entry[2][at]] = entry[2][at + 1] end
  return fields
end

local function answeredRequests()
  local refs, latest = {}, nil
  if kindOf(KEYS[3]) ~= 'stream' then return refs, latest end
  local from = '+'
  for _ = 1, ${maxResponses / 100} do
    local page = redis.call('XREVRANGE', KEYS[3], from, '-', 'COUNT', 100)
    for _, entry in ipairs(page) do
      local fields = fieldsOf(entry)
      if fields.ref and fields.xid and string.match(fields.xid, '^%d+-%d+$') then
        refs[fields.xid] = fields.ref
        if not latest or isAfter(fields.xid, latest) then latest = fields.xid end
      end
    end
    if #page < 100 then break end
    from = '(' .. page[#page][1]
  end
  return refs, latest
end

-- The last answered request behind \`start\`, and those before it that are not answered.
local function afterAnswered(start, latest, answered)
  local open, passed, from = {}, {}, '(' .. start
  for _ = 1, ${maxRequests / 100} do
    local page = redis.call('XRANGE', KEYS[1], from, latest, 'COUNT', 100)
    for _, entry in ipairs(page) do
      local fields = fieldsOf(entry)
      local ref = answered[fields['rw:xid'] or entry[1]]
      if ref and ref == fields.ref then
        start = entry[1]
        for _, id in ipairs(passed) do open[#open + 1] = id end
        passed = {}
      else
        passed[#passed + 1] = entry[1]
      end
    end
    if #page < 100 then break end
    from = '(' .. page[#page][1]
  end
  return start, open
end

for at, wanted in ipairs({'stream', 'hash'}) do
  local kind = kindOf(KEYS[at])
  if kind ~= 'none' and kind ~= wanted then return {'wrongType', KEYS[at]} end
end
local owner = redis.call('HGET', KEYS[2], 'resource')
local function nameOf(resource) return string.match(resource, '^(.*)/') end
if ARGV[2] ~= '' and owner ~= ARGV[2] and (not owner or nameOf(owner) == nameOf(ARGV[2])) then
  redis.call('HSET', KEYS[2], 'resource', ARGV[2])
end
if groupInfo() then return {'exists'} end

local start = redis.call('HGET', KEYS[2], 'position')
local last = lastIdOf(KEYS[1])
if start and isAfter(start, last) then start = '0' end
start = start or ARGV[3]
local open = {}
if start ~= '$' then
  local answered, latest = answeredRequests()
  if latest and isAfter(latest, start) then start, open = afterAnswered(start, latest, answered) end
end
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], start, 'MKSTREAM')
for at = 1, #open, 100 do
  local claim = {'XCLAIM', KEYS[1], ARGV[1], ARGV[4], 0}
  for index = at, math.min(at + 99, #open) do claim[#claim + 1] = open[index] end
  for _, option in ipairs({'IDLE', 86400000, 'FORCE', 'JUSTID'}) do claim[#claim + 1] = option end
  redis.call(unpack(claim))
end
if #open == 0 then redis.call('HSET', KEYS[2], 'position', groupInfo()['last-delivered-id']) end
return {'created'}
`;

/**
 * Gives the group up: takes it down when asked, when it is ours, and when nobody and nothing is left in it; its position
 * is remembered. A group that stays belongs to nobody afterwards, so that the next worker may take it over.
 *
 * KEYS: request stream, record. ARGV: group, resource, 'destroy' or 'keep'.
 * Returns {'destroyed'}, {'kept'}, {'absent'} or {'foreign'}.
 */
export const leaveGroupLua = `
if redis.call('TYPE', KEYS[2]).ok ~= 'hash' then return {'foreign'} end
if redis.call('HGET', KEYS[2], 'resource') ~= ARGV[2] then return {'foreign'} end
redis.call('HDEL', KEYS[2], 'resource')
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then
  redis.call('DEL', KEYS[2])
  return {'absent'}
end
if kind ~= 'stream' then return {'absent'} end
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local found = {}
  for at = 1, #info, 2 do found[info[at]] = info[at + 1] end
  if found.name == ARGV[1] then
    if ARGV[3] ~= 'destroy' or found.pending > 0 or found.consumers > 0 then return {'kept'} end
    redis.call('XGROUP', 'DESTROY', KEYS[1], ARGV[1])
    if found['last-delivered-id'] == '0-0' then
      redis.call('DEL', KEYS[2])
    else
      redis.call('HSET', KEYS[2], 'position', found['last-delivered-id'])
    end
    return {'destroyed'}
  end
end
return {'absent'}
`;

/**
 * Remembers up to where everything is acknowledged: before the oldest pending request, or up to the last delivered one.
 *
 * KEYS: request stream, record. ARGV: group.
 */
export const rememberPositionLua = `
if redis.call('TYPE', KEYS[1]).ok ~= 'stream' then return 0 end
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local found = {}
  for at = 1, #info, 2 do found[info[at]] = info[at + 1] end
  if found.name == ARGV[1] then
    local position = found['last-delivered-id']
    if found.pending > 0 then
      local before = redis.call('XREVRANGE', KEYS[1], '(' .. redis.call('XPENDING', KEYS[1], ARGV[1])[2], '-', 'COUNT', 1)[1]
      position = before and before[1]
    end
    if position then redis.call('HSET', KEYS[2], 'position', position) end
    return 1
  end
end
return 0
`;
