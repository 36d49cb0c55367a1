-- Adds one. KEYS[1]: the counter. ARGV[1]: its life in ms, given when it is new or has lost its expiry.
local used = redis.call('INCRBY', KEYS[1], 1)
local ttl = redis.call('PTTL', KEYS[1])
if ttl == 0 then
  redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
  return {1}
end
if ttl < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {used}
