/**
 * Writes the policy if what stands there is still what the writer has read.
 *
 * KEYS: hash of the policy, list of its revisions, stream of the audit. ARGV: id that must stand in the hash (empty: the
 * key must be absent), channel, notice for it, entry for the list, entries that the list keeps, entries that the stream
 * keeps about, count of the arguments for the hash, then those, then those of the audit. Answers 1, or 0 where something else stands.
 *
 * Types are looked at before anything is written, memory and role are checked by Redis at the first write, and the hash
 * comes last of the three keys: an error leaves the policy as it was. The notice may fail, as replicas also poll.
 */
export const WRITE_POLICY = `
for index, wanted in ipairs({'hash', 'list', 'stream'}) do
  local found = redis.call('TYPE', KEYS[index]).ok
  if found ~= 'none' and found ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. KEYS[index] .. ' holds a ' .. found .. ', not a ' .. wanted)
  end
end
if ARGV[1] == '' then
  if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
elseif redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return 0
end
local hashEnd = 7 + tonumber(ARGV[7])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*', unpack(ARGV, hashEnd + 1))
if redis.call('LINDEX', KEYS[2], 0) ~= ARGV[4] then
  redis.call('LPUSH', KEYS[2], ARGV[4])
  redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[5]) - 1)
end
redis.call('HSET', KEYS[1], unpack(ARGV, 8, hashEnd))
redis.pcall('PUBLISH', ARGV[2], ARGV[3])
return 1
`;
