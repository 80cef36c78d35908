import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { HeldBudget } from '../../exchange/events.ts';
import type { ProcessingResponse } from '../../gen/envoy/service/ext_proc/v3/external_processor.ts';
import { createGuard, type Guard } from '../guard.ts';
import {
  type EndStatus,
  grpcCodes,
  type MessageStream,
  type OpenStream,
  type StreamReceiver,
} from '../message-stream.ts';
import { encodeFrame } from './encode-response.ts';
import { readTimeout } from './grpc-timeout.ts';
import { MalformedPrefix, MessageAssembler } from './message-assembler.ts';
import { MessageMeter } from './message-meter.ts';
import { readMessage } from './read-message.ts';

/** What all calls have in common. */
export interface CallOptions {
  readonly open: OpenStream;
  /** Messages that are being put together are counted against it. */
  readonly held: HeldBudget;
  /** Most bytes of one message. */
  readonly maxMessageBytes: number;
}

/** More than this in the queue of one stream, and the loop is asked to wait. */
const queuedBytes = 1024 * 1024;

const deadlineExceeded = 4;

const responseHeaders = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': 'identity',
};
const withTrailers = { waitForTrailers: true };
const okTrailers = { 'grpc-status': '0' };

/** Headers of HTTP/2 and gRPC that are no metadata. */
const transportHeaders = new Set([
  'te',
  'content-type',
  'accept-encoding',
  'grpc-encoding',
  'grpc-accept-encoding',
  'grpc-timeout',
]);

/** Serves one call of `ExternalProcessor.Process` on its HTTP/2 stream (gRPC over HTTP/2). */
export function serveCall(
  http2Stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  options: CallOptions,
): void {
  new ProcessCall(http2Stream, headers, options);
}

function ignoreError(): void {}

const noMetadata: ReadonlyMap<string, string> = new Map();

/** What `MessageStream.metadata` says. The headers themselves are not kept: a socket lives for hours. */
function metadataOf(headers: IncomingHttpHeaders): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const name in headers) {
    if (name.startsWith(':') || name.endsWith('-bin') || transportHeaders.has(name)) continue;
    const value = headers[name];
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) values.set(name, first);
  }
  return values;
}

/** Who hears of a stream that is closed. */
const nobody: StreamReceiver = {
  message() {},
  halfClosed() {},
  cancelled() {},
  failed() {},
  drained() {},
  overloaded() {},
};

/** A gRPC call behind the stream interface of the loop. */
class ProcessCall implements MessageStream {
  metadata: ReadonlyMap<string, string>;
  readonly #http2: ServerHttp2Stream;
  readonly #held: HeldBudget;
  /** Undefined as long as every message has come whole: such a one is never put together, so nothing is held of it. */
  #meter: MessageMeter | undefined;
  /** Messages in the queue that came before there was a meter. */
  #unmetered = 0;
  /** Undefined when no message is taken any more. */
  #assembler: MessageAssembler | undefined;
  #receiver: StreamReceiver;
  readonly #guard: Guard;
  /** Our half is open. */
  #open = true;
  /** Response headers have been sent. */
  #responded = false;
  /** A message was refused: what comes after it is dropped as it comes, not put together. */
  #dropping = false;
  #paused = false;
  #awaitsDrain = false;
  /** Messages that were complete when the loop asked for a pause. */
  #queue: Buffer[] = [];
  #deadline: NodeJS.Timeout | undefined;
  readonly #onMessage = (message: Buffer): void => {
    if (!this.#paused) {
      this.#deliver(message);
      return;
    }
    this.#queue.push(message);
    if (this.#meter === undefined) this.#unmetered += 1;
  };

  constructor(http2Stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: CallOptions) {
    // An error of the stream always comes with its close, which says all there is to know.
    http2Stream.on('error', ignoreError);
    this.#http2 = http2Stream;
    this.metadata = metadataOf(headers);
    this.#assembler = new MessageAssembler(options.maxMessageBytes);
    this.#held = options.held;
    this.#receiver = options.open(this);
    this.#guard = createGuard((fault, place) => this.#receiver.failed(fault, place));
    http2Stream.on('close', () => this.#guard('cancel', () => this.#closed()));
    // Node ends the readable side at a reset as well, so that this may come in place of `cancelled`.
    http2Stream.on('end', () => this.#guard('half-close', () => this.#receiver.halfClosed()));
    http2Stream.on('data', (bytes: Buffer) => this.#guard('message', () => this.#read(bytes)));
    const timeout = headers['grpc-timeout'];
    if (typeof timeout === 'string') this.#limitTime(timeout);
  }

  send(message: ProcessingResponse, onSent?: () => void): boolean {
    if (!this.#open || this.#isGone) return true;
    let pieces: readonly Uint8Array[];
    try {
      pieces = encodeFrame(message);
    } catch (fault) {
      this.#receiver.failed(fault, 'encode');
      return true;
    }
    const http2 = this.#http2;
    if (!this.#responded) {
      this.#responded = true;
      http2.respond(responseHeaders, withTrailers);
    }
    const more = this.#write(pieces, onSent);
    if (more || http2.writableLength <= queuedBytes) return true;
    this.#awaitDrain();
    return false;
  }

  /** @returns false where more is queued than the stream takes */
  #write(pieces: readonly Uint8Array[], onSent: (() => void) | undefined): boolean {
    const http2 = this.#http2;
    const [only] = pieces;
    if (only !== undefined && pieces.length === 1 && onSent === undefined) return http2.write(only);
    const last = pieces.length - 1;
    http2.cork();
    for (let index = 0; index < last; index++) http2.write(pieces[index]);
    const more = http2.write(pieces[last], (error) => {
      if (error === null || error === undefined) onSent?.();
    });
    http2.uncork();
    return more;
  }

  end({ code, details }: EndStatus): void {
    this.#finish(code, details);
  }

  pause(): void {
    this.#paused = true;
    this.#http2.pause();
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused && this.#queue.length > 0) {
      const message = this.#queue.shift();
      if (message !== undefined) this.#deliver(message);
    }
    if (!this.#paused) this.#http2.resume();
  }

  /** Whether the peer has ended the stream with a reset, or the connection is lost. */
  get #isGone(): boolean {
    return this.#http2.closed || this.#http2.destroyed;
  }

  #read(bytes: Buffer): void {
    const assembler = this.#assembler;
    if (assembler === undefined || this.#dropping) return;
    if (this.#meter !== undefined || !assembler.isWhole(bytes)) {
      this.#meter ??= this.#createMeter();
      this.#meter.arrived(bytes);
      this.#tellRefusal();
    }
    try {
      assembler.read(bytes, this.#onMessage);
    } catch (fault) {
      if (!(fault instanceof MalformedPrefix)) throw fault;
      this.#refuse(fault.code, fault.message);
    }
  }

  #createMeter(): MessageMeter {
    return new MessageMeter(this.#held, () => {
      this.#dropping = true;
      this.#assembler?.stop();
    });
  }

  #deliver(message: Buffer): void {
    if (this.#unmetered > 0) this.#unmetered -= 1;
    else this.#meter?.delivered();
    if (!this.#open) return;
    this.#receiver.message(readMessage(message));
    this.#tellRefusal();
  }

  #tellRefusal(): void {
    if (this.#meter?.takeRefusal()) this.#receiver.overloaded();
  }

  #awaitDrain(): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    this.#http2.once('drain', () => {
      this.#awaitsDrain = false;
      this.#guard('drain', () => this.#receiver.drained());
    });
  }

  #limitTime(timeout: string): void {
    const milliseconds = readTimeout(timeout);
    if (milliseconds === undefined) {
      this.#refuse(grpcCodes.internal, 'tiergate: a malformed grpc-timeout');
      return;
    }
    this.#deadline = setTimeout(() => {
      this.#guard('deadline', () => this.#refuse(deadlineExceeded, 'tiergate: the deadline has passed'));
    }, milliseconds);
  }

  /** Ends a call that gRPC itself does not allow to go on. */
  #refuse(code: number, details: string): void {
    this.#finish(code, details);
    this.#receiver.cancelled();
  }

  /** Ends our half behind what is queued; what the peer still sends is dropped. */
  #finish(code: number, details: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#release();
    const http2 = this.#http2;
    if (this.#isGone) return;
    const trailers = code === grpcCodes.ok ? okTrailers : statusTrailers(code, details);
    if (this.#responded) {
      http2.once('wantTrailers', () => http2.sendTrailers(trailers));
      http2.end();
    } else http2.respond({ ...responseHeaders, ...trailers }, { endStream: true });
    http2.resume();
  }

  #closed(): void {
    this.#open = false;
    this.#release();
    clearTimeout(this.#deadline);
    this.#receiver.cancelled();
    // Node's stream outlives its close, and what it refers to would be copied with it by the garbage collector.
    this.#receiver = nobody;
    this.metadata = noMetadata;
  }

  /** No message is taken any more, and nothing is held of one. */
  #release(): void {
    this.#queue = [];
    this.#assembler = undefined;
    this.#meter?.stop();
  }
}

/** A text that is not printable ASCII cannot be carried; a percent sign begins an escape. */
function statusTrailers(code: number, details: string): Record<string, string> {
  return {
    'grpc-status': String(code),
    'grpc-message': details.replace(/[^\x20-\x7e]/g, '?').replaceAll('%', '%25'),
  };
}
