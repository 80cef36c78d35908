import type { HeaderEdits, HeaderLine } from '../dialects/types.ts';
import type { RefusalCode } from '../refusals.ts';
import type { Decision } from './decision.ts';

/** Envoy's body modes, by the names of its `ProcessingMode.BodySendMode`. */
export type BodyMode =
  | 'NONE'
  | 'STREAMED'
  | 'BUFFERED'
  | 'BUFFERED_PARTIAL'
  | 'FULL_DUPLEX_STREAMED'
  | 'GRPC';

export type DirectionName = 'request' | 'response';

/** `protocol_config` of the first message of a stream. */
export interface StreamModes {
  readonly request: BodyMode;
  readonly response: BodyMode;
  readonly sendBodyWithoutWaiting: boolean;
}

/** What is known of a stream when its first message has come. */
export interface Opening {
  /** Our own random id of this exchange, 32 hex digits. */
  readonly id: string;
  /** Wall clock of the first message, milliseconds since the epoch. */
  readonly time: number;
  /** gRPC initial metadata (lower-case names): set by Envoy's configuration, never by the client. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Undefined where the first message carried no `protocol_config` (observability mode). */
  readonly modes: StreamModes | undefined;
}

/** Attributes by their expression, dynamic metadata by `namespace` and key; both as text. */
export interface EventContext {
  readonly attributes: ReadonlyMap<string, string>;
  readonly dynamicMetadata: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** One thing that happens to an exchange. */
export type ExchangeEvent =
  | {
      readonly kind: 'headers';
      readonly direction: DirectionName;
      readonly headers: readonly HeaderLine[];
      readonly endOfStream: boolean;
      readonly context: EventContext;
    }
  | {
      readonly kind: 'body';
      readonly direction: DirectionName;
      readonly bytes: Uint8Array;
      readonly endOfStream: boolean;
      readonly context: EventContext;
    }
  | { readonly kind: 'trailers'; readonly direction: DirectionName; readonly context: EventContext }
  /** The answer to a `decode` effect. Its bytes are held by whoever decoded them until the event is handled. */
  | { readonly kind: 'decoded'; readonly result: DecodeResult }
  /**
   * A message of Envoy does not fit into `limits.held_total` and is never seen. Nothing that it held can go on; an
   * exchange without an answer to it ends with UNAVAILABLE.
   */
  | { readonly kind: 'overloaded' }
  /** The timer that the last `timer` effect started has run out. */
  | { readonly kind: 'timer' }
  /** The answer to a `look_up` effect; it comes within the time that the effect names. */
  | { readonly kind: 'looked_up'; readonly result: LookUpResult }
  /** A socket is to be closed for a reason that is not in its messages. */
  | { readonly kind: 'close'; readonly cause: CloseCause }
  /** Envoy ended the stream (half-close, cancel, reset): release what is held; no effect but `decision` may follow. */
  | { readonly kind: 'ended' };

/** A session that a client has named. Both are secrets: they become a keyed hash at once, and are not kept. */
export interface NamedSession {
  /** The credential of the handshake: nobody without it reads or changes what the session has captured. */
  readonly credential: string;
  /** The client's name for the session. */
  readonly name: string;
}

/**
 * What a named session has captured. `failed`: it cannot be had, or what stands there cannot be read; `late`: it did
 * not come in time.
 */
export type LookUpResult =
  | { readonly kind: 'found'; readonly model: string }
  | { readonly kind: 'none' | 'failed' | 'late' };

/** Why a socket is closed from outside: an operator ends it, or this process is about to stop. */
export type CloseCause = 'operator' | 'draining';

/** How a socket came to its end; `lost`: without a Close of either side. */
export type SocketEnd = 'client_close' | 'provider_close' | 'refused' | CloseCause | 'lost';

/** What an operator is told of a socket beside its decisions. */
export type SocketNote =
  | {
      readonly kind: 'opened';
      readonly id: string;
      readonly requestId: string | undefined;
      readonly route: string;
      readonly dialect: string;
      readonly scope: string | undefined;
      readonly user: string | undefined;
    }
  /** The session that the client has named was looked up. */
  | { readonly kind: 'looked_up'; readonly id: string; readonly result: LookUpResult }
  /** A turn has gone upstream. */
  | { readonly kind: 'turn'; readonly id: string; readonly turns: number }
  /** Turns that name no model are judged by this one from now on. */
  | { readonly kind: 'captured'; readonly id: string; readonly model: string }
  | {
      readonly kind: 'closed';
      readonly id: string;
      readonly route: string;
      readonly dialect: string;
      readonly end: SocketEnd;
      /** Catalogue code of the refusal that closed it. */
      readonly code: RefusalCode | undefined;
      /** Whether the client was told before the end; undefined where there was nothing to tell. */
      readonly told: boolean | undefined;
      readonly turns: number;
      readonly capturedModel: string | undefined;
      readonly durationMs: number;
    };

export type DecodeResult =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly code: 'corrupt_encoding' | 'body_too_large' | 'overloaded' };

/** Content codings that can be decoded, in the order in which they were applied. */
export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';

/** Key → value for Envoy's dynamic metadata, namespace `tiergate`. */
export type DynamicMetadata = Readonly<Record<string, string | number | boolean>>;

/** A reply in the words of design 8.2. Only `Direction` makes them, so that a spurious one cannot be expressed. */
export type Reply =
  | {
      readonly kind: 'headers';
      readonly direction: DirectionName;
      readonly edits?: HeaderEdits;
      readonly metadata?: DynamicMetadata;
    }
  | {
      readonly kind: 'body';
      readonly direction: DirectionName;
      readonly body:
        | { readonly kind: 'keep' }
        | { readonly kind: 'clear' }
        | { readonly kind: 'replace'; readonly bytes: Uint8Array };
      readonly edits?: HeaderEdits;
      readonly metadata?: DynamicMetadata;
    }
  /** `streamed_response`, at most 64 KiB. */
  | {
      readonly kind: 'chunk';
      readonly direction: DirectionName;
      readonly bytes: Uint8Array;
      readonly endOfStream: boolean;
      readonly metadata?: DynamicMetadata;
    }
  | { readonly kind: 'trailers'; readonly direction: DirectionName; readonly metadata?: DynamicMetadata };

/** An `ImmediateResponse`; `status` is always set (Envoy reads a missing one as 200). */
export interface ImmediateReply {
  readonly status: number;
  readonly headers: readonly HeaderLine[];
  readonly body: Buffer;
  /** Ends in Envoy's `%RESPONSE_CODE_DETAILS%`: `tiergate_<code>`, never text from a rule, model or user. */
  readonly details: string;
  readonly metadata?: DynamicMetadata;
}

/** What an exchange wants done; run by `extproc` in the order given. */
export type Effect =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** Ends the exchange: Envoy sends nothing that matters after it. */
  | { readonly kind: 'immediate'; readonly response: ImmediateReply }
  /** Decode `bytes`; the answer comes as a `decoded` event. `codings` in the order in which the client applied them. */
  | {
      readonly kind: 'decode';
      readonly codings: readonly Coding[];
      readonly bytes: Buffer;
      readonly maxBytes: number;
      readonly maxRatio: number;
    }
  | { readonly kind: 'decision'; readonly decision: Decision }
  /** Look up what a named session has captured; the answer comes as a `looked_up` event, after `ms` at the latest. */
  | { readonly kind: 'look_up'; readonly session: NamedSession; readonly ms: number }
  /** Starts the one timer of the exchange anew; undefined stops it. It comes back as a `timer` event. */
  | { readonly kind: 'timer'; readonly ms: number | undefined }
  | { readonly kind: 'socket'; readonly note: SocketNote }
  /** A misconfigured Envoy: the stream ends with FAILED_PRECONDITION and this text, which names the setting to change. */
  | { readonly kind: 'misconfigured'; readonly text: string };

/**
 * One HTTP request or one WebSocket as a pure machine: an event in, effects out; no I/O, clock, randomness or await.
 */
export interface Exchange {
  /** @param now milliseconds of a monotonic clock */
  handle(event: ExchangeEvent, now: number): readonly Effect[];
}

/** Makes the exchange for a stream whose first message has come. */
export type ExchangeFactory = (opening: Opening, first: ExchangeEvent, now: number) => Exchange;

/** Bytes held by all exchanges of the process, against `limits.held_total`. */
export interface HeldBudget {
  /** Whether `bytes` would fit now; nothing is taken. */
  fits(bytes: number): boolean;
  /** Takes `bytes` if they fit; false, and nothing taken, where they do not. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}
