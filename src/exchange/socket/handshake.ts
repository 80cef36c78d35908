import { NO_HEADER_EDITS } from '../../dialects/headers.ts';
import type { HeaderEdits, HeaderLine } from '../../dialects/types.ts';
import type { RefusalCode } from '../../refusals.ts';
import { mergeEdits } from '../direction/direction.ts';
import { isEnforced } from '../enforcement.ts';
import type { EventContext, ExchangeEvent, NamedSession } from '../events.ts';
import { judge } from '../judge.ts';
import type { Judgement } from '../judgement.ts';
import { readSubject, type SubjectContext } from '../read-subject.ts';
import type { RequestHead } from '../request-head.ts';
import type { ExchangeEnvironment, SessionSettings } from '../settings.ts';
import type { GovernedSubject, Subject } from '../subject.ts';
import { namedSession, sessionHeaders } from './named-session.ts';

/** What the handshake says about the socket. */
export type HandshakeReading =
  /** Not governed: everything passes unread. */
  | { readonly kind: 'open' }
  /** Refused before a message is needed: nothing of it could be judged. */
  | { readonly kind: 'refused'; readonly subject: Subject; readonly code: RefusalCode }
  | {
      readonly kind: 'governed';
      readonly subject: GovernedSubject;
      /** For the request headers, where they can still be edited. */
      readonly edits: HeaderEdits;
      /** The verdict over tiers that headers ask; undefined where they ask none. */
      readonly judgement: Judgement | undefined;
      /** The session that the client has named; undefined where it names none. */
      readonly session: NamedSession | undefined;
    };

/** What the handshake shares with the rest of its exchange. */
export interface HandshakeContext extends SubjectContext {
  /** Whether as many sockets are open as may be. */
  readonly full: boolean;
}

/** The request's attributes that stand for its headers where these are skipped (design 6.1). */
const HEADER_ATTRIBUTES: readonly (readonly [attribute: string, header: string])[] = [
  ['request.path', ':path'],
  ['request.method', ':method'],
  ['request.host', ':authority'],
  ['request.id', 'x-request-id'],
  ["request.headers['upgrade']", 'upgrade'],
  ["request.headers['authorization']", 'authorization'],
];

/**
 * The header list that the attributes tell; undefined where they do not tell the path.
 *
 * @param sessions names headers that are looked for as well: an operator who wants them lists their attributes
 */
export function headersOfAttributes(
  { attributes }: EventContext,
  sessions: SessionSettings,
): readonly HeaderLine[] | undefined {
  if (!attributes.has('request.path')) return undefined;
  const known = new Map(HEADER_ATTRIBUTES);
  for (const name of sessionHeaders(sessions)) known.set(`request.headers['${name}']`, name);
  return [...known].flatMap(([attribute, name]) => {
    const value = attributes.get(attribute);
    return value === undefined || value === '' ? [] : [{ name, value }];
  });
}

/**
 * Whether a first message begins a WebSocket: a handshake, or what comes where Envoy was told to skip that: bytes of
 * either side, or the headers of the answer. What the provider sends first may have no attributes; only a socket has bytes
 * of it before any of the request, and only a socket is answered with a 101.
 */
export function beginsSocket(event: ExchangeEvent): boolean {
  if (event.kind !== 'headers' && event.kind !== 'body') return false;
  if (event.kind === 'headers' && event.direction === 'request') return isWebSocketHandshake(event.headers);
  const { attributes } = event.context;
  const upgrade = attributes.get("request.headers['upgrade']");
  if (upgrade !== undefined) return upgrade.trim().toLowerCase() === 'websocket';
  if (event.direction === 'request' || attributes.has('request.path')) return false;
  return event.kind === 'body' || acceptsUpgrade(event.headers);
}

/** Whether an answer accepts the upgrade; Envoy shows it as a 101 for clients of HTTP/2 as well. */
export function acceptsUpgrade(headers: readonly HeaderLine[]): boolean {
  return headers.some(({ name, value }) => name === ':status' && value === '101');
}

/** RFC 6455, section 4.2.1; Envoy shows an extended CONNECT of HTTP/2 (RFC 8441) in the same form. */
export function isWebSocketHandshake(headers: readonly HeaderLine[]): boolean {
  let get = false;
  let upgrade = 0;
  for (const { name, value } of headers) {
    if (name === ':method') get = value === 'GET';
    else if (name === 'upgrade') upgrade += value.trim().toLowerCase() === 'websocket' ? 1 : 2;
  }
  return get && upgrade === 1;
}

/**
 * Route, identity and policy of a socket. It is refused here only for what makes its messages unreadable or uncountable;
 * a tier that its headers ask is taken away instead, since every turn is judged by itself.
 */
export function readHandshake(
  context: HandshakeContext,
  headers: readonly HeaderLine[],
  event: EventContext,
): HandshakeReading {
  const { environment } = context;
  const reading = readSubject(context, headers, event);
  if (reading.kind !== 'known') return reading;
  const { subject } = reading;
  const { dialect, head } = subject;
  if (dialect.messageMembers.length === 0 || !isWebSocketHandshake(headers)) {
    return { kind: 'refused', subject, code: 'upgrade_refused' };
  }
  if (subject.policy === undefined) return { kind: 'refused', subject, code: 'policy_unavailable' };
  if (context.full) return { kind: 'refused', subject, code: 'overloaded' };
  // The lines are read here for the last time: a socket lives for hours, and they would be a third of what it costs.
  const governed: GovernedSubject = { ...subject, head: { ...head, headers: [] }, policy: subject.policy };
  const judgement = judgeHead(environment, governed, head);
  const session = namedSession(environment.settings.sessions, headers);
  return { kind: 'governed', subject: governed, edits: editsOf(governed, judgement), judgement, session };
}

/** Judges the tiers of the headers, with a model that cannot be known yet. */
function judgeHead(
  environment: ExchangeEnvironment,
  subject: GovernedSubject,
  head: RequestHead,
): Judgement | undefined {
  const { limits } = environment.settings;
  const judgement = judge({
    dialect: subject.dialect,
    route: subject.route,
    policy: subject.policy,
    scope: subject.identity.scope,
    user: subject.identity.user,
    headers: head.headers,
    path: head.path,
    body: undefined,
    fallbackModel: { kind: 'unavailable' },
    limits: { depth: limits.jsonDepth, members: limits.jsonMembers },
  });
  return judgement.claims.length === 0 ? undefined : judgement;
}

/** A compressed message could not be read, so the offer is taken out (RFC 7692, section 5: without one there is none). */
const NO_COMPRESSION: HeaderEdits = { remove: ['sec-websocket-extensions'], set: [], append: [] };

function editsOf(subject: GovernedSubject, judgement: Judgement | undefined): HeaderEdits {
  const judged = judgement === undefined || !isEnforced(subject) ? NO_HEADER_EDITS : judgedEdits(judgement);
  return mergeEdits(NO_COMPRESSION, judged);
}

/** The headers that ask a tier which may not pass go as a whole. */
function judgedEdits(judgement: Judgement): HeaderEdits {
  if (judgement.action !== 'block' && judgement.action !== 'refuse') return judgement.headers;
  const carriers = judgement.claims.map(({ carrier }) => carrier);
  const remove = carriers
    .filter((carrier) => carrier.startsWith('header:'))
    .map((carrier) => carrier.slice(7));
  return { remove: [...new Set(remove)], set: [], append: [] };
}
