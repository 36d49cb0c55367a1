-- fixed.lua for one key, without its tables. ARGV: cost, limit (≥ cost), window in ms.
local used = redis.call('INCRBY', KEYS[1], ARGV[1])
local ttl = redis.call('PTTL', KEYS[1])
if ttl <= 0 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
  return {tonumber(ARGV[1]), tonumber(ARGV[3])}
end
if used > tonumber(ARGV[2]) then redis.call('DECRBY', KEYS[1], ARGV[1]) end
return {used, ttl}
