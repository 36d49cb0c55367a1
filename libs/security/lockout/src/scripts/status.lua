-- Reads an account. KEYS: the account's count, its leases, index of buckets. ARGV: most failures.
-- Returns: failures, tries under way, ms until the lock ends or 0, buckets with failures, and how many are locked.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit = tonumber(ARGV[1])

local failures = tonumber(redis.call('GET', KEYS[1]) or 0)
local open = redis.call('ZCOUNT', KEYS[2], '(' .. string.format('%.0f', now), '+inf')
local left = failures >= limit and math.max(1, redis.call('PTTL', KEYS[1])) or 0
local buckets, locked = 0, 0
for _, bucket in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  local count = tonumber(redis.call('GET', KEYS[1] .. ':' .. bucket) or 0)
  if count > 0 then buckets = buckets + 1 end
  if count >= limit then locked = locked + 1 end
end
return {failures, open, left, buckets, locked}
