import type { Dialect, HeaderLine } from '../dialects/types.ts';
import type { RefusalCode } from '../refusals.ts';
import type { EventContext, Opening } from './events.ts';
import { identify } from './identity.ts';
import { readHead } from './request-head.ts';
import type { RouteChoice, RouteTable } from './routes.ts';
import type { ExchangeEnvironment } from './settings.ts';
import type { Subject } from './subject.ts';

/** What a subject is read with. */
export interface SubjectContext {
  readonly environment: ExchangeEnvironment;
  readonly routes: RouteTable;
  readonly opening: Opening;
  /** Monotonic time of the first message, milliseconds. */
  readonly startedAt: number;
}

/** What the headers of a request, or of a handshake, say about it. */
export type SubjectReading =
  /** Not governed: everything passes unread. */
  | { readonly kind: 'open' }
  /** Its path is one that nothing can be judged on. */
  | { readonly kind: 'refused'; readonly subject: Subject; readonly code: RefusalCode }
  | { readonly kind: 'known'; readonly subject: Subject & { readonly dialect: Dialect } };

/** Route, dialect, policy and identity by the headers. */
export function readSubject(
  { environment, routes, opening, startedAt }: SubjectContext,
  headers: readonly HeaderLine[],
  context: EventContext,
): SubjectReading {
  const head = readHead(headers);
  const choice = routes.choose({
    path: head.path,
    authority: head.authority,
    envoyRoute: context.attributes.get('xds.route_name') ?? opening.metadata.get('x-tiergate-route'),
  });
  if (choice.kind === 'open') return choice;
  const base = {
    opening,
    startedAt,
    head,
    route: choice.route,
    policy: environment.currentPolicy(),
    identity: identify(environment.settings.identity, { metadata: opening.metadata, context, headers }),
  };
  if (choice.kind !== 'governed') {
    const subject = { ...base, dialect: undefined, dialectName: dialectNameOf(choice) };
    return { kind: 'refused', subject, code: PATH_REFUSALS[choice.kind] };
  }
  const { dialect } = choice;
  return { kind: 'known', subject: { ...base, dialect, dialectName: dialect.name } };
}

const PATH_REFUSALS = {
  not_normal: 'path_not_normal',
  unknown: 'unknown_route',
  unsupported: 'unsupported_route',
} as const satisfies Readonly<Record<string, RefusalCode>>;

function dialectNameOf(choice: RouteChoice): string {
  return choice.kind === 'unsupported' ? choice.dialectName : '';
}
