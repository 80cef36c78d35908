import type { Dialect } from '../dialects/types.ts';
import { type PathReading, readPath } from './path.ts';
import type { ExchangeSettings, RouteMatch, RouteSettings } from './settings.ts';

/** The name of a dialect that stands for "not governed". */
const NO_DIALECT = 'none';

/** What the built-in table says of a normal path. */
export type BuiltInRoute =
  | { readonly kind: 'dialect'; readonly dialect: Dialect }
  /** A known API whose dialect does not exist yet. */
  | { readonly kind: 'unsupported'; readonly name: string };

/** The dialects by name and by path. */
export interface DialectLookup {
  byName(name: string): Dialect | undefined;
  /** @param path in normal form */
  byPath(path: string): BuiltInRoute | undefined;
}

/** What becomes of a request by its path. */
export type RouteChoice =
  | { readonly kind: 'governed'; readonly route: RouteSettings; readonly dialect: Dialect }
  /** Governed, and nothing here can judge it. */
  | { readonly kind: 'unsupported'; readonly route: RouteSettings; readonly dialectName: string }
  /** Not governed: an explicit exception, or an unknown path where these pass. */
  | { readonly kind: 'open' }
  /** An unknown path where these are blocked. */
  | { readonly kind: 'unknown'; readonly route: RouteSettings }
  /** The path cannot be normalised, or its readings lead to different routes. */
  | { readonly kind: 'not_normal'; readonly route: RouteSettings };

/** What routes are matched with. */
export interface RouteInput {
  /** `:path` as the client wrote it. */
  readonly path: string;
  /** `:authority` as the client wrote it. */
  readonly authority: string;
  /** Envoy's route name where Envoy told it. */
  readonly envoyRoute: string | undefined;
}

/** Chooses routes by the configured list, then by the built-in table; made once for a configuration. */
export class RouteTable {
  readonly #settings: ExchangeSettings;
  readonly #dialects: DialectLookup;
  readonly #routes: readonly { readonly route: RouteSettings; readonly match: Matcher }[];

  constructor(settings: ExchangeSettings, dialects: DialectLookup) {
    this.#settings = settings;
    this.#dialects = dialects;
    this.#routes = settings.routes.map((route) => ({ route, match: matcher(route.match) }));
  }

  choose(input: RouteInput): RouteChoice {
    const { defaults } = this.#settings;
    const reading = readPath(input.path);
    if (reading === undefined) return { kind: 'not_normal', route: defaults };
    const host = normalHost(input.authority);
    const choice = this.#chooseFor(reading.normal, host, input.envoyRoute);
    return this.#isAmbiguous(choice, reading, host, input.envoyRoute)
      ? { kind: 'not_normal', route: defaults }
      : choice;
  }

  /** Whether another reading of the path would be judged, and not in the same way: the upstream may take that one. */
  #isAmbiguous(
    choice: RouteChoice,
    reading: PathReading,
    host: string,
    envoyRoute: string | undefined,
  ): boolean {
    return reading.further.some((path) => {
      const other = this.#chooseFor(path, host, envoyRoute);
      if (other.kind === 'governed') {
        return choice.kind !== 'governed' || choice.dialect !== other.dialect || choice.route !== other.route;
      }
      return other.kind === 'unsupported' && choice.kind !== 'unsupported';
    });
  }

  #chooseFor(path: string, host: string, envoyRoute: string | undefined): RouteChoice {
    const configured = this.#routes.find(({ match }) => match(path, host, envoyRoute))?.route;
    const route = configured ?? this.#settings.defaults;
    if (configured?.dialect !== undefined) {
      if (configured.dialect === NO_DIALECT) return { kind: 'open' };
      const dialect = this.#dialects.byName(configured.dialect);
      return dialect === undefined
        ? { kind: 'unsupported', route, dialectName: configured.dialect }
        : { kind: 'governed', route, dialect };
    }
    const builtIn = this.#dialects.byPath(path);
    switch (builtIn?.kind) {
      case 'dialect':
        return { kind: 'governed', route, dialect: builtIn.dialect };
      case 'unsupported':
        return { kind: 'unsupported', route, dialectName: builtIn.name };
      case undefined:
        return this.#settings.unknownPaths === 'block' ? { kind: 'unknown', route } : { kind: 'open' };
    }
  }
}

type Matcher = (path: string, host: string, envoyRoute: string | undefined) => boolean;

function matcher(match: RouteMatch): Matcher {
  const suffix = match.suffix === undefined ? undefined : normalPart(match.suffix);
  const prefix = match.prefix === undefined ? undefined : normalPart(match.prefix);
  const authority = match.authority?.toLowerCase();
  return (path, host, envoyRoute) =>
    (suffix === undefined || path.endsWith(suffix)) &&
    (prefix === undefined || path === prefix || path.startsWith(prefix === '/' ? prefix : `${prefix}/`)) &&
    (authority === undefined || hostFits(authority, host)) &&
    (match.envoyRoute === undefined || match.envoyRoute === envoyRoute);
}

/** A configured prefix or suffix in the form of a normal path: whole segments, ASCII case folded. */
function normalPart(text: string): string {
  return readPath(text.startsWith('/') ? text : `/${text}`)?.normal ?? text;
}

function hostFits(pattern: string, host: string): boolean {
  return pattern.startsWith('*.')
    ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1
    : host === pattern;
}

/** The authority without port and without the dot of a fully qualified name, ASCII case folded. */
function normalHost(authority: string): string {
  return authority.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}
