-- Runs inside Redis. KEYS[1]: the counter. ARGV: limit, window in ms. Gives {allowed, used, ms to the reset}.
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local ttl = redis.call('PTTL', KEYS[1])
if ttl <= 0 then
  redis.call('SET', KEYS[1], 1, 'PX', window)
  return {1, 1, window}
end
local used = tonumber(redis.call('GET', KEYS[1]))
if used + 1 > limit then return {0, used, ttl} end
return {1, redis.call('INCRBY', KEYS[1], 1), ttl}
