-- Deletes every count of an account. KEYS: the account's count, index of buckets. A bucket's count has the account's key
-- as its beginning, so it lies in the same slot of a cluster. Leases stay: those tries are still under way.
-- Returns: how many counts there were.
local cleared = redis.call('DEL', KEYS[1])
for _, bucket in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  cleared = cleared + redis.call('DEL', KEYS[1] .. ':' .. bucket)
end
redis.call('DEL', KEYS[2])
return {cleared}
