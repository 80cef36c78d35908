import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  ProcessingRequest,
  ProcessingResponse,
} from '../../src/gen/envoy/service/ext_proc/v3/external_processor.ts';

/**
 * The yardstick: the least that a grpc-js ext_proc server can do. Same contract, codec, windows and limits as Tiergate;
 * it reads each message and answers "go on", or with `--echo` sends each body back as its replacement. Prints its port.
 */
const MEBIBYTE = 1024 * 1024;

const server = new Server({
  'grpc.max_receive_message_length': 65 * MEBIBYTE,
  'grpc.max_send_message_length': 65 * MEBIBYTE,
  'grpc-node.flow_control_window': 16 * MEBIBYTE,
});

// The reset limit of Node's HTTP/2, raised as Tiergate raises it; without it the yardstick loses connections.
const options = server as unknown as { commonServerOptions: Record<string, unknown> };
Object.assign(options.commonServerOptions, { streamResetBurst: 1e6, streamResetRate: 1e6 });

const common = { response: undefined };
const echo = process.argv.includes('--echo');
const keep = {
  status: 0,
  headerMutation: undefined,
  bodyMutation: undefined,
  trailers: undefined,
  clearRouteCache: false,
};

server.addService(
  {
    Process: {
      path: '/envoy.service.ext_proc.v3.ExternalProcessor/Process',
      requestStream: true,
      responseStream: true,
      requestSerialize: (message: ProcessingRequest) =>
        Buffer.from(ProcessingRequest.encode(message).finish()),
      requestDeserialize: (bytes: Buffer) => ProcessingRequest.decode(bytes),
      responseSerialize: (message: ProcessingResponse) =>
        Buffer.from(ProcessingResponse.encode(message).finish()),
      responseDeserialize: (bytes: Buffer) => ProcessingResponse.decode(bytes),
    },
  },
  {
    Process(call: ServerDuplexStream<ProcessingRequest, ProcessingResponse>) {
      call.on('data', (message: ProcessingRequest) => {
        const { request } = message;
        const body = request?.$case === 'requestBody' && echo ? request.value.body : undefined;
        const bodyMutation = body === undefined ? undefined : { mutation: { $case: 'body', value: body } };
        const $case = request?.$case ?? 'requestBody';
        const isBody = $case === 'requestBody' || $case === 'responseBody';
        const response = { $case, value: isBody ? { response: { ...keep, bodyMutation } } : common };
        call.write({
          response,
          dynamicMetadata: undefined,
          modeOverride: undefined,
          overrideMessageTimeout: undefined,
        } as unknown as ProcessingResponse);
      });
      call.on('end', () => call.end());
      call.on('error', () => {});
    },
  },
);

server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`port ${port}\n`);
});
