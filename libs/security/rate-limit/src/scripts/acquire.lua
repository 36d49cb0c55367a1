-- Charges any mix of policies, all or none: reads and judges all of them, then writes. Integers only, time from TIME.
-- KEYS: one a policy. ARGV: for each key five words: kind, shadow (0 or 1), a, b, c.
--   f  fixed window              a cost          b limit            c window in ms
--   e  the same, and its end is reported (PEXPIRETIME)
--   s  sliding window            a cost          b limit            c window in ms
--   g  GCRA                      a increment us  b tolerance us     c one charge in us
-- Returns for each key: 1 when it had room else 0, used, ms until reset, and the window's end in ms or 0.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local now_us = time[1] * 1000000 + time[2]
local slot = {}  -- expiries below carry 1 ms more: TIME may be a little later than the clock that expires keys
local denied = false

local function fixed(key, cost, limit, window)
  local ttl = redis.call('PTTL', key)
  local used = 0
  if ttl > 0 then used = tonumber(redis.call('GET', key)) else ttl = 0 end
  return {ok = used + cost <= limit, used = used, fresh = ttl == 0, reset = ttl == 0 and window or ttl}
end

local function sliding(key, cost, limit, window)
  local index = math.floor(now_ms / window)
  local elapsed = now_ms - index * window
  local previous, current = 0, 0
  local stored = redis.call('GET', key)
  if stored then
    local i, p, c = string.match(stored, '^(%d+) (%d+) (%d+)$')
    i, p, c = tonumber(i), tonumber(p), tonumber(c)
    if i > index then index, elapsed = i, 0 end  -- the clock was set back: nothing gets younger
    if i == index then previous, current = p, c elseif i == index - 1 then previous = c end
  end
  local left = window - elapsed
  local load = previous * left + current * window
  local s = {ok = load + cost * window <= limit * window, index = index, previous = previous, current = current,
             left = left, reset = left}
  s.used = math.ceil(load / window)
  if not s.ok then
    local room = (limit - current - cost) * window
    if room >= 0 then
      s.reset = left - math.floor(room / previous)
    elseif current > 0 then
      s.reset = left + math.max(0, window - math.floor((limit - cost) * window / current))
    end
  end
  return s
end

local function gcra(key, increment, tolerance, one)
  local arrival = math.max(tonumber(redis.call('GET', key) or 0), now_us)
  local s = {ok = arrival + increment - now_us <= tolerance, arrival = arrival}
  s.used = math.ceil((arrival - now_us) / one)
  s.reset = math.ceil((arrival - now_us) / 1000)
  if not s.ok then s.reset = math.ceil((arrival + increment - tolerance - now_us) / 1000) end
  return s
end

local judge = {f = fixed, e = fixed, s = sliding, g = gcra}
for i = 1, #KEYS do
  local at = i * 5
  local s = judge[ARGV[at - 4]](KEYS[i], tonumber(ARGV[at - 2]), tonumber(ARGV[at - 1]), tonumber(ARGV[at]))
  if not s.ok and ARGV[at - 3] == '0' then denied = true end
  slot[i] = s
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
