-- What a RedisWorker's conditions amount to, for Argo CD. It goes into argocd-cm, below the key
-- resource.customizations.health.redisworker.dev_RedisWorker
local function health(status, message)
  return {status = status, message = message}
end

local status = obj.status
if status == nil or status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "waits for the operator to see this generation")
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  if condition.type == "Ready" or condition.status == "True" then
    conditions[condition.type] = condition
  end
end

local ready, reconciling, stalled = conditions.Ready, conditions.Reconciling, conditions.Stalled
if stalled ~= nil then
  return health("Degraded", stalled.reason .. ": " .. stalled.message)
end
if reconciling ~= nil then
  return health("Progressing", reconciling.reason .. ": " .. reconciling.message)
end
if ready == nil or ready.status ~= "True" then
  return health("Progressing", ready == nil and "waits for the operator" or ready.reason .. ": " .. ready.message)
end
if ready.reason == "Suspended" then
  return health("Suspended", ready.message)
end
return health("Healthy", ready.message)
