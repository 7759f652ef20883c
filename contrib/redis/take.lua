-- Counts a call in the window of a key, or in the next one if that has ended,
-- by the server's clock. Returns the calls in the window, and the time until it
-- ends. A clock that is set back opens no window.
--
-- Times are in microseconds, which Lua's numbers hold exactly.
--
-- KEYS[1] the window  ARGV[1] period  ARGV[2] phase  ARGV[3] limit
local period, phase, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local ends, calls = now - math.fmod(now - phase, period) + period, 0

local kept = redis.call('GET', KEYS[1])
if kept then
  local kept_ends, kept_calls = string.match(kept, '^(%d+) (%d+)$')
  if not kept_ends then
    return redis.error_reply('WRONGTYPE the key holds no count of calls')
  end
  if tonumber(kept_ends) > now then
    ends, calls = math.min(tonumber(kept_ends), now + period), math.min(tonumber(kept_calls), limit)
  end
end

-- Keys expire by another reading of the clock, which is rounded: a second later
-- is never too early.
local expiry = math.ceil((ends - now) / 1000) + 1000
redis.call('SET', KEYS[1], string.format('%.0f %.0f', ends, calls + 1), 'PX', string.format('%.0f', expiry))
return {calls + 1, ends - now}
