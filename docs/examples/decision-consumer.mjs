// Reads the decisions of all replicas, as one of a group that shares them: REDIS_URL=… node decision-consumer.mjs
import { Redis } from 'ioredis';

const [stream, group, consumer] = ['{tg:decisions}', 'billing', process.env.CONSUMER ?? 'consumer-1'];
const options = { protocol: 2, disableClientInfo: true }; // without them it would need further rights
const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', options);
await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM').catch((error) => {
  if (!error.message.startsWith('BUSYGROUP')) throw error; // it is there already
});
const readFrom = ['GROUP', group, consumer, 'COUNT', 100, 'BLOCK', 5_000, 'STREAMS', stream];
// From 0: what this consumer was given before and did not acknowledge. Then from >: what nobody was given.
for (let from = '0'; ; ) {
  const [[, entries]] = (await redis.xreadgroup(...readFrom, from)) ?? [[stream, []]];
  for (const [id, fields] of entries) {
    // No fields: it was removed from the stream, which keeps the newest, before it was acknowledged.
    const decision = fields && JSON.parse(fields[fields.indexOf('decision') + 1]);
    if (decision) console.log(decision.id, decision.action, decision.model_asked, decision.tier_sent);
    await redis.xack(stream, group, id);
  }
  if (entries.length === 0) from = '>';
}
