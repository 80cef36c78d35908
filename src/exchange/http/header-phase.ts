import type { RefusalCode } from '../../refusals.ts';
import { readContentEncoding } from '../codings.ts';
import { hasForeignCharset } from '../content-type.ts';
import type { Coding, ExchangeEvent, Opening } from '../events.ts';
import { identify } from '../identity.ts';
import { type RequestHead, readHead } from '../request-head.ts';
import type { RouteChoice, RouteTable } from '../routes.ts';
import type { ExchangeEnvironment } from '../settings.ts';
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
export interface HeaderContext {
  readonly environment: ExchangeEnvironment;
  readonly routes: RouteTable;
  readonly opening: Opening;
  /** Monotonic time of the first message, milliseconds. */
  readonly startedAt: number;
  readonly plan: BodyPlan;
}

/** The header event of a request. */
export type HeadersEvent = Extract<ExchangeEvent, { kind: 'headers' }>;

/** Route, identity and policy of a request, and whether it can be refused at once. */
export function readHeaders(context: HeaderContext, event: HeadersEvent): HeaderReading {
  const { environment, opening } = context;
  const head = readHead(event.headers);
  const choice = context.routes.choose({
    path: head.path,
    authority: head.authority,
    envoyRoute: event.context.attributes.get('xds.route_name') ?? opening.metadata.get('x-tiergate-route'),
  });
  if (choice.kind === 'open') return choice;
  const base = {
    opening,
    startedAt: context.startedAt,
    head,
    route: choice.route,
    policy: environment.currentPolicy(),
    identity: identify(environment.settings.identity, {
      metadata: opening.metadata,
      context: event.context,
      headers: event.headers,
    }),
  };
  if (choice.kind !== 'governed') {
    const subject = { ...base, dialect: undefined, dialectName: dialectNameOf(choice) };
    return { kind: 'refused', subject, code: PATH_REFUSALS[choice.kind] };
  }
  const { dialect } = choice;
  const subject = { ...base, dialect, dialectName: dialect.name };
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

const PATH_REFUSALS = {
  not_normal: 'path_not_normal',
  unknown: 'unknown_route',
  unsupported: 'unsupported_route',
} as const satisfies Readonly<Record<string, RefusalCode>>;

function dialectNameOf(choice: RouteChoice): string {
  return choice.kind === 'unsupported' ? choice.dialectName : '';
}

/** Why a body that has not come yet cannot be taken. */
function bodyRefusal(head: RequestHead, { environment, plan }: HeaderContext): RefusalCode | undefined {
  if (head.contentLength !== undefined && head.contentLength > environment.settings.limits.body) {
    return 'body_too_large';
  }
  if (head.announcesTrailers && !plan.trailersAfterBody) return 'trailers_refused';
  return undefined;
}
