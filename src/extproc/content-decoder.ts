import { addAbortSignal } from 'node:stream';
import type { Coding, DecodeResult, HeldBudget } from '../exchange/events.ts';
import { engineOf } from './coding-engines.ts';
import { WorkQueue } from './work-queue.ts';

/** A body to decode. */
export interface DecodeJob {
  /** In the order in which the client applied them; at least one. */
  readonly codings: readonly Coding[];
  readonly bytes: Buffer;
  /** Most bytes of the result, and of every step on the way to it. */
  readonly maxBytes: number;
  /** Most bytes of a step for one encoded byte; up to 64 KiB are exempt. */
  readonly maxRatio: number;
}

/**
 * Undoes content codings within caps. Never throws and never rejects.
 *
 * The bytes of a successful result are held from `held`, and the caller gives them back; for any other result
 * nothing is held. At an abort what was held is given back and the result says `overloaded`.
 */
export interface ContentDecoder {
  decode(job: DecodeJob, held: HeldBudget, signal: AbortSignal): DecodeResult | Promise<DecodeResult>;
}

/** Steps whose input and output are at most this are done on the event loop: a thread costs more than the work. */
const inlineInput = 64 * 1024;
const inlineOutput = 256 * 1024;

/** Bodies of more parts are left to threads as well. */
const inlineParts = 16;

/** Bytes of output that no ratio forbids. */
const ratioFloor = 64 * 1024;

/** Bodies decoded on threads at once: each may hold a window of 8 MiB (zstd) or 16 MiB (br). */
const threadedJobs = 16;

/** What a step works against. */
interface StepLimits {
  readonly cap: number;
  readonly held: HeldBudget;
  readonly signal: AbortSignal;
}

/**
 * The decoder on Node's zlib. Bytes behind the end of a body are `corrupt_encoding`; further members of gzip and frames
 * of zstd are part of it (RFC 1952, section 2.2; RFC 8878, section 3.1).
 */
export function createContentDecoder(): ContentDecoder {
  const queue = new WorkQueue(threadedJobs);
  return {
    decode(job, held, signal) {
      const cap = Math.min(job.maxBytes, Math.max(ratioFloor, job.maxRatio * job.bytes.length));
      const steps = job.codings.toReversed();
      let step: DecodeResult = { ok: true, bytes: job.bytes };
      for (const [index, coding] of steps.entries()) {
        const next = decodeInline(coding, step.bytes, cap);
        if (next === undefined) {
          const { bytes } = step;
          return queue.run(() => decodeSteps(steps.slice(index), bytes, { cap, held, signal }));
        }
        if (!next.ok) return next;
        step = next;
      }
      return held.take(step.bytes.length) ? step : overloaded;
    },
  };
}

/** One step on the event loop; undefined where it is too much for it. */
function decodeInline(coding: Coding, bytes: Buffer, cap: number): DecodeResult | undefined {
  if (bytes.length === 0) return { ok: true, bytes };
  if (bytes.length > inlineInput) return undefined;
  const codec = engineOf(coding);
  const parts = codec.parts(bytes);
  if (parts === undefined) return corrupt;
  if (parts.length > inlineParts) return undefined;
  const outputs: Buffer[] = [];
  let room = Math.min(cap, inlineOutput);
  try {
    for (const part of parts) {
      // No room at all cannot be asked for.
      const { buffer, engine } = codec.inline(part, Math.max(1, room));
      if (engine.bytesWritten < part.length) return corrupt;
      room -= buffer.length;
      outputs.push(buffer);
    }
  } catch (fault) {
    if (!isTooLarge(fault)) return corrupt;
    room = -1;
  }
  if (room < 0) return cap > inlineOutput ? undefined : tooLarge;
  const [only] = outputs;
  return { ok: true, bytes: outputs.length === 1 && only !== undefined ? only : Buffer.concat(outputs) };
}

/** Steps on threads, one behind the other; each gives back what the one before it held. */
async function decodeSteps(
  steps: readonly Coding[],
  input: Buffer,
  limits: StepLimits,
): Promise<DecodeResult> {
  let result: DecodeResult = { ok: true, bytes: input };
  let heldBefore = 0;
  for (const coding of steps) {
    result = await decodeThreaded(coding, result.bytes, limits);
    limits.held.give(heldBefore);
    if (!result.ok) return result;
    heldBefore = result.bytes.length;
  }
  return result;
}

async function decodeThreaded(coding: Coding, bytes: Buffer, limits: StepLimits): Promise<DecodeResult> {
  const { cap, held, signal } = limits;
  if (signal.aborted) return aborted;
  const codec = engineOf(coding);
  const parts = codec.parts(bytes);
  if (parts === undefined) return corrupt;
  const chunks: Buffer[] = [];
  let length = 0;
  let fault: DecodeResult | undefined;
  try {
    for (const part of parts) {
      fault = await collect(part);
      if (fault !== undefined) break;
    }
    if (fault === undefined) return { ok: true, bytes: Buffer.concat(chunks, length) };
  } catch {
    fault = signal.aborted ? aborted : corrupt;
  }
  held.give(length);
  return fault;

  /** Adds the content of one part to the chunks. @returns why it cannot */
  async function collect(part: Buffer): Promise<DecodeResult | undefined> {
    const engine = addAbortSignal(signal, codec.stream(part));
    engine.end(part);
    // Leaving the loop early destroys the engine.
    for await (const chunk of engine as AsyncIterable<Buffer>) {
      if (length + chunk.length > cap) return tooLarge;
      if (!held.take(chunk.length)) return overloaded;
      length += chunk.length;
      chunks.push(compact(chunk));
    }
    return engine.bytesWritten < part.length ? corrupt : undefined;
  }
}

/** A small chunk is copied, or it would keep all the memory that its engine has for output. */
function compact(chunk: Buffer): Buffer {
  return chunk.buffer.byteLength <= 2 * chunk.length ? chunk : Buffer.from(chunk);
}

const corrupt: DecodeResult = { ok: false, code: 'corrupt_encoding' };
const tooLarge: DecodeResult = { ok: false, code: 'body_too_large' };
const overloaded: DecodeResult = { ok: false, code: 'overloaded' };
/** Nobody waits for it any more. */
const aborted = overloaded;

function isTooLarge(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === 'ERR_BUFFER_TOO_LARGE';
}
