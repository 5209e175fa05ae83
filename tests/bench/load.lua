-- One scenario of make bench for wrk: SCENARIO names it, DATA is a file of lines it picks from.
local json_type = "application/json"
local lines = {}
for line in io.lines(os.getenv("DATA")) do lines[#lines + 1] = line end
local scenario = os.getenv("SCENARIO")
local headers = os.getenv("TOKEN") and {Authorization = "Bearer " .. os.getenv("TOKEN")}
local threads = {}
local number = 0

function setup(thread)
	threads[#threads + 1] = thread
	thread:set("id", #threads)
end

function init()
	math.randomseed(os.time() + id * 7919)
	orders, refused, step, serial = 0, 0, 1, 0
end

local function pick() return lines[math.random(#lines)] end

-- 128 random bits as a UUID: an idempotency key.
local function key()
	local t = {}
	for i = 1, 32 do t[i] = string.format("%x", math.random(0, 15)) end
	local s = table.concat(t)
	return s:sub(1, 8) .. "-" .. s:sub(9, 12) .. "-4" .. s:sub(14, 16) .. "-8" .. s:sub(18, 20) .. "-" .. s:sub(21, 32)
end

local function post(path, body) return wrk.format("POST", path, {["Content-Type"] = json_type, ["Idempotency-Key"] = key()}, body) end

local address = '{"name":"Mara Lindqvist","line1":"Gartenweg 7","city":"Freiburg","postal_code":"79098","country":"DE"}'
local steps = {
	function() return post("/api/v1/carts", '{"lines":[{"sku":"' .. pick() .. '","quantity":1}],"destination":{"country":"DE","postal_code":"79098"}}') end,
	function()
		serial = serial + 1
		return post("/api/v1/orders", '{"cart_id":"' .. cart .. '","email":"b' .. id .. "-" .. serial .. '@example.org","shipping_address":' .. address
			.. ',"shipping_option":"' .. option .. '"}')
	end,
	function() return post("/api/v1/payments/" .. payment .. "/confirm", '{"card":{"number":"4242424242424242","exp_month":12,"exp_year":2031,"cvc":"123","name":"Mara Lindqvist"}}') end,
}

function request()
	if scenario == "get" then return wrk.format("GET", pick(), headers) end
	if scenario == "add" then return post("/api/v1/carts/" .. lines[2 + id % (#lines - 1)] .. "/lines", '{"sku":"' .. lines[1] .. '","quantity":1}') end
	return steps[step]()
end

-- One connection a thread, so the answer is to the request just made.
function response(status, headers, body)
	if scenario ~= "order" then return end
	if status >= 300 then refused = refused + 1; step = 1; return end
	if step == 1 then
		cart = body:match('"id":"([^"]+)"')
		option = body:match('"shipping_options":%[{"id":"([^"]+)"')
		step = 2
	elseif step == 2 then
		payment = body:match('"payment":{"id":"([^"]+)"')
		step = 3
	else
		orders = orders + 1
		step = 1
	end
end

function done(summary, latency, requests)
	local o, r = 0, 0
	for _, t in ipairs(threads) do o = o + (t:get("orders") or 0); r = r + (t:get("refused") or 0) end
	io.write(string.format('RESULT {"requests":%d,"secs":%.3f,"bad":%d,"errors":%d,"p50_ms":%.2f,"p99_ms":%.2f,"orders":%d,"refused":%d}\n',
		summary.requests, summary.duration / 1e6, summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.timeout,
		latency:percentile(50) / 1000, latency:percentile(99) / 1000, o, r))
end
