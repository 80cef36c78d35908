import type { BodyMode, StreamModes } from '../events.ts';

/** What one request body mode means for the verdict (design 5.2). */
export interface BodyPlan {
  readonly mode: 'BUFFERED' | 'STREAMED' | 'FULL_DUPLEX_STREAMED';
  /** The header reply goes out before the body is known. */
  readonly headersFirst: boolean;
  /** Header edits can still leave with the verdict over the body. */
  readonly editsWithVerdict: boolean;
  /** The one body message is the whole body, whether or not trailers follow. */
  readonly wholeBodyMessage: boolean;
  /** A body that was held can go on after trailers came. */
  readonly trailersAfterBody: boolean;
  /**
   * What becomes of `content-length` with an edited body: `set` always (Envoy checks it), `update` where the client
   * sent one (ignored by Envoy unless `allow_content_length_header`), or `remove` with the header reply, when the new
   * length is not known yet.
   */
  readonly contentLength: 'set' | 'update' | 'remove';
}

const PLANS: Readonly<Record<BodyPlan['mode'], BodyPlan>> = {
  BUFFERED: {
    mode: 'BUFFERED',
    headersFirst: true,
    editsWithVerdict: true,
    wholeBodyMessage: true,
    trailersAfterBody: true,
    contentLength: 'set',
  },
  STREAMED: {
    mode: 'STREAMED',
    headersFirst: true,
    editsWithVerdict: false,
    wholeBodyMessage: false,
    trailersAfterBody: false,
    contentLength: 'remove',
  },
  FULL_DUPLEX_STREAMED: {
    mode: 'FULL_DUPLEX_STREAMED',
    headersFirst: false,
    editsWithVerdict: true,
    wholeBodyMessage: false,
    trailersAfterBody: true,
    contentLength: 'update',
  },
};

/** Response body modes that go with each accepted request body mode. */
const PAIRS: ReadonlyMap<BodyMode, { readonly plan: BodyPlan; readonly response: readonly BodyMode[] }> =
  new Map([
    ['BUFFERED', { plan: PLANS.BUFFERED, response: ['NONE', 'STREAMED', 'FULL_DUPLEX_STREAMED'] }],
    [
      'FULL_DUPLEX_STREAMED',
      { plan: PLANS.FULL_DUPLEX_STREAMED, response: ['NONE', 'STREAMED', 'FULL_DUPLEX_STREAMED'] },
    ],
    // With any other response mode Envoy 1.37 and 1.38 let the rest of a body pass unseen when the answer comes early.
    ['STREAMED', { plan: PLANS.STREAMED, response: ['STREAMED', 'FULL_DUPLEX_STREAMED'] }],
  ]);

/** The plan for an HTTP exchange, or the text that names the setting of Envoy to change. */
export type ModesReading =
  | { readonly ok: true; readonly plan: BodyPlan; readonly modes: StreamModes }
  | { readonly ok: false; readonly text: string };

/** What the first message says where `request_header_mode` is SKIP: Envoy then sends headers upstream unjudged. */
export const HEADERS_SKIPPED =
  'The ext_proc filter sends no request headers: set processing_mode.request_header_mode to SEND.';

/** Whether the modes of a stream are ones in which nothing governed can pass unseen. */
export function readModes(modes: StreamModes | undefined): ModesReading {
  if (modes === undefined) {
    return fault(
      'The first message of the ext_proc filter has no protocol_config: set observability_mode to false, and use Envoy 1.36 or later.',
    );
  }
  const pair = PAIRS.get(modes.request);
  if (pair === undefined) {
    return fault(
      `processing_mode.request_body_mode is ${modes.request}, in which bodies cannot be judged: set it to BUFFERED or FULL_DUPLEX_STREAMED.`,
    );
  }
  if (!pair.response.includes(modes.response)) {
    return fault(
      `processing_mode.response_body_mode is ${modes.response}, which is not safe with request_body_mode ${modes.request}: set it to ${pair.response.join(' or ')}.`,
    );
  }
  return { ok: true, plan: pair.plan, modes };
}

function fault(text: string): ModesReading {
  return { ok: false, text };
}
