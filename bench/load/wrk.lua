-- Sends the requests of one file (separated by NUL) in turn and prints one line of JSON at the end.
-- wrk ... -s wrk.lua URL -- FILE PIPELINING

wrk.init = function(args)
  local file = assert(io.open(args[1], "rb"))
  local requests = {}
  for text in file:read("*a"):gmatch("[^%z]+") do
    requests[#requests + 1] = text:rep(tonumber(args[2]))
  end
  file:close()
  if #requests == 1 then
    -- wrk asks a script without a global `request` only once.
    wrk.request = function() return requests[1] end
    return
  end
  local turn = 0
  function request()
    turn = turn % #requests + 1
    return requests[turn]
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format(
    '\n{"microseconds":%d,"requests":%d,"bytes":%d,"socketErrors":%d,"statusErrors":%d,' ..
    '"cpuSeconds":%.6f,"latency":{"p50":%d,"p99":%d,"p999":%d,"max":%d}}',
    summary.duration, summary.requests, summary.bytes,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status,
    os.clock(), latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
