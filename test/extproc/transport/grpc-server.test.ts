import { status as codes, credentials, Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { blocked } from '../support.ts';
import { ClientStream, connectClient, postHeaders, requestBody, serve } from './support.ts';

const MiB = 1024 * 1024;

describe('the service over real gRPC', () => {
  it('answers a request and ends OK after the half-close', async () => {
    const { bench, server } = await serve();
    const stream = new ClientStream(connectClient(server.address), { 'x-tiergate-scope': 'team-a' });
    stream.send(postHeaders);
    expect(await stream.reply(1)).toMatchObject({ response: 'request_headers' });
    stream.send(requestBody(Buffer.from('{}')));
    expect(await stream.reply(2)).toMatchObject({ response: 'request_body' });
    expect((await stream.end()).code).toBe(codes.OK);
    expect(bench.observer.ends).toEqual(['half_closed']);
    expect(bench.openings[0]?.metadata.get('x-tiergate-scope')).toBe('team-a');
    expect(bench.observer.faults).toEqual([]);
  });

  it('takes a reset as a normal end', async () => {
    const { bench, server } = await serve();
    const stream = new ClientStream(connectClient(server.address));
    stream.send(postHeaders);
    await stream.reply(1);
    const ended = new Promise<void>((resolve) => {
      bench.observer.ended = (kind) => {
        bench.observer.ends.push(kind);
        resolve();
      };
    });
    stream.call.cancel();
    await ended;
    expect(bench.observer.ends).toEqual([expect.stringMatching(/^(half_closed|cancelled)$/)]);
    expect(bench.observer.faults).toEqual([]);
    expect(bench.endedEvents).toBe(1);
  });

  it('takes the loss of a connection as a normal end', async () => {
    const { bench, server } = await serve();
    const client = connectClient(server.address);
    const stream = new ClientStream(client);
    stream.send(postHeaders);
    await stream.reply(1);
    server.close();
    expect((await stream.ended).code).not.toBe(codes.OK);
    expect(bench.observer.ends).toEqual([expect.stringMatching(/^(half_closed|cancelled)$/)]);
  });

  it('leaves a stream open behind an immediate response', async () => {
    const { bench, server } = await serve((event) =>
      event.kind === 'ended'
        ? []
        : [{ kind: 'immediate', response: blocked(403, 'tiergate_policy_violation') }],
    );
    const stream = new ClientStream(connectClient(server.address));
    stream.send(postHeaders);
    expect(await stream.reply(1)).toMatchObject({ immediate_response: { status: { code: 'Forbidden' } } });
    stream.send(requestBody(Buffer.from('{}')));
    expect((await stream.end()).code).toBe(codes.OK);
    expect(stream.replies).toHaveLength(1);
    expect(bench.observer.ends).toEqual(['half_closed']);
  });

  it('ends with FAILED_PRECONDITION and the text for a misconfigured Envoy', async () => {
    const { server } = await serve();
    const stream = new ClientStream(connectClient(server.address));
    stream.send({ ...postHeaders, protocol_config: null });
    const end = await stream.ended;
    expect(end.code).toBe(codes.FAILED_PRECONDITION);
    expect(end.details).toContain('observability_mode');
  });

  it('ends a stream with INTERNAL at a throw, and the others go on', async () => {
    let broken = true;
    const { bench, server } = await serve((event) => {
      if (broken && event.kind !== 'ended') throw new Error('sk-user-content');
      return event.kind === 'headers'
        ? [{ kind: 'reply', reply: { kind: 'headers', direction: 'request' } }]
        : [];
    });
    const client = connectClient(server.address);
    const first = new ClientStream(client);
    first.send(postHeaders);
    const end = await first.ended;
    expect(end.code).toBe(codes.INTERNAL);
    expect(end.details).not.toContain('sk-user-content');
    expect(bench.observer.ends).toEqual(['fault']);
    broken = false;
    const second = new ClientStream(client);
    second.send(postHeaders);
    await second.reply(1);
    expect((await second.end()).code).toBe(codes.OK);
  });

  it('ends a stream with INTERNAL at a message that cannot be decoded', async () => {
    const { bench, server } = await serve();
    const client = connectClient(server.address);
    const bytes = (value: Buffer): Buffer => value;
    const call = client.makeBidiStreamRequest(
      '/envoy.service.ext_proc.v3.ExternalProcessor/Process',
      bytes,
      bytes,
      new Metadata(),
    );
    call.on('error', () => undefined);
    call.on('data', () => undefined);
    call.write(Buffer.from([0x12, 0x7f, 0x01]));
    const end = await new Promise<{ code: number }>((resolve) => call.on('status', resolve));
    expect(end.code).toBe(codes.INTERNAL);
    expect(bench.observer.faults).toHaveLength(1);
  });

  it('ends a stream with INTERNAL at a reply that cannot be encoded', async () => {
    const { bench, server } = await serve((event) =>
      event.kind === 'headers'
        ? [
            {
              kind: 'reply',
              reply: { kind: 'headers', direction: 'request', metadata: { odd: 1n as never } },
            },
          ]
        : [],
    );
    const stream = new ClientStream(connectClient(server.address));
    stream.send(postHeaders);
    expect((await stream.ended).code).toBe(codes.INTERNAL);
    expect(bench.observer.faults.map((fault) => fault.place)).toEqual(['encode']);
  });

  it('never passes a text on that gRPC cannot carry', async () => {
    const { server } = await serve((event) =>
      event.kind === 'headers' ? [{ kind: 'misconfigured', text: 'set \ud800 \u20ac' }] : [],
    );
    const stream = new ClientStream(connectClient(server.address));
    stream.send(postHeaders);
    expect(await stream.ended).toMatchObject({ code: codes.FAILED_PRECONDITION, details: 'set ? ?' });
  });
});

describe('sizes', () => {
  it('counts a message while it is assembled, and no longer', async () => {
    const { bench, server } = await serve();
    const stream = new ClientStream(connectClient(server.address));
    stream.send(postHeaders).send(requestBody(Buffer.alloc(2 * MiB)));
    await stream.reply(2);
    expect(bench.held.peak).toBeGreaterThanOrEqual(2 * MiB);
    expect(bench.held.held).toBe(0);
    await stream.end();
  });

  it('takes a body of the limit, back and forth, and refuses one beyond it with RESOURCE_EXHAUSTED', async () => {
    const limit = 6 * MiB;
    const { bench, server } = await serve(
      (event) => {
        if (!('direction' in event)) return [];
        if (event.kind !== 'body')
          return [{ kind: 'reply', reply: { kind: event.kind, direction: event.direction } }];
        const bytes = Buffer.from(event.bytes);
        return [
          { kind: 'reply', reply: { kind: 'body', direction: 'request', body: { kind: 'replace', bytes } } },
        ];
      },
      { maxBodyBytes: limit },
    );
    const client = connectClient(server.address);
    const stream = new ClientStream(client);
    const bytes = Buffer.alloc(limit, 'a');
    stream.send(postHeaders).send(requestBody(bytes));
    const reply = (await stream.reply(2)) as {
      request_body: { response: { body_mutation: { body: Buffer } } };
    };
    expect(reply.request_body.response.body_mutation.body.equals(bytes)).toBe(true);
    expect((await stream.end()).code).toBe(codes.OK);
    const beyond = new ClientStream(client);
    beyond.send(postHeaders).send(requestBody(Buffer.alloc(limit + 2 * MiB)));
    expect((await beyond.ended).code).toBe(codes.RESOURCE_EXHAUSTED);
    expect(bench.held.held).toBe(0);
  });

  it('sends a body of 16 MiB in full duplex to a slow reader, in order', async () => {
    const total = 16 * MiB;
    const body = Buffer.alloc(total);
    for (let at = 0; at < total; at += 4) body.writeUInt32BE(at, at);
    const { bench, server } = await serve((event) => {
      if (event.kind !== 'body' || !event.endOfStream) return [];
      const effects = [
        { kind: 'reply' as const, reply: { kind: 'headers' as const, direction: 'request' as const } },
      ];
      const chunks = Array.from({ length: total / 65_536 }, (_, index) => ({
        kind: 'reply' as const,
        reply: {
          kind: 'chunk' as const,
          direction: 'request' as const,
          bytes: body.subarray(index * 65_536, (index + 1) * 65_536),
          endOfStream: (index + 1) * 65_536 === total,
        },
      }));
      return [...effects, ...chunks];
    });
    const stream = new ClientStream(connectClient(server.address));
    stream.send({ ...postHeaders, protocol_config: { request_body_mode: 'FULL_DUPLEX_STREAMED' } });
    stream.send(requestBody(Buffer.from('x')));
    await stream.reply(1 + total / 65_536);
    const received = stream.replies.slice(1).map((reply) => {
      const { request_body } = reply as {
        request_body: { response: { body_mutation: { streamed_response: { body: Buffer } } } };
      };
      return request_body.response.body_mutation.streamed_response.body;
    });
    expect(Buffer.concat(received).equals(body)).toBe(true);
    expect(bench.held.peak).toBe(total);
    expect(bench.held.held).toBe(0);
    expect((await stream.end()).code).toBe(codes.OK);
  });
});

describe('insecure clients', () => {
  it('are not served where TLS is on', async () => {
    const { server } = await serve();
    const stream = new ClientStream(connectClient(server.address, credentials.createSsl()));
    stream.send(postHeaders);
    expect((await stream.ended).code).toBe(codes.UNAVAILABLE);
  });
});
