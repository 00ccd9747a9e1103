-- Sends the requests of a file in turn, each thread from a place of its own, the threads in turn to several ports of this machine.
-- WRK_PORTS: the ports. WRK_REQUESTS: the file, a path and what signs it a line. WRK_TOKEN: the session's.

local ports = {}
for port in os.getenv("WRK_PORTS"):gmatch("%d+") do
  ports[#ports + 1] = port
end

local threads = 0

function setup(thread)
  thread.addr = wrk.lookup("127.0.0.1", ports[threads % #ports + 1])[1]
  thread:set("number", threads)
  threads = threads + 1
end

local requests = {}
local at = 0

function init()
  for line in io.lines(os.getenv("WRK_REQUESTS")) do
    local path, signed = line:match("^(%S+) (%S+)$")
    requests[#requests + 1] = wrk.format("GET", path, {
      ["Authorization"] = "Bearer " .. os.getenv("WRK_TOKEN"),
      ["Healthsecure-Read-Request"] = signed,
      ["Accept-Encoding"] = "identity",
    })
  end
  at = number * 97
end

function request()
  at = at + 1
  return requests[at % #requests + 1]
end
