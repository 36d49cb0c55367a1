-- Charges any mix of policies, all or none: reads and judges all of them (judge.lua), then writes.
-- Returns for each key: 1 when it had room else 0, used, ms until reset, and the window's end in ms or 0.
local slot = {}  -- expiries below carry 1 ms more: TIME may be a little later than the clock that expires keys
local denied = false
for i = 1, #KEYS do
  slot[i] = judge(i)
  if not slot[i].ok and ARGV[i * 5 - 3] == '0' then denied = true end
end

local reply = {}
for i = 1, #KEYS do
  local s, at = slot[i], i * 5
  local kind, a, c = ARGV[at - 4], tonumber(ARGV[at - 2]), tonumber(ARGV[at])
  local window_end = 0
  if s.ok and not denied then
    if kind == 's' then
      local value = string.format('%.0f %.0f %.0f', s.index, s.previous, s.current + a)
      redis.call('SET', KEYS[i], value, 'PX', s.left + c + 1)
      s.used = math.ceil((s.previous * s.left + (s.current + a) * c) / c)
    elseif kind == 'g' then
      local ahead = s.arrival + a - now_us
      s.reset = math.ceil(ahead / 1000)
      redis.call('SET', KEYS[i], string.format('%.0f', s.arrival + a), 'PX', s.reset + 1)
      s.used = math.ceil(ahead / c)
    else
      if s.fresh then redis.call('SET', KEYS[i], ARGV[at - 2], 'PX', c) else redis.call('INCRBY', KEYS[i], ARGV[at - 2]) end
      s.used = s.used + a
      if kind == 'e' then window_end = redis.call('PEXPIRETIME', KEYS[i]) end
    end
  end
  reply[i * 4 - 3] = s.ok and 1 or 0
  reply[i * 4 - 2] = s.used
  reply[i * 4 - 1] = s.reset
  reply[i * 4] = window_end
end
return reply
