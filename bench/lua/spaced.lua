-- The same GET again and again, each connection resting some milliseconds in between: for latencies, not for rates.
dofile("report.lua")

local rest = 5

function init(arguments)
    rest = tonumber(arguments[1]) or rest
end

function delay()
    return math.random(0, 2 * rest)
end
