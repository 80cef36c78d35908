import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  type Client,
  status as codes,
  credentials,
  makeClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { service as healthService } from 'grpc-health-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ClientStream, connectClient, type Loose, postHeaders, serve } from './support.ts';

const extProc = 'envoy.service.ext_proc.v3.ExternalProcessor';

interface HealthClient extends Client {
  check(
    request: { service: string },
    done: (fault: { code: number } | null, answer?: { status: string }) => void,
  ): void;
}

function healthClient(address: string): HealthClient {
  const Health = makeClientConstructor(healthService, 'Health');
  const client = new Health(address, credentials.createInsecure()) as unknown as HealthClient;
  onTestFinished(() => client.close());
  return client;
}

function check(client: HealthClient, service: string): Promise<string | number> {
  return new Promise((resolve) => {
    client.check({ service }, (fault, answer) => resolve(fault?.code ?? answer?.status ?? 'no answer'));
  });
}

describe('the gRPC health service', () => {
  it('says what it is set to, for the server and for the service', async () => {
    const { server } = await serve();
    const client = healthClient(server.address);
    expect([await check(client, ''), await check(client, extProc)]).toEqual(['NOT_SERVING', 'NOT_SERVING']);
    server.setServing(true);
    expect([await check(client, ''), await check(client, extProc)]).toEqual(['SERVING', 'SERVING']);
    server.setServing(false);
    expect([await check(client, ''), await check(client, extProc)]).toEqual(['NOT_SERVING', 'NOT_SERVING']);
    expect(await check(client, 'another.Service')).toBe(codes.NOT_FOUND);
  });
});

describe('a drain', () => {
  it('says NOT_SERVING, goes on serving for the grace, and lets open streams end', async () => {
    const { server } = await serve();
    server.setServing(true);
    const client = connectClient(server.address);
    const health = healthClient(server.address);
    const stream = new ClientStream(client);
    stream.send(postHeaders);
    await stream.reply(1);
    const drained = server.drain({ graceMs: 300, limitMs: 10_000, onGraceOver: () => undefined });
    expect(await check(health, '')).toBe('NOT_SERVING');
    const late = new ClientStream(client);
    late.send(postHeaders);
    await late.reply(1);
    expect((await late.end()).code).toBe(codes.OK);
    expect((await stream.end()).code).toBe(codes.OK);
    await drained;
    const refused = new ClientStream(connectClient(server.address));
    refused.send(postHeaders);
    expect((await refused.ended).code).toBe(codes.UNAVAILABLE);
  });

  it('cuts what is open at the limit', async () => {
    const { bench, server } = await serve();
    const stream = new ClientStream(connectClient(server.address));
    stream.send(postHeaders);
    await stream.reply(1);
    await server.drain({ graceMs: 0, limitMs: 50, onGraceOver: () => undefined });
    expect((await stream.ended).code).not.toBe(codes.OK);
    expect(bench.observer.ends).toHaveLength(1);
    expect(bench.endedEvents).toBe(1);
  });
});

describe('server reflection', () => {
  it('lists the service and gives its file', async () => {
    const { server } = await serve();
    const stream = reflectionStream(server.address);
    expect(await stream({ list_services: '' })).toMatchObject({
      list_services_response: { service: expect.arrayContaining([{ name: extProc }]) },
    });
    const answer = (await stream({ file_containing_symbol: extProc })) as {
      file_descriptor_response: { file_descriptor_proto: Buffer[] };
    };
    const files = Buffer.concat(answer.file_descriptor_response.file_descriptor_proto).toString('latin1');
    expect(files).toContain('ProcessingRequest');
    expect(files).toContain('FULL_DUPLEX_STREAMED');
  });
});

/** Asks the reflection service one question at a time. */
function reflectionStream(address: string): (question: Loose) => Promise<Loose> {
  const main = createRequire(import.meta.url).resolve('@grpc/reflection');
  const file = join(dirname(main), '../proto/grpc/reflection/v1/reflection.proto');
  const service = loadSync(file, { keepCase: true })['grpc.reflection.v1.ServerReflection'];
  const Reflection = makeClientConstructor(service as ServiceDefinition, 'ServerReflection');
  const client = new Reflection(address, credentials.createInsecure());
  const call = client['ServerReflectionInfo']?.() as ReturnType<Client['makeBidiStreamRequest']>;
  call.on('error', () => undefined);
  onTestFinished(() => {
    call.cancel();
    client.close();
  });
  return (question) =>
    new Promise((resolve) => {
      call.once('data', resolve);
      call.write(question);
    });
}
