import type { Connector } from './connector.ts';
import type { GrpcStatus, ProcessingRequest, ProcessingResponse } from './messages.ts';
import { processMethod } from './proto.ts';

/** The server's side of one stream; `In` and `Out` are messages or their bytes. */
export interface ServerStream<Out> {
  /** gRPC initial metadata, names in lower case. */
  readonly metadata: ReadonlyMap<string, string>;
  send(message: Out): void;
  /** Ends the stream; default OK. */
  end(status?: GrpcStatus): void;
}

/** What a server does with one stream. */
export interface StreamHandler<In> {
  message(message: In): void | Promise<void>;
  /** Envoy ended its half. Default: the stream is ended with OK. */
  halfClosed?(): void;
  cancelled?(): void;
}

/** A server without sockets: called once a stream. A throw in it ends the stream with INTERNAL. */
export type ServerHandler<In = ProcessingRequest, Out = ProcessingResponse> = (
  stream: ServerStream<Out>,
) => StreamHandler<In>;

const OK: GrpcStatus = { code: 0, details: '' };
const INTERNAL = 13;

/**
 * Connects the double to a handler in the same process. Messages still go through their bytes, so what cannot be
 * encoded or is not in the contract does not arrive.
 */
export function inProcess(handler: ServerHandler): Connector {
  const method = processMethod();
  return inProcessBytes((stream) => {
    const inner = handler({
      metadata: stream.metadata,
      send: (message) => stream.send(method.responseSerialize(message)),
      end: (status) => stream.end(status),
    });
    return {
      message: (bytes) => inner.message(method.requestDeserialize(bytes)),
      halfClosed: () => (inner.halfClosed === undefined ? stream.end() : inner.halfClosed()),
      cancelled: () => inner.cancelled?.(),
    };
  });
}

/** As `inProcess`, for a handler that brings its own codec: it gets and gives encoded messages. */
export function inProcessBytes(handler: ServerHandler<Buffer, Uint8Array>): Connector {
  const method = processMethod();
  return {
    linger: 0,
    open(initialMetadata, listener) {
      let over = false;
      const finish = (status: GrpcStatus): void => {
        if (over) return;
        over = true;
        queueMicrotask(() => listener.ended(status));
      };
      // Both ways through the microtask queue: in order, and never inside the other side's call.
      const guard = (task: () => void | Promise<void>): void => {
        queueMicrotask(() => {
          if (over) return;
          (async () => task())().catch((error: unknown) =>
            finish({ code: INTERNAL, details: String(error) }),
          );
        });
      };
      let stream: StreamHandler<Buffer> | undefined;
      const metadata = new Map(
        Object.entries(initialMetadata).map(([name, value]) => [name.toLowerCase(), value]),
      );
      guard(() => {
        stream = handler({
          metadata,
          send(bytes) {
            if (over) return;
            const message = method.responseDeserialize(Buffer.from(bytes));
            queueMicrotask(() => listener.reply(message));
          },
          end: (status) => finish(status ?? OK),
        });
      });
      return {
        send(message) {
          const bytes = method.requestSerialize(message);
          guard(() => stream?.message(bytes));
        },
        halfClose: () => guard(() => (stream?.halfClosed === undefined ? finish(OK) : stream.halfClosed())),
        cancel() {
          guard(() => stream?.cancelled?.());
          queueMicrotask(() => finish({ code: 1, details: 'cancelled' }));
        },
      };
    },
    close: () => undefined,
  };
}
