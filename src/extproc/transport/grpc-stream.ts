import type { ServerHttp2Stream } from 'node:http2';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { HeldBudget } from '../../exchange/events.ts';
import {
  ProcessingRequest,
  type ProcessingResponse,
} from '../../gen/envoy/service/ext_proc/v3/external_processor.ts';
import { createGuard } from '../guard.ts';
import {
  type EndStatus,
  grpcCodes,
  type MessageStream,
  type OpenStream,
  type StreamReceiver,
} from '../message-stream.ts';
import { forgetPieces } from './grpc-internals.ts';
import { MessageMeter } from './message-meter.ts';

/** A call of `ExternalProcessor.Process`. Requests come as bytes, so that decoding them runs in our guard. */
export type ProcessCall = ServerDuplexStream<Buffer, ProcessingResponse>;

/**
 * Puts one gRPC call behind the stream interface of the loop.
 *
 * @param http2Stream the stream that the call is on, for counting what grpc-js holds of unfinished messages
 */
export function serveCall(
  call: ProcessCall,
  http2Stream: ServerHttp2Stream,
  open: OpenStream,
  held: HeldBudget,
): void {
  const stream = new GrpcMessageStream(call);
  const receiver = open(stream);
  const guard = createGuard((fault, place) => receiver.failed(fault, place));
  const meter = createMeter(http2Stream, receiver, held);
  http2Stream.prependListener('data', (bytes: Buffer) => guard('bytes', () => meter.arrived(bytes)));
  call.on('data', (bytes: Buffer) => {
    guard('message', () => {
      meter.delivered();
      forgetPieces(call);
      receiver.message(ProcessingRequest.decode(bytes));
    });
  });
  // Node ends the readable side at a reset as well, so that this may come in place of `cancelled`.
  call.on('end', () => guard('half-close', () => receiver.halfClosed()));
  call.on('drain', () => guard('drain', () => receiver.drained()));
  call.on('cancelled', () => {
    guard('cancel', () => {
      stream.gone();
      meter.stop();
      receiver.cancelled();
    });
  });
  call.on('error', (fault: unknown) => {
    if (stream.isOpen) guard('error', () => receiver.failed(fault, 'error'));
  });
}

/** A message that was refused is not assembled: its bytes are dropped as they come. */
function createMeter(
  http2Stream: ServerHttp2Stream,
  receiver: StreamReceiver,
  held: HeldBudget,
): MessageMeter {
  return new MessageMeter(held, () => {
    receiver.overloaded();
    http2Stream.removeAllListeners('data');
    http2Stream.resume();
  });
}

class GrpcMessageStream implements MessageStream {
  readonly #call: ProcessCall;
  #open = true;

  constructor(call: ProcessCall) {
    this.#call = call;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get metadata(): ReadonlyMap<string, string> {
    const values = new Map<string, string>();
    for (const [name, value] of Object.entries(this.#call.metadata.getMap())) {
      if (typeof value === 'string') values.set(name, value);
    }
    return values;
  }

  send(message: ProcessingResponse, onSent?: () => void): boolean {
    return !this.#open || this.#call.write(message, onSent);
  }

  end(status: EndStatus): void {
    if (!this.#open) return;
    this.#open = false;
    if (status.code === grpcCodes.ok) {
      this.#call.end();
      return;
    }
    // grpc-js takes the status from the error event; a text that is not ASCII would throw inside it.
    const details = status.details.replace(/[^\x20-\x7e]/g, '?');
    this.#call.emit('error', Object.assign(new Error(details), { code: status.code, details }));
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  /** The peer is gone: nothing can be sent any more. */
  gone(): void {
    this.#open = false;
  }
}
