import type { RefusalCode } from '../../refusals.ts';
import { readContentEncoding } from '../codings.ts';
import { hasForeignCharset } from '../content-type.ts';
import type { Coding, ExchangeEvent } from '../events.ts';
import { readSubject, type SubjectContext } from '../read-subject.ts';
import type { RequestHead } from '../request-head.ts';
import type { GovernedSubject, Subject } from '../subject.ts';
import type { BodyPlan } from './modes.ts';

/** What the request headers say about the request. */
export type HeaderReading =
  /** Not governed: everything passes, nothing is held. */
  | { readonly kind: 'open' }
  /** Refused before a byte of the body is needed. */
  | { readonly kind: 'refused'; readonly subject: Subject; readonly code: RefusalCode }
  | { readonly kind: 'governed'; readonly subject: GovernedSubject; readonly codings: readonly Coding[] };

/** What the header phase shares with the rest of its exchange. */
export interface HeaderContext extends SubjectContext {
  readonly plan: BodyPlan;
}

/** The header event of a request. */
export type HeadersEvent = Extract<ExchangeEvent, { kind: 'headers' }>;

/** Route, identity and policy of a request, and whether it can be refused at once. */
export function readHeaders(context: HeaderContext, event: HeadersEvent): HeaderReading {
  const reading = readSubject(context, event.headers, event.context);
  if (reading.kind !== 'known') return reading;
  const { subject } = reading;
  const { head } = subject;
  if (head.upgrade) return { kind: 'refused', subject, code: 'upgrade_refused' };
  if (subject.policy === undefined) return { kind: 'refused', subject, code: 'policy_unavailable' };
  const governed: GovernedSubject = { ...subject, policy: subject.policy };
  if (event.endOfStream) return { kind: 'governed', subject: governed, codings: [] };

  if (hasForeignCharset(event.headers)) return { kind: 'refused', subject, code: 'unsupported_charset' };
  const encoding = readContentEncoding(event.headers);
  if (!encoding.supported) return { kind: 'refused', subject, code: 'unsupported_encoding' };
  const code = bodyRefusal(head, context);
  return code === undefined
    ? { kind: 'governed', subject: governed, codings: encoding.codings }
    : { kind: 'refused', subject, code };
}

/** Why a body that has not come yet cannot be taken. */
function bodyRefusal(head: RequestHead, { environment, plan }: HeaderContext): RefusalCode | undefined {
  if (head.contentLength !== undefined && head.contentLength > environment.settings.limits.body) {
    return 'body_too_large';
  }
  if (head.announcesTrailers && !plan.trailersAfterBody) return 'trailers_refused';
  return undefined;
}
