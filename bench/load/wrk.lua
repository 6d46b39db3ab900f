-- Sends the requests of one file (separated by NUL) in turn and prints one line of JSON at the end. With `once` each is
-- sent once, by one thread, and wrk ends with the last answer. ORDER is a file of indices from 0: which request comes
-- when.
-- wrk ... -s wrk.lua URL -- FILE PIPELINING again|once CONNECTIONS [ORDER]

local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int, int);")

-- The threads share the list: thread n of m has every m-th request.
local threads = {}
function setup(thread)
  threads[#threads + 1] = thread
  for n, each in ipairs(threads) do
    each:set("number", n)
    each:set("count", #threads)
  end
end

local function readRequests(name, pipelining)
  local file = assert(io.open(name, "rb"))
  local requests = {}
  for text in file:read("*a"):gmatch("[^%z]+") do
    requests[#requests + 1] = text:rep(pipelining)
  end
  file:close()
  return requests
end

local function readOrder(name)
  local file = assert(io.open(name, "rb"))
  local order = {}
  for index in file:read("*a"):gmatch("%d+") do
    order[#order + 1] = tonumber(index) + 1
  end
  file:close()
  return order
end

-- wrk sleeps until its time is over; a SIGINT wakes it up.
local function stop()
  wrk.thread:stop()
  ffi.C.kill(ffi.C.getpid(), 2)
end

wrk.init = function(args)
  local requests = readRequests(args[1], tonumber(args[2]))
  local once = args[3] == "once"
  local left = tonumber(args[4])
  local order = args[5] and readOrder(args[5])
  local length = order and #order or #requests
  cpuAtStart = os.clock()
  if length == 1 and not once then
    -- wrk asks a script without a global `request` only once.
    wrk.request = function() return requests[1] end
    return
  end
  local turn = number - count
  local function afterLast()
    left = left - 1
    -- Nothing is sent on a connection that has no request left; the last of them has the last answer. TLS cannot send
    -- nothing: there the first one ends it all, and what is sent once more is not awaited.
    if left == 0 or wrk.scheme == "https" then stop() end
    return wrk.scheme == "https" and requests[1] or ""
  end
  -- wrk looks at one request of its first thread before it begins.
  local looks = number == 1
  function request()
    if looks then
      looks = false
      return requests[1]
    end
    turn = turn + count
    if turn > length then
      if once then return afterLast() end
      turn = number
    end
    return requests[order and order[turn] or turn]
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  local start = threads[#threads]:get("cpuAtStart")
  print(string.format(
    '\n{"microseconds":%d,"requests":%d,"bytes":%d,"socketErrors":%d,"statusErrors":%d,' ..
    '"cpuSeconds":%.6f,"startSeconds":%.6f,"latency":{"p50":%d,"p99":%d,"p999":%d,"max":%d}}',
    summary.duration, summary.requests, summary.bytes,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status,
    os.clock() - start, start, latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
