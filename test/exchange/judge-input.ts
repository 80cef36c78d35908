import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import type { HeaderLine } from '../../src/dialects/types.ts';
import type { JudgeInput } from '../../src/exchange/judgement.ts';
import type { RouteSettings } from '../../src/exchange/settings.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { COMPATIBLE } from '../../src/policy/strictness.ts';
import { validatePolicy } from '../../src/policy/validate.ts';

/** A route as a configuration without any setting gives it. */
const ROUTE: RouteSettings = {
  name: 'default',
  match: { suffix: undefined, prefix: undefined, authority: undefined, envoyRoute: undefined },
  dialect: undefined,
  filter: 'remove',
  blockStatus: 403,
  enforcement: 'enforce',
  strictness: COMPATIBLE,
  strictnessName: 'compatible',
  models: { aliases: {}, normalize: 'none' },
  words: {},
};

/** What a test of the judgement varies; the rest is that of a plain request. */
export interface JudgeCase extends Partial<Omit<JudgeInput, 'route' | 'policy' | 'body' | 'headers'>> {
  readonly route?: Partial<RouteSettings>;
  readonly policy?: unknown;
  readonly body?: string | Buffer | undefined;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** The policy of most vectors. */
export const FILTER_PRIORITY = { rules: [{ service_tier: 'priority', action: 'filter', scope: 'all' }] };

/** An input with a policy document in place of a compiled policy. */
export function judgeInput(given: JudgeCase): JudgeInput {
  const { policy = FILTER_PRIORITY, route, body, headers = {}, ...rest } = given;
  const validation = validatePolicy(policy, { scopes: [] });
  if (!validation.ok) throw new Error(JSON.stringify(validation.faults));
  return {
    dialect: openAiResponses,
    route: { ...ROUTE, ...route },
    policy: { revision: 1, policy: compilePolicy(validation.document), enforcement: undefined },
    scope: { kind: 'known', name: 'apikey' },
    user: undefined,
    headers: headerLines(headers),
    path: '/v1/responses',
    body: typeof body === 'string' ? Buffer.from(body) : body,
    fallbackModel: { kind: 'absent' },
    limits: { depth: 512, members: 1_000_000 },
    ...rest,
  };
}

function headerLines(headers: Readonly<Record<string, string | readonly string[]>>): readonly HeaderLine[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => ({ name, value })),
  );
}
