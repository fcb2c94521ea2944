-- An anonymous start: a POST that answers a token, then a POST with that token. Counts whole starts.
--   arguments: first path, first body, second path, second body
dofile("report.lua")

counted, refused = 0, 0
local arrived = {}  -- tokens that have not been used yet
local first, second = "", {}

function init(arguments)
    wrk.headers["Content-Type"] = "application/json"
    first = wrk.format("POST", arguments[1], wrk.headers, arguments[2])
    second = { path = arguments[3], body = arguments[4] }
end

function request()
    local token = table.remove(arrived)
    if token == nil then return first end
    local headers = {}
    for name, value in pairs(wrk.headers) do headers[name] = value end
    headers["Authorization"] = "Bearer " .. token
    return wrk.format("POST", second.path, headers, second.body)
end

function response(status, headers, body)
    if status >= 300 then
        refused = refused + 1
        return
    end
    local token = string.match(body, '"token":"(acqs_%w+)"')
    if token ~= nil then
        table.insert(arrived, token)
    else
        counted = counted + 1
    end
end
