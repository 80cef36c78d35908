import type { HeldBudget } from '../../../src/exchange/events.ts';
import type {
  ExchangeEnvironment,
  ExchangeSettings,
  PolicyView,
  RouteSettings,
} from '../../../src/exchange/settings.ts';
import { compilePolicy } from '../../../src/policy/compile.ts';
import { COMPATIBLE } from '../../../src/policy/strictness.ts';
import { validatePolicy } from '../../../src/policy/validate.ts';

export const ANY_REQUEST: RouteSettings['match'] = {
  suffix: undefined,
  prefix: undefined,
  authority: undefined,
  envoyRoute: undefined,
};

/** The settings of a route, as the configuration's defaults make them. */
export function routeOf(changes: Partial<RouteSettings> = {}): RouteSettings {
  return {
    name: 'default',
    match: ANY_REQUEST,
    dialect: undefined,
    filter: 'remove',
    blockStatus: 403,
    enforcement: 'enforce',
    strictness: COMPATIBLE,
    strictnessName: 'compatible',
    models: { aliases: {}, normalize: 'none' },
    words: {},
    ...changes,
  };
}

export function settingsOf(changes: Partial<ExchangeSettings> = {}): ExchangeSettings {
  return {
    defaults: routeOf(),
    routes: [],
    unknownPaths: 'pass',
    identity: { scope: { sources: [], default: 'apikey' }, user: { sources: [] } },
    limits: {
      body: 1_000_000,
      decodedBody: 1_000_000,
      decodedRatio: 100,
      jsonDepth: 64,
      jsonMembers: 10_000,
      message: 100_000,
      fragments: 50,
      sockets: 100,
      providerWait: 2_000,
      clientCloseWait: 1_000,
      lookupWait: 100,
    },
    websocket: { revision: 'snapshot', onBlock: 'close', blockStatus: 400 },
    sessions: { headers: [] },
    observeServedTier: false,
    ...changes,
  };
}

/** A budget that a test can read: `held` is what is taken now. */
export class TestBudget implements HeldBudget {
  held = 0;
  readonly limit: number;

  constructor(limit = 100_000_000) {
    this.limit = limit;
  }

  fits(bytes: number): boolean {
    return this.held + bytes <= this.limit;
  }

  take(bytes: number): boolean {
    if (!this.fits(bytes)) return false;
    this.held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.held -= bytes;
    if (this.held < 0) throw new Error('more was given back than taken');
  }
}

/** Rules that take every path of a verdict: filter, force, block, and one with a model list. */
export const RULES: readonly Record<string, unknown>[] = [
  {
    name: 'no-ultrafast',
    service_tier: 'ultrafast',
    action: 'block',
    scope: 'all',
    error_message: 'not {tier}',
  },
  { name: 'slow-flex', service_tier: 'flex', action: 'force', force_tier: 'default', scope: 'all' },
  {
    name: 'some-priority',
    service_tier: 'priority',
    action: 'pass',
    scope: 'all',
    model_whitelist: ['gpt-allowed*'],
    fallback_action: 'filter',
  },
];

export function policyOf(
  rules: readonly Record<string, unknown>[] = RULES,
  enforcement: PolicyView['enforcement'] = undefined,
): PolicyView {
  const result = validatePolicy({ rules }, { scopes: [] });
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return { revision: 7, policy: compilePolicy(result.document), enforcement };
}

/** Bytes that a test can foretell: 1, 2, 3 … */
function countingBytes(): ExchangeEnvironment['randomBytes'] {
  let next = 1;
  return (count) => Uint8Array.from({ length: count }, () => next++ % 256);
}

export interface TestEnvironment extends ExchangeEnvironment {
  readonly held: TestBudget;
}

export function environmentOf(
  settings: Partial<ExchangeSettings> = {},
  parts: { readonly policy?: PolicyView | undefined; readonly held?: TestBudget } = {},
): TestEnvironment {
  const policy = 'policy' in parts ? parts.policy : policyOf();
  return {
    settings: settingsOf(settings),
    currentPolicy: () => policy,
    held: parts.held ?? new TestBudget(),
    randomBytes: countingBytes(),
  };
}
