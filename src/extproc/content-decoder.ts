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
 * The decoder on Node's zlib. One body is one stream: bytes behind its end are `corrupt_encoding`, a second member of
 * gzip is part of it (RFC 1952, section 2.2), a second frame of zstd is not taken.
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
  try {
    const { buffer, engine } = engineOf(coding).inline(bytes, Math.min(cap, inlineOutput));
    return engine.bytesWritten < bytes.length ? corrupt : { ok: true, bytes: buffer };
  } catch (fault) {
    if (!isTooLarge(fault)) return corrupt;
    return cap > inlineOutput ? undefined : tooLarge;
  }
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
  const engine = addAbortSignal(signal, engineOf(coding).stream(bytes));
  const chunks: Buffer[] = [];
  let length = 0;
  let result = corrupt;
  try {
    result = await collect();
  } catch {
    result = signal.aborted ? aborted : corrupt;
  } finally {
    if (!result.ok) held.give(length);
  }
  return result;

  async function collect(): Promise<DecodeResult> {
    engine.end(bytes);
    // Leaving the loop early destroys the engine.
    for await (const chunk of engine as AsyncIterable<Buffer>) {
      if (length + chunk.length > cap) return tooLarge;
      if (!held.take(chunk.length)) return overloaded;
      length += chunk.length;
      chunks.push(chunk);
    }
    return engine.bytesWritten < bytes.length ? corrupt : { ok: true, bytes: Buffer.concat(chunks, length) };
  }
}

const corrupt: DecodeResult = { ok: false, code: 'corrupt_encoding' };
const tooLarge: DecodeResult = { ok: false, code: 'body_too_large' };
const overloaded: DecodeResult = { ok: false, code: 'overloaded' };
/** Nobody waits for it any more. */
const aborted = overloaded;

function isTooLarge(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === 'ERR_BUFFER_TOO_LARGE';
}
