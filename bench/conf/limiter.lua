-- The fixed-window limiter of nginx+Lua+Redis: one round trip a request, the headers that ours sends, a problem body on 429.
local redis = require "nginx.redis"
local _M = {}
local mt = { __index = _M }

local function read_all(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

function _M.new(options)
  options.script = read_all(options.script_path)
  options.sha = hex(ngx.sha1_bin(options.script))
  options.policy = ('"global";q=%d;w=%d'):format(options.limit, options.window_ms / 1000)
  return setmetatable(options, mt)
end

local function decide(self, key)
  local client = redis:new()
  client:set_timeout(1000)
  local ok, err = client:connect("127.0.0.1", self.redis_port)
  if not ok then return nil, err end
  local answer, failure = client:evalsha(self.sha, 1, key, self.limit, self.window_ms)
  if not answer and failure and failure:find("NOSCRIPT", 1, true) then
    answer, failure = client:eval(self.script, 1, key, self.limit, self.window_ms)
  end
  if not answer then return nil, failure end
  client:set_keepalive(60000, 64)
  return answer
end

function _M.check(self)
  local answer, err = decide(self, self.prefix .. ngx.var.remote_addr)
  if not answer then
    ngx.log(ngx.ERR, "limiter: ", err)
    return ngx.exit(503)
  end
  local remaining = math.max(self.limit - answer[2], 0)
  local reset = math.ceil(answer[3] / 1000)
  local header = ngx.header
  header["X-RateLimit-Limit"] = self.limit
  header["X-RateLimit-Remaining"] = remaining
  header["RateLimit-Policy"] = self.policy
  header["RateLimit"] = '"global";r=' .. remaining .. ";t=" .. reset
  if answer[1] == 1 then return end
  header["Retry-After"] = math.max(reset, 1)
  header["Cache-Control"] = "no-store"
  header["Content-Type"] = "application/problem+json"
  ngx.status = 429
  ngx.print('{"type":"about:blank","title":"Too Many Requests","status":429,"code":"rate_limited","violated_policies":["global"]}')
  return ngx.exit(429)
end

return _M
