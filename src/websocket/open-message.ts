import { MAX_HEAD_BYTES, readFrameHead } from './frame-head.ts';
import { HeldPieces } from './held-pieces.ts';
import { applyMask } from './mask.ts';

/** What a message is made of once its last frame has come. */
export interface CompleteMessage {
  /** Unmasked, without fragments. */
  readonly payload: Buffer;
  /** Its bytes as they came, with the control frames of the last chunk among them. */
  readonly frames: readonly Uint8Array[];
  /** Those control frames alone. */
  readonly controls: readonly Uint8Array[];
}

/** Bytes from `start` to `end` that came with the chunk at hand. */
interface Segment {
  readonly bytes: Uint8Array;
  readonly start: number;
  end: number;
  readonly control: boolean;
}

/** A message of which not everything has come: its raw bytes, and what of them came with the chunk at hand. */
export class OpenMessage {
  readonly opcode: 'text' | 'binary';
  /** Payload bytes that its frames have announced. */
  length = 0;
  fragments = 0;
  readonly #held = new HeldPieces();
  #fresh: Segment[] = [];

  constructor(opcode: 'text' | 'binary') {
    this.opcode = opcode;
  }

  /** Bytes kept from earlier chunks. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Adds bytes of its frames. What follows on directly is joined, so that whole frames stay one piece. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const last = this.#fresh.at(-1);
    if (last !== undefined && !last.control && last.bytes === bytes && last.end === start) last.end = end;
    else this.#fresh.push({ bytes, start, end, control: false });
  }

  /** Adds a control frame that came between its fragments. */
  addControl(frame: Uint8Array): void {
    this.#fresh.push({ bytes: frame, start: 0, end: frame.length, control: true });
  }

  /** The control frames that came with the chunk at hand, in order. */
  controls(): Uint8Array[] {
    return this.#fresh.filter(({ control }) => control).map(({ bytes }) => bytes);
  }

  /** The chunk at hand is over: its bytes are kept, its control frames forgotten. */
  hold(): void {
    for (const segment of this.#fresh) if (!segment.control) this.#held.add(viewOf(segment));
    this.#fresh = [];
  }

  /** The message when its last frame has come. */
  complete(): CompleteMessage {
    const controls = this.controls();
    const frames = this.#held.take();
    const raw = controls.length === 0 ? frames : [...frames];
    for (const segment of this.#fresh) {
      const bytes = viewOf(segment);
      frames.push(bytes);
      if (raw !== frames && !segment.control) raw.push(bytes);
    }
    return { payload: payloadOf(raw, this.length), frames, controls };
  }
}

/** A copy of the payload of one frame, unmasked. */
export function unmasked(frame: Uint8Array, start: number, end: number, mask: number): Buffer {
  const payload = Buffer.allocUnsafe(end - start);
  payload.set(frame.subarray(start, end));
  applyMask(payload, 0, payload.length, mask);
  return payload;
}

/** @param length payload bytes of all frames together @param pieces the bytes of whole frames, cut anywhere */
function payloadOf(pieces: readonly Uint8Array[], length: number): Buffer {
  const payload = Buffer.allocUnsafe(length);
  const cursor = new Cursor(pieces);
  let filled = 0;
  while (!cursor.atEnd) {
    const head = readFrameHead(cursor.peek(MAX_HEAD_BYTES), 0)!;
    cursor.move(head.bytes);
    const end = filled + head.length;
    cursor.copy(payload, filled, end);
    applyMask(payload, filled, end, head.mask!);
    filled = end;
  }
  return payload;
}

/** Walks over pieces as over one text. */
class Cursor {
  readonly #pieces: readonly Uint8Array[];
  #piece = 0;
  #at = 0;

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
  }

  get atEnd(): boolean {
    return this.#piece === this.#pieces.length;
  }

  /** The next `count` bytes, fewer at the end; the place stays. */
  peek(count: number): Uint8Array {
    const here = this.#pieces[this.#piece]!.subarray(this.#at, this.#at + count);
    if (here.length === count) return here;
    const parts = [here];
    let length = here.length;
    for (let next = this.#piece + 1; length < count && next < this.#pieces.length; next++) {
      const part = this.#pieces[next]!.subarray(0, count - length);
      parts.push(part);
      length += part.length;
    }
    return Buffer.concat(parts, length);
  }

  move(count: number): void {
    this.#step(count, undefined, 0);
  }

  /** Moves over as many bytes as go from `start` to `end` of the target, and puts them there. */
  copy(target: Uint8Array, start: number, end: number): void {
    this.#step(end - start, target, start);
  }

  #step(count: number, target: Uint8Array | undefined, start: number): void {
    let done = 0;
    while (done < count) {
      const piece = this.#pieces[this.#piece]!;
      const part = piece.subarray(this.#at, this.#at + count - done);
      target?.set(part, start + done);
      done += part.length;
      this.#at += part.length;
      if (this.#at === piece.length) {
        this.#piece += 1;
        this.#at = 0;
      }
    }
  }
}

function viewOf({ bytes, start, end }: Segment): Uint8Array {
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}
