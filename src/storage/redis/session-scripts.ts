/**
 * Writes sockets of one process. KEYS: their hash. ARGV: `1` where the hash begins anew, milliseconds to live, count of
 * arguments to write, then ids and records in turn, then ids to take away. Answers how many sockets the hash holds, so that
 * the process sees when Redis has lost some. Without the process the hash ends by its time to live.
 *
 * A hash is dropped by a time to live of zero: the user of Redis has no DEL.
 */
export const WRITE_NODE = `
if ARGV[1] == '1' then redis.call('PEXPIRE', KEYS[1], 0) end
local writesEnd = 3 + tonumber(ARGV[3])
if writesEnd > 3 then redis.call('HSET', KEYS[1], unpack(ARGV, 4, writesEnd)) end
if #ARGV > writesEnd then redis.call('HDEL', KEYS[1], unpack(ARGV, writesEnd + 1)) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('HLEN', KEYS[1])
`;

/**
 * Names a process as one that holds sockets. KEYS: the sorted set. ARGV: its name, the time, the time before which others
 * are forgotten, milliseconds to live.
 */
export const ANNOUNCE_NODE = `
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`;

/**
 * Writes what a named session has captured, unless something newer stands there. KEYS: its hash. ARGV: time, model,
 * milliseconds to live. Answers 1, or 0 where something newer stands. What is not of its form, or of another
 * type, is replaced.
 */
export const REMEMBER = `
local stored = redis.pcall('HGET', KEYS[1], 'time')
if type(stored) == 'table' and stored.err then redis.call('PEXPIRE', KEYS[1], 0) end
local time = type(stored) == 'string' and #stored <= 16 and tonumber(string.match(stored, '^%d+$'))
if time and time > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'time', ARGV[1], 'model', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`;
