import { describe, expect, it } from 'vitest';
import { chunk, Http1Client, head, lastChunk } from './support/http1-client.ts';
import { useStack } from './support/stack.ts';

/** No message of Envoy with this body fits, so it is refused before it is read. */
const BODY = Buffer.alloc(900_000, 'x');
const LIMITS = { held_total: '80KiB', body: '80KiB' };

describe.each(['BUFFERED', 'FULL_DUPLEX_STREAMED'] as const)('a message that is never read, %s', (mode) => {
  const stack = useStack({
    mode,
    tiergate: { config: { limits: LIMITS, policy: { enforcement: 'report' } } },
  });

  it.each([
    ['/v1/messages', 'overloaded_error', 'refuse; code=overloaded'],
    ['/v1/responses', 'server_error', 'refuse; code=overloaded'],
    ['/v1/embeddings', 'server_error', undefined],
  ])('gets 503 under report too, on %s', async (path, type, decision) => {
    const client = await Http1Client.connect(stack().port);
    try {
      await client.write(head('POST', path, { 'transfer-encoding': 'chunked' }));
      await client.write(chunk(BODY));
      await client.write(lastChunk());
      const answer = await client.read();
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.headers.get('x-tiergate-decision')).toBe(decision);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ error: { type } });
    } finally {
      client.close();
    }
  });
});
