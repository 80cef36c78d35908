import type { ServiceDefinition } from '@grpc/grpc-js';
import {
  ProcessingRequest,
  ProcessingResponse,
} from '../../gen/envoy/service/ext_proc/v3/external_processor.ts';
import { encodeResponse } from './encode-response.ts';

/** The name that health checks ask for. */
export const serviceName = 'envoy.service.ext_proc.v3.ExternalProcessor';

/**
 * The ext_proc service with the generated codec. A request goes to its handler as the bytes that came (a view, not a
 * copy), so that decoding runs in the guard of its stream and not inside grpc-js.
 *
 * @param onEncodeFault told of a reply that could not be encoded; grpc-js ends its stream with INTERNAL
 */
export function processService(onEncodeFault: (fault: unknown) => void): ServiceDefinition {
  const process = {
    path: `/${serviceName}/Process`,
    requestStream: true,
    responseStream: true,
    requestSerialize: (message: ProcessingRequest) => Buffer.from(ProcessingRequest.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (message: ProcessingResponse) => {
      try {
        return encodeResponse(message);
      } catch (fault) {
        onEncodeFault(fault);
        throw fault;
      }
    },
    responseDeserialize: (bytes: Buffer) => ProcessingResponse.decode(bytes),
  };
  return { process };
}
