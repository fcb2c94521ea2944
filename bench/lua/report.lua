-- What every script here prints last: one line of JSON.
-- A script may count for itself: the globals `counted` (what is done) and `refused` of each of its threads.

local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

local function sum(name)
    local all = nil
    for _, thread in ipairs(threads) do
        local one = thread:get(name)
        if one ~= nil then all = (all or 0) + one end
    end
    return all
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '{"done": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "refused": %d, "broken": %d}\n',
        sum("counted") or summary.requests, summary.duration / 1e6,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        math.max(errors.status, sum("refused") or 0), errors.connect + errors.read + errors.write + errors.timeout))
end
