-- Payments for wrk: each request is one payment of one agency, under an idempotency key of its own.
--
--   wrk -s payments.lua URL -- HANDS RUN
--
-- HANDS is a file with a line for each hand: token, then a tab, then the body. RUN sets the keys of this run
-- apart from those of others. At the end one line `RESULT {json}` tells what came of it.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(arguments)
  heads, tails, count = {}, {}, 0
  for line in io.lines(arguments[1]) do
    local token, body = line:match("^([^\t]+)\t(.+)$")
    count = count + 1
    heads[count] = "POST /v1/documents HTTP/1.1\r\nHost: " .. wrk.host ..
      "\r\nAuthorization: Bearer " .. token .. "\r\nContent-Type: application/json\r\nIdempotency-Key: "
    tails[count] = "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
  end
  prefix = arguments[2] .. "-" .. number .. "-"
  sent = 0
end

function request()
  sent = sent + 1
  local hand = (sent * 7919 + number) % count + 1
  return heads[hand] .. prefix .. sent .. tails[hand]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"refused":%d,"broken":%d,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
