-- POSTs a body of its own each time: the lines of a file, in order and from the start again.
--   arguments: the file, the content type
dofile("report.lua")

local requests, at = {}, 0

function init(arguments)
    wrk.method = "POST"
    wrk.headers["Content-Type"] = arguments[2]
    for body in io.lines(arguments[1]) do  -- made now, so that this program is not what is slow
        table.insert(requests, wrk.format(nil, nil, nil, body))
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end
