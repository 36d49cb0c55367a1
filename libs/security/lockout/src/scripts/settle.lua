-- Ends a lease. KEYS: count, leases, index of buckets. ARGV: most failures, window ms, the lease's id, bucket ('' for the
-- account itself), outcome (ok, fail or abort).
-- Returns: 1, or 0 when the lease was over and nothing was changed; failures; 1 when this failure locked, else 0.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])

local ends = redis.call('ZSCORE', KEYS[2], ARGV[3])
if ends then redis.call('ZREM', KEYS[2], ARGV[3]) end
if not ends or tonumber(ends) <= now then return {0, 0, 0} end

if ARGV[5] == 'ok' then
  redis.call('DEL', KEYS[1])
  if ARGV[4] ~= '' then redis.call('ZREM', KEYS[3], ARGV[4]) end
  return {1, 0, 0}
end
if ARGV[5] == 'abort' then return {1, tonumber(redis.call('GET', KEYS[1]) or 0), 0} end

local failures = redis.call('INCR', KEYS[1])
-- No expiry: the first failure, or a count that lost it.
if failures == limit or redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIRE', KEYS[1], window) end
if ARGV[4] ~= '' then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
  redis.call('ZADD', KEYS[3], now + window, ARGV[4])
  redis.call('PEXPIRE', KEYS[3], window + 1)
end
return {1, failures, failures == limit and 1 or 0}
