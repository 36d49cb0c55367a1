-- Takes a slot for one try. KEYS: count, leases, index of buckets. ARGV: most failures, window ms, lease ms, the lease's
-- id, bucket ('' for the account itself), failures carried in from elsewhere, and the rest of their window in ms.
-- Returns: 0 granted, 1 busy or 2 locked; failures; ms until the lock ends, or 0.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, window, lease = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local carried, carried_ttl = tonumber(ARGV[6]), tonumber(ARGV[7])

local failures, ttl = 0, redis.call('PTTL', KEYS[1])
if ttl ~= -2 then failures = tonumber(redis.call('GET', KEYS[1]) or 0) end
if ttl == -1 or ttl > window then
  -- A count that lost its expiry would lock for ever; one that ends too late was written before the clock was set back.
  redis.call('PEXPIRE', KEYS[1], window)
  ttl = window
end

if carried > 0 then
  local sum = math.min(limit, failures + carried)
  local life = ttl
  if failures == 0 then
    life = carried_ttl
  elseif failures < limit and sum == limit then
    life = carried >= limit and math.max(ttl, carried_ttl) or window
  end
  if sum > failures then redis.call('SET', KEYS[1], sum, 'PX', math.max(1, math.min(life, window))) end
  failures, ttl = math.max(failures, sum), redis.call('PTTL', KEYS[1])
  if ARGV[5] ~= '' then
    redis.call('ZADD', KEYS[3], now + window, ARGV[5])
    redis.call('PEXPIRE', KEYS[3], window + 1)
  end
end

if failures >= limit then return {2, failures, math.max(1, ttl)} end

redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '(' .. string.format('%.0f', now + lease), '+inf')
if failures + redis.call('ZCARD', KEYS[2]) >= limit then return {1, failures, 0} end
redis.call('ZADD', KEYS[2], now + lease, ARGV[4])
redis.call('PEXPIRE', KEYS[2], lease + 1)
return {0, failures, 0}
