-- Load on the identity service. Arguments: what (login, refresh, me), then a file.
--   login:    the file is a request body; every connection sends it
--   refresh:  the file has a refresh token a line; thread k follows the chain that begins with line k, one connection each
--   me:       the file has an access token a line; they are used in turn
-- "statuses" lists how often each status came, and the slowest answer in milliseconds.
local threads = {}

function setup(thread)
  thread:set("number", #threads + 1)
  table.insert(threads, thread)
end

local function lines_of(name)
  local lines = {}
  for line in io.lines(name) do lines[#lines + 1] = line end
  return lines
end

function init(arguments)
  what, statuses, kept = arguments[1], {}, nil
  local lines = lines_of(arguments[2])
  if what == "login" then
    fixed = wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, lines[1])
  elseif what == "refresh" then
    token = lines[number]
    if arguments[3] then kept = io.open(arguments[3] .. number, "w") end
  else
    tokens, at = lines, (number - 1) * 1000
  end
end

function request()
  if what == "login" then return fixed end
  if what == "refresh" then
    return wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, '{"refresh_token":"' .. token .. '"}')
  end
  at = at % #tokens + 1
  return wrk.format("GET", nil, { ["Authorization"] = "Bearer " .. tokens[at] })
end

-- Only where answers matter: without this function wrk reads no bodies.
function response(status, headers, body)
  statuses[status] = (statuses[status] or 0) + 1
  if what ~= "refresh" or status ~= 200 then return end
  token = body:match('"refresh_token":"([^"]+)"')
  if kept then kept:write(body:match('"access_token":"([^"]+)"'), "\n") end
end

function done(summary, latency)
  local total = {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("statuses")) do total[status] = (total[status] or 0) + count end
  end
  local words = {}
  for status, count in pairs(total) do words[#words + 1] = status .. "=" .. count end
  io.write("statuses ", table.concat(words, " "), "\n")
  io.write(string.format("slowest %.1f ms\n", latency.max / 1000))
end
