-- Says where any mix of policies stands (judge.lua). One word more in ARGV: 'look' changes nothing, 'forget' drops all
-- counters in the same step, so that what is reported is what was dropped.
-- Returns for each key: 1 when the cost would have room else 0, used, and ms until nothing of it counts any more.
local reply = {}
for i = 1, #KEYS do
  local s, kind, window = judge(i), ARGV[i * 5 - 4], tonumber(ARGV[i * 5])
  local left
  if kind == 's' then
    left = s.current > 0 and s.left + window or s.left
  elseif kind == 'g' then
    left = math.ceil((s.arrival - now_us) / 1000)
  else
    left = s.reset
  end
  reply[i * 3 - 2] = s.ok and 1 or 0
  reply[i * 3 - 1] = s.used
  reply[i * 3] = s.used > 0 and left or 0
end
if ARGV[#KEYS * 5 + 1] == 'forget' then redis.call('DEL', unpack(KEYS)) end
return reply
