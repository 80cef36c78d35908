import { type ChannelCredentials, type ChannelOptions, Client, credentials, Metadata } from '@grpc/grpc-js';
import type { Connector, ProcessCall } from './connector.ts';
import type { ProcessingRequest, ProcessingResponse } from './messages.ts';
import { processMethod } from './proto.ts';

/** How to reach a gRPC server. */
export interface GrpcConnectorOptions {
  /** Default: plain text. */
  readonly credentials?: ChannelCredentials;
  readonly channelOptions?: ChannelOptions;
}

/**
 * Reaches a real gRPC server.
 * @param address a gRPC target, for example `127.0.0.1:50051` or `unix:/run/ext_proc.sock`
 */
export function grpcConnector(address: string, options: GrpcConnectorOptions = {}): Connector {
  const method = processMethod();
  const client = new Client(address, options.credentials ?? credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    ...options.channelOptions,
  });
  return {
    // A status frame follows the last reply in its own read: an end with OK that comes too early must be seen.
    linger: 10,
    open(initialMetadata, listener) {
      const metadata = new Metadata();
      for (const [name, value] of Object.entries(initialMetadata)) metadata.set(name, value);
      const call = client.makeBidiStreamRequest<ProcessingRequest, ProcessingResponse>(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        metadata,
      );
      call.on('data', (message: ProcessingResponse) => listener.reply(message));
      // The same end comes as a status; without a listener the error would end the process.
      call.on('error', () => undefined);
      call.on('status', ({ code, details }) => listener.ended({ code, details }));
      return {
        send: (message) => void call.write(message),
        halfClose: () => call.end(),
        cancel: () => call.cancel(),
      } satisfies ProcessCall;
    },
    close: () => client.close(),
  };
}
