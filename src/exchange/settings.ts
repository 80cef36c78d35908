import type { ExtraWords, FilterMode } from '../dialects/types.ts';
import type { CompiledPolicy } from '../policy/compile.ts';
import type { Enforcement, ModelMapping, Strictness } from '../policy/types.ts';
import type { HeldBudget } from './events.ts';

/** Which requests a configured route covers; every part that is given must fit. Compared after normalization. */
export interface RouteMatch {
  /** Whole path segments at the end of the path, for example `/responses`. */
  readonly suffix: string | undefined;
  /** Whole path segments at the start of the path. */
  readonly prefix: string | undefined;
  /** `:authority` without port, ASCII case folded; `*.example.com` covers every subdomain. */
  readonly authority: string | undefined;
  /** Envoy's route name: the attribute `xds.route_name`, or gRPC metadata `x-tiergate-route`. */
  readonly envoyRoute: string | undefined;
}

/** One entry of `routes`, with the process-wide defaults already filled in. The first that fits decides. */
export interface RouteSettings {
  readonly name: string;
  readonly match: RouteMatch;
  /** A dialect's name; `none` = not governed (an explicit exception); undefined = as the built-in table says. */
  readonly dialect: string | undefined;
  readonly filter: FilterMode;
  readonly blockStatus: number;
  readonly enforcement: Enforcement;
  readonly strictness: Strictness;
  readonly strictnessName: StrictnessName;
  readonly models: ModelMapping;
  readonly words: ExtraWords;
}

export type StrictnessName = 'compatible' | 'strict' | 'custom';

/** Where a scope or a user comes from; `map` translates the value found, and a value not in it is ignored. */
export type IdentitySource = { readonly map: Readonly<Record<string, string>> | undefined } & (
  | { readonly kind: 'metadata'; readonly key: string }
  | { readonly kind: 'attribute'; readonly expression: string }
  | { readonly kind: 'dynamic_metadata'; readonly namespace: string; readonly key: string }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'credential_shape' }
);

export interface IdentitySettings {
  readonly scope: { readonly sources: readonly IdentitySource[]; readonly default: string | undefined };
  readonly user: { readonly sources: readonly IdentitySource[] };
}

export interface ExchangeLimits {
  /** Most bytes of a body as it comes. */
  readonly body: number;
  /** Most bytes of a body after its content codings are undone. */
  readonly decodedBody: number;
  /** Most decoded bytes for one encoded byte (bodies under 64 KiB decoded are exempt). */
  readonly decodedRatio: number;
  readonly jsonDepth: number;
  readonly jsonMembers: number;
  /** Most payload bytes of one message of a WebSocket. */
  readonly message: number;
  /** Most fragments of one message, empty ones too. */
  readonly fragments: number;
  /** Most sockets that are open at once. */
  readonly sockets: number;
  /** Milliseconds that a refusal waits for bytes of the provider to ride on. */
  readonly providerWait: number;
  /** Milliseconds that a client has to answer our Close. */
  readonly clientCloseWait: number;
  /** Milliseconds that the messages of a socket wait at most for the look-up of its session. */
  readonly lookupWait: number;
}

/** How the sockets of the process are treated. */
export interface WebSocketSettings {
  /** `snapshot`: the policy as it stood when the socket was opened; `live`: the one in force at each turn. */
  readonly revision: 'snapshot' | 'live';
  /** `close`: error event, then close 1008; `reject_turn`: the event alone, and the socket stays open. */
  readonly onBlock: 'close' | 'reject_turn';
  /** The `status` of the error event of a block. */
  readonly blockStatus: number;
}

/** How the clients of sockets name their sessions. */
export interface SessionSettings {
  /** Headers of the handshake, in lower case; the first that is there names the session. */
  readonly headers: readonly string[];
}

/** What of the configuration an exchange reads. */
export interface ExchangeSettings {
  /** The settings of governed requests that no configured route covers; `match` and `dialect` empty. */
  readonly defaults: RouteSettings;
  readonly routes: readonly RouteSettings[];
  /** What happens to a path without a dialect. */
  readonly unknownPaths: 'pass' | 'block';
  readonly identity: IdentitySettings;
  readonly limits: ExchangeLimits;
  readonly websocket: WebSocketSettings;
  readonly sessions: SessionSettings;
  readonly observeServedTier: boolean;
}

/** One revision of the policy, ready to decide. */
export interface PolicyView {
  readonly revision: number;
  readonly policy: CompiledPolicy;
  /** Set by `policy.on_unavailable: open`: everything is reported, nothing enforced. */
  readonly enforcement: Enforcement | undefined;
}

/** What every exchange of the process shares. */
export interface ExchangeEnvironment {
  readonly settings: ExchangeSettings;
  /** The revision in force, or undefined where no policy can be had and the process fails closed. */
  currentPolicy(): PolicyView | undefined;
  readonly held: HeldBudget;
  /** Bytes that nobody can guess: masks (RFC 6455, section 5.3), payloads of our Pings, ids of error events. */
  randomBytes(count: number): Uint8Array;
}
