/** What one message may be at most. */
export interface MessageLimits {
  /** Payload bytes of one message, all its fragments together. */
  readonly message: number;
  /** Fragments of one message, empty ones too. */
  readonly fragments: number;
}

/** Why frames cannot be read on. */
export type FrameFaultCode = 'protocol_error' | 'message_too_large' | 'invalid_utf8';

/** One thing that a client sent. */
export type ClientItem =
  /** A complete message. */
  | {
      readonly kind: 'message';
      readonly opcode: 'text' | 'binary';
      /** Unmasked, without fragments. */
      readonly payload: Buffer;
      /**
       * Its bytes as they came, masks included; control frames between its fragments stand among them where they came
       * with the chunk that completed it.
       */
      readonly frames: readonly Uint8Array[];
      /** Those control frames alone, for where the message itself is replaced. */
      readonly controls: readonly Uint8Array[];
    }
  /** A Ping or Pong, which goes on at once. */
  | { readonly kind: 'control'; readonly frame: Uint8Array }
  /** A Close. Held fragments are dropped, and bytes behind it ignored for ever. */
  | { readonly kind: 'close'; readonly frame: Uint8Array; readonly code: number | undefined }
  /** Framing is broken or a limit reached. Only a Close can follow it, where the edges of frames are still known. */
  | { readonly kind: 'fault'; readonly code: FrameFaultCode; readonly reason: string };
