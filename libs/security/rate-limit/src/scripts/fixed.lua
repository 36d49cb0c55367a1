-- Charges any number of fixed windows, all or none. The lean way for the usual case: two calls a key while nothing is
-- refused. KEYS: one a policy. ARGV: for each key cost, limit, window in ms, 1 when it is a shadow policy else 0.
-- Returns for each key: the count as if charged (above the limit: it had no room), and the window's remaining ms.
local reply = {}
local fresh = {}
local denied = false
for i = 1, #KEYS do
  local a = i * 4
  local used = redis.call('INCRBY', KEYS[i], ARGV[a - 3])
  local ttl = redis.call('PTTL', KEYS[i])
  if ttl <= 0 then
    -- No window yet, or a key that lost its expiry and would count for ever.
    redis.call('SET', KEYS[i], ARGV[a - 3], 'PX', ARGV[a - 1])
    used = tonumber(ARGV[a - 3])
    ttl = tonumber(ARGV[a - 1])
    fresh[i] = true
  end
  if used > tonumber(ARGV[a - 2]) and ARGV[a] == '0' then denied = true end
  reply[i * 2 - 1] = used
  reply[i * 2] = ttl
end
for i = 1, #KEYS do
  if denied or reply[i * 2 - 1] > tonumber(ARGV[i * 4 - 2]) then
    -- A refused request opens no window.
    if fresh[i] then redis.call('DEL', KEYS[i]) else redis.call('DECRBY', KEYS[i], ARGV[i * 4 - 3]) end
  end
end
return reply
