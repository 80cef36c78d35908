import { encodeServer } from './encode.ts';
import {
  type FrameHead,
  isControl,
  isReserved,
  joinHead,
  MAX_CONTROL_PAYLOAD,
  OPCODE,
  readFrameHead,
} from './frame-head.ts';
import { completion, nextTail } from './utf8-edge.ts';

/** Where bytes can be put between those of a server: between two frames, or also outside a fragmented message. */
export type Boundary = 'frame' | 'message';

/** Hears payload bytes of data messages in their order; `end` with the last ones of a message, which can be none. */
export type PayloadListener = (bytes: Uint8Array, end: boolean, opcode: 'text' | 'binary') => void;

/** What `followTo` did. */
export interface Followed {
  /** What goes on before the boundary. */
  readonly before: readonly Uint8Array[];
  readonly reached: boolean;
  /** What stands behind the boundary, not followed yet. */
  readonly rest: Uint8Array;
}

/** A data message that has begun. */
interface ServerMessage {
  readonly opcode: 'text' | 'binary';
  readonly compressed: boolean;
  /** Its last three bytes, for a text. */
  tail: number;
}

/** A Pong that may be ours, kept back. */
interface HeldPong {
  readonly frame: Uint8Array;
  filled: number;
}

/** Most Pongs of ours that are awaited at once. */
const MAX_AWAITED = 8;
const NO_BYTES = new Uint8Array(0);
const RSV1 = 0x4;
/** A Pong of ours begins with this byte and has a head of two. */
const PONG_START = 0x80 | OPCODE.pong;
const PONG_HEAD_BYTES = 2;

/**
 * Follows what a server sends (unmasked frames, RFC 6455, section 5) from edge to edge. It changes and refuses nothing:
 * where the bytes are no frames it is `lost`, and everything passes. Lengths that are not in their shortest form and
 * reserved bits are the client's affair: the edges are known all the same.
 */
export class ServerFollower {
  /** Compressed messages (RSV1) are not told. */
  onPayload: PayloadListener | undefined = undefined;
  #lost = false;
  #closed = false;
  /** Bytes of a head that has not all come. */
  #early: Uint8Array | undefined;
  /** Whether the one byte of that head is kept back, because a Pong of ours may begin with it. */
  #earlyKept = false;
  /** Payload bytes of the frame at hand that have not come. */
  #left = 0;
  #final = true;
  #opcode: number = OPCODE.text;
  #message: ServerMessage | undefined;
  #pong: HeldPong | undefined;
  #awaited: Uint8Array[] | undefined;

  /** Between two frames. */
  get atFrameBoundary(): boolean {
    return !this.#lost && this.#left === 0 && this.#early === undefined && this.#pong === undefined;
  }

  /** Between two frames and outside a fragmented message. */
  get atMessageBoundary(): boolean {
    return this.atFrameBoundary && this.#message === undefined;
  }

  /** A Close has passed: nothing behind it would be read (RFC 6455, section 5.5.1). */
  get closed(): boolean {
    return this.#closed;
  }

  /** The bytes are no frames: no boundary is known any more. */
  get lost(): boolean {
    return this.#lost;
  }

  /** The Pong that echoes this payload is ours and is taken out, once. The newest eight are awaited. */
  dropPong(payload: Uint8Array): void {
    this.#awaited ??= [];
    if (this.#awaited.length === MAX_AWAITED) this.#awaited.shift();
    this.#awaited.push(new Uint8Array(payload));
  }

  /** Takes bytes. @returns what goes on, in order: views of the bytes, and what was kept back and is not ours */
  follow(bytes: Uint8Array): readonly Uint8Array[] {
    const out: Uint8Array[] = [];
    this.#advance(bytes, undefined, out);
    return out;
  }

  /** Takes bytes up to the first boundary at or behind the present place; all where there is none. */
  followTo(boundary: Boundary, bytes: Uint8Array): Followed {
    const before: Uint8Array[] = [];
    const end = this.#advance(bytes, boundary, before);
    return { before, reached: this.#isAt(boundary), rest: bytes.subarray(end) };
  }

  /**
   * The frame that ends the open message, so that a client reads what comes behind it; undefined where none is open. It is
   * empty, or completes the character in which a text stopped, as else the client ends the socket with 1007. For use
   * between two frames; the message counts as ended then, so the rest of it must not follow.
   */
  endOpenMessage(): Buffer | undefined {
    const message = this.#message;
    if (message === undefined) return undefined;
    this.#message = undefined;
    return encodeServer('continuation', message.compressed ? NO_BYTES : completion(message.tail));
  }

  #isAt(boundary: Boundary): boolean {
    return boundary === 'frame' ? this.atFrameBoundary : this.atMessageBoundary;
  }

  /** @returns where it stopped: at the boundary, else at the end */
  #advance(bytes: Uint8Array, boundary: Boundary | undefined, out: Uint8Array[]): number {
    let at = 0;
    /** What stands before it is among `out`, or kept back. */
    let told = 0;
    while (at < bytes.length && !this.#lost) {
      if (boundary !== undefined && this.#isAt(boundary)) break;
      if (this.#left > 0) at = this.#payload(bytes, at);
      else if (this.#pong !== undefined) {
        at = this.#fillPong(this.#pong, bytes, at, out);
        told = at;
      } else {
        const start = at;
        at = this.#head(bytes, at, out);
        if (this.#pong === undefined && !this.#earlyKept) continue;
        pass(bytes, told, start, out);
        if (this.#pong !== undefined) at = this.#fillPong(this.#pong, bytes, at, out);
        told = at;
      }
    }
    const end = this.#lost ? bytes.length : at;
    pass(bytes, told, end, out);
    return end;
  }

  /** Reads a head, or keeps what has come of it. @returns where it stopped */
  #head(bytes: Uint8Array, at: number, out: Uint8Array[]): number {
    const early = this.#early;
    const joined = early === undefined ? undefined : joinHead(early, bytes, at);
    const head = joined === undefined ? readFrameHead(bytes, at) : readFrameHead(joined, 0);
    const kept = early !== undefined && this.#earlyKept;
    this.#earlyKept = false;
    if (head !== undefined && (early === undefined || kept) && this.#mayBeOurs(head)) {
      this.#early = undefined;
      this.#pong = { frame: pongFrame(head.length), filled: PONG_HEAD_BYTES };
      return at + PONG_HEAD_BYTES - (early?.length ?? 0);
    }
    if (kept) out.push(early);
    if (head === undefined) {
      this.#early = joined ?? new Uint8Array(bytes.subarray(at));
      this.#earlyKept =
        this.#awaited !== undefined && this.#early.length === 1 && this.#early[0] === PONG_START;
      return bytes.length;
    }
    this.#early = undefined;
    this.#begin(head);
    return at + head.bytes - (early?.length ?? 0);
  }

  #begin(head: FrameHead): void {
    if (!this.#fits(head)) {
      this.#lost = true;
      return;
    }
    const { opcode, fin, length, rsv } = head;
    this.#opcode = opcode;
    this.#final = fin;
    this.#left = length;
    if (!isControl(opcode) && opcode !== OPCODE.continuation) {
      const name = opcode === OPCODE.text ? 'text' : 'binary';
      this.#message = { opcode: name, compressed: (rsv & RSV1) !== 0, tail: 0 };
    }
    if (length === 0) this.#endFrame(NO_BYTES);
  }

  /** Whether a frame can stand here (RFC 6455, sections 5.1 to 5.5). */
  #fits({ opcode, fin, length, mask }: FrameHead): boolean {
    if (mask !== undefined || isReserved(opcode) || length === Number.POSITIVE_INFINITY) return false;
    if (isControl(opcode)) return fin && length <= MAX_CONTROL_PAYLOAD;
    return (opcode === OPCODE.continuation) === (this.#message !== undefined);
  }

  #payload(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    const part = bytes.subarray(at, end);
    if (this.#left === 0) this.#endFrame(part);
    else this.#tell(part, false);
    return end;
  }

  /** @param part the last bytes of the frame */
  #endFrame(part: Uint8Array): void {
    if (this.#opcode === OPCODE.close) this.#closed = true;
    if (isControl(this.#opcode)) return;
    this.#tell(part, this.#final);
    if (this.#final) this.#message = undefined;
  }

  /** Payload bytes of the frame at hand have come. */
  #tell(part: Uint8Array, end: boolean): void {
    const message = this.#message;
    if (message === undefined || isControl(this.#opcode)) return;
    if (!message.compressed) this.onPayload?.(part, end, message.opcode);
    if (!end && message.opcode === 'text') message.tail = nextTail(message.tail, part);
  }

  /** Whether a frame can be a Pong that is awaited, by its head. */
  #mayBeOurs({ opcode, length, bytes, fin, rsv }: FrameHead): boolean {
    if (this.#awaited === undefined || opcode !== OPCODE.pong || !fin || rsv !== 0) return false;
    return bytes === PONG_HEAD_BYTES && this.#awaited.some((payload) => payload.length === length);
  }

  #fillPong(pong: HeldPong, bytes: Uint8Array, at: number, out: Uint8Array[]): number {
    const end = Math.min(bytes.length, at + pong.frame.length - pong.filled);
    pong.frame.set(bytes.subarray(at, end), pong.filled);
    pong.filled += end - at;
    if (pong.filled < pong.frame.length) return end;
    this.#pong = undefined;
    if (!this.#takeAwaited(pong.frame.subarray(PONG_HEAD_BYTES))) out.push(pong.frame);
    return end;
  }

  /** Whether a Pong of this payload is awaited; then it is so no more. */
  #takeAwaited(payload: Uint8Array): boolean {
    const index = this.#awaited?.findIndex((awaited) => Buffer.compare(awaited, payload) === 0) ?? -1;
    if (index < 0) return false;
    this.#awaited?.splice(index, 1);
    if (this.#awaited?.length === 0) this.#awaited = undefined;
    return true;
  }
}

/** A Pong whose payload is still to come. */
function pongFrame(length: number): Uint8Array {
  const frame = new Uint8Array(PONG_HEAD_BYTES + length);
  frame[0] = PONG_START;
  frame[1] = length;
  return frame;
}

function pass(bytes: Uint8Array, from: number, to: number, out: Uint8Array[]): void {
  if (to > from) out.push(bytes.length === to - from ? bytes : bytes.subarray(from, to));
}
