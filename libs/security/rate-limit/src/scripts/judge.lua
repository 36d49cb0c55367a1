-- Judges one policy and writes nothing: the beginning of acquire.lua and look.lua. Integers only, time from TIME.
-- Both take KEYS, one a policy, and in ARGV for each key five words: kind, shadow (0 or 1), a, b, c.
--   f  fixed window              a cost          b limit            c window in ms
--   e  the same, and its end is reported (PEXPIRETIME)
--   s  sliding window            a cost          b limit            c window in ms
--   g  GCRA                      a increment us  b tolerance us     c one charge in us
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local now_us = time[1] * 1000000 + time[2]

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

local judges = {f = fixed, e = fixed, s = sliding, g = gcra}

-- The i-th policy: ok when it has room, used, reset in ms, and what each kind keeps.
local function judge(i)
  local at = i * 5
  return judges[ARGV[at - 4]](KEYS[i], tonumber(ARGV[at - 2]), tonumber(ARGV[at - 1]), tonumber(ARGV[at]))
end
