import type {
  ExchangeSettings,
  IdentitySettings,
  IdentitySource,
  RouteSettings,
} from '../exchange/settings.ts';
import { resolveStrictness } from '../policy/strictness.ts';
import type { Settings } from './schema.ts';

type Source = Settings['identity']['scope']['sources'][number];
type Route = Settings['routes'][number];
type StrictnessSetting = Settings['strictness'];

/** A source as an exchange reads it: a left out `map` is there as undefined. */
function sourceOf(source: Source): IdentitySource {
  return { ...source, map: source.map };
}

function identityOf(identity: Settings['identity']): IdentitySettings {
  return {
    scope: {
      sources: identity.scope.sources.map(sourceOf),
      default: identity.scope.default === '' ? undefined : identity.scope.default,
    },
    user: { sources: identity.user.sources.map(sourceOf) },
  };
}

function strictnessOf(setting: StrictnessSetting): Pick<RouteSettings, 'strictness' | 'strictnessName'> {
  const { strictness, name } = resolveStrictness(typeof setting === 'string' ? { preset: setting } : setting);
  return { strictness, strictnessName: name };
}

function routeOf(route: Route, settings: Settings): RouteSettings {
  const { match } = route;
  return {
    name: route.name,
    match: {
      suffix: match.suffix,
      prefix: match.prefix,
      authority: match.authority,
      envoyRoute: match.envoy_route,
    },
    dialect: route.dialect,
    filter: route.filter ?? 'remove',
    blockStatus: route.block_status ?? settings.http.block_status,
    enforcement: route.enforcement ?? settings.policy.enforcement,
    ...strictnessOf(route.strictness ?? settings.strictness),
    models: { aliases: route.models?.aliases ?? {}, normalize: route.models?.normalize ?? 'none' },
    words: route.words ?? {},
  };
}

/** What of the configuration an exchange reads, with the process-wide values filled in for each route. */
export function exchangeSettings(settings: Settings): ExchangeSettings {
  const { limits } = settings;
  return {
    defaults: {
      name: 'default',
      match: { suffix: undefined, prefix: undefined, authority: undefined, envoyRoute: undefined },
      dialect: undefined,
      filter: 'remove',
      blockStatus: settings.http.block_status,
      enforcement: settings.policy.enforcement,
      ...strictnessOf(settings.strictness),
      models: { aliases: {}, normalize: 'none' },
      words: {},
    },
    routes: settings.routes.map((route) => routeOf(route, settings)),
    unknownPaths: settings.http.unknown_paths,
    identity: identityOf(settings.identity),
    limits: {
      body: limits.body,
      decodedBody: limits.decoded_body,
      decodedRatio: limits.decoded_ratio,
      jsonDepth: limits.json_depth,
      jsonMembers: limits.json_members,
      message: limits.message,
      fragments: limits.fragments,
      sockets: limits.sockets,
      providerWait: limits.provider_wait,
      clientCloseWait: limits.client_close_wait,
      lookupWait: limits.lookup_wait,
    },
    websocket: {
      revision: settings.websocket.revision,
      onBlock: settings.websocket.on_block,
      blockStatus: settings.websocket.block_status,
    },
    sessions: { headers: settings.sessions.headers },
    observeServedTier: settings.observe_served_tier,
  };
}
