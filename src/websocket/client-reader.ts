import { isUtf8 } from 'node:buffer';
import { readClose } from './close.ts';
import {
  type FrameHead,
  isControl,
  isReserved,
  joinHead,
  MAX_CONTROL_PAYLOAD,
  OPCODE,
  readFrameHead,
} from './frame-head.ts';
import { OpenMessage, unmasked } from './open-message.ts';
import type { ClientItem, FrameFaultCode, MessageLimits } from './types.ts';

export type { ClientItem, FrameFaultCode, MessageLimits } from './types.ts';

/** A control frame of which not everything has come. */
interface OpenControl {
  readonly head: FrameHead;
  readonly frame: Uint8Array;
  filled: number;
}

/**
 * Reads what a client sends: masked frames (RFC 6455, section 5) to complete messages. Any cut of the bytes gives the same
 * items, but that a control frame between fragments comes as an item of its own, ahead of them, where its chunk does not
 * complete their message (section 5.4 allows it). It never throws, holds no more than one incomplete message, and gives at
 * most one fault.
 *
 * What it gives are views of the chunks, so nobody may write to these.
 */
export class ClientReader {
  readonly #limits: MessageLimits;
  /** `judging` gives messages; `discarding` skips them unread; `ended` ignores everything. */
  #mode: 'judging' | 'discarding' | 'ended' = 'judging';
  #faulted = false;
  /** Bytes of a head that has not all come. */
  #early: Uint8Array | undefined;
  #control: OpenControl | undefined;
  /** Whether a message has begun and its last frame has not all come; also while messages are skipped. */
  #open = false;
  #message: OpenMessage | undefined;
  /** Payload bytes of the data frame at hand that have not come. */
  #left = 0;
  /** Whether the data frame at hand is the last of its message. */
  #final = false;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  /** Bytes of incomplete frames and messages. */
  get heldBytes(): number {
    return (this.#early?.length ?? 0) + (this.#control?.frame.length ?? 0) + (this.#message?.heldBytes ?? 0);
  }

  /** From now on messages are skipped unread; only a Close and a fault of framing are told. What is held is dropped. */
  discard(): void {
    if (this.#mode === 'judging') this.#mode = 'discarding';
    this.#message = undefined;
  }

  /** Takes the next bytes. @returns what they complete, in order */
  push(chunk: Uint8Array): readonly ClientItem[] {
    const items: ClientItem[] = [];
    let at = 0;
    while (at < chunk.length && this.#mode !== 'ended') {
      if (this.#control !== undefined) at = this.#fillControl(this.#control, chunk, at, items);
      else if (this.#left > 0) at = this.#payload(chunk, at, items);
      else at = this.#head(chunk, at, items);
    }
    this.#tellControls(items);
    this.#message?.hold();
    return items;
  }

  /** Reads a head, or keeps what has come of it. @returns where it stopped */
  #head(chunk: Uint8Array, at: number, items: ClientItem[]): number {
    const early = this.#early;
    const joined = early === undefined ? undefined : joinHead(early, chunk, at);
    const head = joined === undefined ? readFrameHead(chunk, at) : readFrameHead(joined, 0);
    if (head === undefined) {
      this.#early = joined ?? new Uint8Array(chunk.subarray(at));
      return chunk.length;
    }
    this.#early = undefined;
    const end = at + head.bytes - (early?.length ?? 0);
    const fault = faultOf(head) ?? this.#misplaced(head);
    if (fault !== undefined) this.#fault('protocol_error', fault, items);
    else if (isControl(head.opcode)) return this.#beginControl(head, early, chunk, at, items);
    else return this.#beginData(head, early, chunk, at, end, items);
    return end;
  }

  /** What is wrong with a data frame at this place (RFC 6455, section 5.4). */
  #misplaced({ opcode }: FrameHead): string | undefined {
    if (isControl(opcode) || (opcode === OPCODE.continuation) === this.#open) return undefined;
    return this.#open ? 'a message begins inside another one' : 'a continuation of no message';
  }

  /** @param end where the head ends, its payload begins */
  #beginData(
    head: FrameHead,
    early: Uint8Array | undefined,
    chunk: Uint8Array,
    at: number,
    end: number,
    items: ClientItem[],
  ): number {
    this.#left = head.length;
    this.#final = head.fin;
    if (this.#mode === 'judging') {
      const past = end + head.length;
      if (head.fin && !this.#open && early === undefined && past <= chunk.length && this.#fits(0, 0, head)) {
        this.#left = 0;
        this.#single(head, chunk, at, past, items);
        return past;
      }
      const message = this.#message ?? new OpenMessage(head.opcode === OPCODE.text ? 'text' : 'binary');
      this.#message = message;
      if (this.#fits(message.length, message.fragments, head)) {
        message.length += head.length;
        message.fragments += 1;
        if (early !== undefined) message.add(early, 0, early.length);
        message.add(chunk, at, end);
      } else this.#tooLarge(message.length + head.length, items);
    }
    this.#open = true;
    if (this.#left === 0) this.#endFrame(items);
    return end;
  }

  /** Whether one frame more stays within the limits of a message. */
  #fits(length: number, fragments: number, head: FrameHead): boolean {
    const total = length + head.length;
    return Number.isSafeInteger(total) && total <= this.#limits.message && fragments < this.#limits.fragments;
  }

  #tooLarge(length: number, items: ClientItem[]): void {
    const { message, fragments } = this.#limits;
    const reason =
      length > message || length === Number.POSITIVE_INFINITY
        ? `a message of more than ${message} bytes`
        : `a message of more than ${fragments} fragments`;
    this.#fault('message_too_large', reason, items);
  }

  /** A message of one frame that came with one chunk, as nearly all do: nothing is copied but its payload. */
  #single(head: FrameHead, chunk: Uint8Array, start: number, end: number, items: ClientItem[]): void {
    const payload = unmasked(chunk, start + head.bytes, end, head.mask!);
    const whole = start === 0 && end === chunk.length;
    const opcode = head.opcode === OPCODE.text ? 'text' : 'binary';
    const frames = [whole ? chunk : chunk.subarray(start, end)];
    this.#tell(opcode, { payload, frames, controls: [] }, items);
  }

  #payload(chunk: Uint8Array, at: number, items: ClientItem[]): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    this.#message?.add(chunk, at, end);
    if (this.#left === 0) this.#endFrame(items);
    return end;
  }

  #endFrame(items: ClientItem[]): void {
    if (!this.#final) return;
    this.#open = false;
    const message = this.#message;
    this.#message = undefined;
    if (message !== undefined) this.#tell(message.opcode, message.complete(), items);
  }

  /** A complete message; text must be UTF-8 (RFC 6455, section 8.1). */
  #tell(
    opcode: 'text' | 'binary',
    message: Pick<Extract<ClientItem, { kind: 'message' }>, 'payload' | 'frames' | 'controls'>,
    items: ClientItem[],
  ): void {
    const { payload, frames, controls } = message;
    if (opcode === 'binary' || isUtf8(payload)) {
      items.push({ kind: 'message', opcode, payload, frames, controls });
      return;
    }
    for (const frame of controls) items.push({ kind: 'control', frame });
    this.#fault('invalid_utf8', 'a text message that is not UTF-8', items);
  }

  #beginControl(
    head: FrameHead,
    early: Uint8Array | undefined,
    chunk: Uint8Array,
    at: number,
    items: ClientItem[],
  ): number {
    const length = head.bytes + head.length;
    if (early === undefined && at + length <= chunk.length) {
      this.#endControl(head, chunk.subarray(at, at + length), items);
      return at + length;
    }
    const control: OpenControl = { head, frame: new Uint8Array(length), filled: early?.length ?? 0 };
    if (early !== undefined) control.frame.set(early);
    this.#control = control;
    return this.#fillControl(control, chunk, at, items);
  }

  #fillControl(control: OpenControl, chunk: Uint8Array, at: number, items: ClientItem[]): number {
    const end = Math.min(chunk.length, at + control.frame.length - control.filled);
    control.frame.set(chunk.subarray(at, end), control.filled);
    control.filled += end - at;
    if (control.filled === control.frame.length) {
      this.#control = undefined;
      this.#endControl(control.head, control.frame, items);
    }
    return end;
  }

  #endControl(head: FrameHead, frame: Uint8Array, items: ClientItem[]): void {
    if (head.opcode === OPCODE.close) this.#close(head, frame, items);
    else if (this.#mode !== 'judging') return;
    else if (this.#message === undefined) items.push({ kind: 'control', frame });
    else this.#message.addControl(frame);
  }

  #close(head: FrameHead, frame: Uint8Array, items: ClientItem[]): void {
    const reading = readClose(unmasked(frame, head.bytes, frame.length, head.mask!));
    if (reading.ok) {
      this.#tellControls(items);
      items.push({ kind: 'close', frame, code: reading.code });
    } else this.#fault(reading.code, reading.reason, items);
    // Also where only its reason is broken: it is the last frame of a client (RFC 6455, section 5.5.1).
    this.#end();
  }

  #fault(code: FrameFaultCode, reason: string, items: ClientItem[]): void {
    this.#tellControls(items);
    if (!this.#faulted) items.push({ kind: 'fault', code, reason });
    this.#faulted = true;
    if (code === 'protocol_error') this.#end();
    else this.discard();
  }

  #end(): void {
    this.#mode = 'ended';
    this.#message = undefined;
  }

  /** Control frames between fragments go ahead of what is held. */
  #tellControls(items: ClientItem[]): void {
    for (const frame of this.#message?.controls() ?? []) items.push({ kind: 'control', frame });
  }
}

/** What is wrong with a head of a client by itself (RFC 6455, sections 5.1, 5.2 and 5.5). */
function faultOf({ rsv, opcode, mask, fin, length, wellFormed }: FrameHead): string | undefined {
  if (rsv !== 0) return 'reserved bits are set, for an extension that was not agreed';
  if (isReserved(opcode)) return 'a reserved opcode';
  if (mask === undefined) return 'a frame without a mask';
  if (!wellFormed) return 'a length that is not in its shortest form, or has its sign bit set';
  if (!isControl(opcode)) return undefined;
  if (!fin) return 'a control frame in fragments';
  return length > MAX_CONTROL_PAYLOAD ? 'a control frame of more than 125 bytes' : undefined;
}
