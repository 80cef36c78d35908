import { NO_HEADER_EDITS } from '../../dialects/headers.ts';
import type { HeaderEdits } from '../../dialects/types.ts';
import { mergeEdits } from '../direction/direction.ts';
import type { Judgement } from '../judgement.ts';
import type { RequestHead } from '../request-head.ts';
import type { BodyPlan } from './modes.ts';

/** A request body and how it came. */
export interface CollectedBody {
  /** As it came. */
  readonly original: Uint8Array;
  /** With its content codings undone; the same array where it has none. */
  readonly plain: Uint8Array;
  /** Whether it has content codings. */
  readonly encoded: boolean;
  /** The headers went on before it, saying that it is not encoded and has any length. */
  readonly behindHeaders: boolean;
}

/** What goes upstream. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  /** Edits for the reply that carries the verdict. */
  readonly edits: HeaderEdits;
}

/** The bytes and header edits of a verdict that lets the request pass, changed or not. */
export function outgoing(
  plan: BodyPlan,
  head: RequestHead,
  judgement: Judgement,
  body: CollectedBody,
): Outgoing {
  const changed = judgement.body;
  if (body.behindHeaders) return { bytes: changed ?? body.plain, edits: NO_HEADER_EDITS };
  if (changed === undefined) return { bytes: body.original, edits: judgement.headers };
  const withLength = plan.contentLength === 'set' || head.contentLength !== undefined;
  return {
    bytes: changed,
    edits: mergeEdits(judgement.headers, {
      remove: body.encoded ? ['content-encoding'] : [],
      set: withLength ? [{ name: 'content-length', value: String(changed.length) }] : [],
      append: [],
    }),
  };
}

/** Edits of a header reply that goes out before the body is known: the body will be sent decoded and may change. */
export function editsBeforeBody(head: RequestHead, encoded: boolean, judged: HeaderEdits): HeaderEdits {
  return mergeEdits(judged, {
    remove: [
      ...(encoded ? ['content-encoding'] : []),
      ...(head.contentLength === undefined ? [] : ['content-length']),
    ],
    set: [],
    append: [],
  });
}
