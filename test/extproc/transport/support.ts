import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Client,
  type ClientDuplexStream,
  credentials,
  loadPackageDefinition,
  Metadata,
} from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { openStream } from '../../../src/extproc/stream.ts';
import {
  type GrpcServer,
  type GrpcServerOptions,
  startGrpcServer,
} from '../../../src/extproc/transport/grpc-server.ts';
import { loadContract } from '../../../src/extproc/transport/reflection.ts';
import { Bench, keepAll, type Script } from '../support.ts';

/** A message as proto-loader gives it; only what a test looks at. */
export type Loose = Record<string, unknown>;

interface ProcessorClient extends Client {
  Process(metadata: Metadata): ClientDuplexStream<Loose, Loose>;
}

/** A server around a scripted exchange, closed when the test ends. */
export async function serve(
  script: Script = keepAll,
  options: Partial<GrpcServerOptions> = {},
  limit = 1_000_000_000,
): Promise<{ bench: Bench; server: GrpcServer }> {
  const bench = new Bench(script, { startTimer: () => () => undefined }, limit);
  const server = await startGrpcServer({
    address: '127.0.0.1:0',
    socketMode: undefined,
    tls: undefined,
    maxBodyBytes: 64 * 1024 * 1024,
    held: bench.held,
    observer: bench.observer,
    open: (stream) => openStream(stream, bench.environment),
    ...options,
  });
  onTestFinished(() => server.close());
  return { bench, server };
}

/** A client with a codec of its own, closed when the test ends. */
export function connectClient(
  address: string,
  channel = credentials.createInsecure(),
  options = {},
): ProcessorClient {
  const loaded = loadPackageDefinition(loadContract()) as unknown as {
    envoy: {
      service: { ext_proc: { v3: { ExternalProcessor: new (...args: unknown[]) => ProcessorClient } } };
    };
  };
  const client = new loaded.envoy.service.ext_proc.v3.ExternalProcessor(address, channel, {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

/** One stream of a client: what came, and how it ended. */
export class ClientStream {
  readonly replies: Loose[] = [];
  readonly call: ClientDuplexStream<Loose, Loose>;
  /** The gRPC status of the end. */
  readonly ended: Promise<{ code: number; details: string }>;
  #arrived: (() => void)[] = [];

  constructor(client: ProcessorClient, metadata: Readonly<Record<string, string>> = {}) {
    const initial = new Metadata();
    for (const [name, value] of Object.entries(metadata)) initial.set(name, value);
    this.call = client.Process(initial);
    this.call.on('data', (reply: Loose) => {
      this.replies.push(reply);
      for (const arrived of this.#arrived.splice(0)) arrived();
    });
    this.ended = new Promise((resolve) => {
      this.call.on('status', resolve);
      this.call.on('error', () => undefined);
    });
  }

  send(message: Loose): this {
    this.call.write(message);
    return this;
  }

  /** Waits until so many replies have come; a stream that ends before is an error. */
  async reply(count: number): Promise<Loose> {
    const early = this.ended.then((end) => {
      throw new Error(`the stream ended with ${end.code} ${end.details}`);
    });
    while (this.replies.length < count) {
      await Promise.race([early, new Promise<void>((resolve) => this.#arrived.push(resolve))]);
    }
    early.catch(() => undefined);
    return this.replies[count - 1] ?? {};
  }

  /** What Envoy does at the end of a request. */
  end(): Promise<{ code: number; details: string }> {
    this.call.end();
    return this.ended;
  }
}

export const postHeaders: Loose = {
  request_headers: { headers: { headers: [{ key: ':path', raw_value: Buffer.from('/v1/responses') }] } },
  protocol_config: { request_body_mode: 'BUFFERED' },
};

export function requestBody(bytes: Buffer, endOfStream = true): Loose {
  return { request_body: { body: bytes, end_of_stream: endOfStream } };
}

/** A directory of the test's own, removed when it ends. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tiergate-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
