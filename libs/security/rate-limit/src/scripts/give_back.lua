-- Takes a charge back, only from the window that was charged. KEYS[1]: the counter. ARGV: cost, the window's end in ms.
if redis.call('PEXPIRETIME', KEYS[1]) ~= tonumber(ARGV[2]) then return {0} end
local back = math.min(tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[1])))
if back > 0 then redis.call('DECRBY', KEYS[1], back) end
return {back}
