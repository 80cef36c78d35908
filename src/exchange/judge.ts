import { NO_HEADER_EDITS } from '../dialects/headers.ts';
import type { DialectReading } from '../dialects/types.ts';
import { applyEdits } from '../json/editor.ts';
import { compilePlan, type MemberPlan } from '../json/plan.ts';
import { readJson } from '../json/reader.ts';
import type { JsonFault, JsonReading } from '../json/types.ts';
import { decide } from '../policy/decide.ts';
import { matchModel } from '../policy/models.ts';
import { compareTiers } from '../policy/tiers.ts';
import type { AskedModel, AskedTier, ReportedOutcome, Tier, Verdict } from '../policy/types.ts';
import { type RefusalCode, refuse } from '../refusals.ts';
import { isForm } from './content-type.ts';
import type { DecisionClaim } from './decision.ts';
import { isEnforced } from './enforcement.ts';
import { hasFormField } from './form-fields.ts';
import type { JudgeInput, Judgement } from './judgement.ts';

/** Most claims that a judgement lists; a client makes a few, and a hostile body can hold thousands. All are judged. */
const MAX_LISTED_CLAIMS = 64;

/** Judges one complete HTTP request: the tiers of its body and of its headers. */
export function judge(input: JudgeInput): Judgement {
  if (input.body === undefined || input.body.length === 0) return judgeReading(input, undefined);
  const result = readMembers(input, input.body, input.dialect.members);
  if (!result.ok) return judgeUnreadable(input, result.fault);
  if (isForm(input.headers) && hasFormField(input.body, input.dialect.members.filter(isNoModel))) {
    return judgeRefused(
      input,
      'ambiguous_member',
      'the content-type says form, and as a form the body asks a tier',
    );
  }
  return judgeReading(input, result.reading);
}

/** A model that only a form names asks nothing. */
function isNoModel(member: string): boolean {
  return member !== 'model';
}

/**
 * Judges a body or message whose governed members have been read.
 *
 * @param reading undefined for a request without a body
 */
export function judgeReading(input: JudgeInput, reading: JsonReading | undefined): Judgement {
  const { dialect, route, headers, path, fallbackModel } = input;
  const dialectInput = { headers, path, reading, words: route.words, fallbackModel };
  const asked = dialect.read(dialectInput);
  if (asked.fault !== undefined) return judgeRefused(input, asked.fault.code, asked.fault.reason);
  // Where there is no body there is no place in which a tier could be missing.
  if (reading === undefined && asked.claims.length === 0) return judgePassed(input, asked.model);
  const verdict = decide({
    policy: input.policy.policy,
    claims: asked.claims,
    requestModel: asked.model,
    scope: input.scope,
    user: input.user,
    strictness: route.strictness,
    models: route.models,
  });
  if (verdict.action === 'block' || verdict.action === 'refuse') return judgeStopped(input, asked, verdict);
  const changes = dialect.apply(dialectInput, asked, verdict, route.filter);
  if (changes.unsupported !== undefined) {
    const message = refusalText('unsupported_tier', `${changes.unsupported} in ${dialect.name}`);
    return {
      ...judged(input, asked, verdict, []),
      action: 'refuse',
      code: 'unsupported_tier',
      message,
    };
  }
  if (!isEnforced(input)) return judged(input, asked, verdict, []);
  const imposed = verdict.missing?.action === 'force' ? [verdict.missing.forceTier] : [];
  const edited = input.body !== undefined && changes.edits.length > 0;
  return {
    ...judged(input, asked, verdict, [...changes.sent, ...imposed]),
    body: edited ? applyEdits(input.body, changes.edits) : undefined,
    headers: changes.headers,
  };
}

/** The judgement of what the policy has nothing to say to. */
export function judgePassed(input: JudgeInput, model: AskedModel): Judgement {
  return { ...nothingJudged(isEnforced(input)), ...models(input, model) };
}

/**
 * The refusal of bytes that cannot be judged.
 *
 * @param detail what is wrong and where, without content of the request
 */
export function judgeRefused(input: JudgeInput, code: RefusalCode, detail?: string): Judgement {
  return { ...nothingJudged(isEnforced(input)), action: 'refuse', code, message: refusalText(code, detail) };
}

/** The refusal of a text that is no readable JSON. */
export function judgeUnreadable(input: JudgeInput, fault: JsonFault): Judgement {
  return judgeRefused(input, fault.code, `${fault.reason}, at byte ${fault.offset}`);
}

/** Reads the governed members of a text. */
export function readMembers(
  input: JudgeInput,
  bytes: Buffer,
  members: readonly string[],
): ReturnType<typeof readJson> {
  let plan = plans.get(members);
  if (plan === undefined) {
    plan = compilePlan(members);
    plans.set(members, plan);
  }
  return readJson(bytes, plan, input.limits);
}

/** A dialect's list of members never changes, so its plan is compiled at its first use. */
const plans = new WeakMap<readonly string[], MemberPlan>();

function judgeStopped(input: JudgeInput, asked: DialectReading, verdict: Verdict): Judgement {
  const { decisive } = verdict;
  const code = decisive?.code ?? 'policy_violation';
  const message = decisive?.message ?? refusalText(code, decisive?.claim.carrier);
  return { ...judged(input, asked, verdict, []), code, message };
}

/**
 * What a judgement says of a verdict; nothing is changed yet.
 *
 * @param sent the tiers that go upstream where the verdict is carried out: those of the claims in their order, then others
 */
function judged(
  input: JudgeInput,
  asked: DialectReading,
  verdict: Verdict,
  sent: readonly (Tier | undefined)[],
): Judgement {
  const { decisive, missing } = verdict;
  // What is only reported goes upstream as it was asked.
  const goesOn = isEnforced(input) ? sent : asked.claims.map(({ asked: tier }) => knownTier(tier));
  const reports = [...verdict.outcomes, ...(missing === undefined ? [] : [missing])].flatMap(
    (outcome) => outcome.reports,
  );
  return {
    ...nothingJudged(isEnforced(input)),
    ...models(input, decisive?.claim.model ?? asked.model, decisive?.modelMatched),
    action: verdict.action,
    claims: listClaims(verdict, goesOn),
    tierAsked: askedWord((decisive === missing ? asked.claims[0] : decisive?.claim)?.asked),
    tierSent: dearest(goesOn),
    rule: decisive?.rule,
    reports: withoutRepeats(reports),
  };
}

function listClaims(verdict: Verdict, sent: readonly (Tier | undefined)[]): readonly DecisionClaim[] {
  return verdict.outcomes.slice(0, MAX_LISTED_CLAIMS).map((outcome, index) => ({
    carrier: outcome.claim.carrier,
    word: outcome.claim.word,
    asked: askedWord(outcome.claim.asked),
    model_asked: wordOf(outcome.claim.model),
    model_matched: outcome.modelMatched,
    action: outcome.action,
    rule: outcome.rule,
    tier_sent: sent[index],
    reports: outcome.reports,
  }));
}

/** A judgement by which nothing was found, decided or changed. */
export function nothingJudged(enforced: boolean): Judgement {
  return {
    action: 'pass',
    enforced,
    code: undefined,
    message: undefined,
    body: undefined,
    headers: NO_HEADER_EDITS,
    claims: [],
    modelAsked: '',
    modelMatched: '',
    tierAsked: undefined,
    tierSent: undefined,
    rule: undefined,
    reports: [],
  };
}

function models(
  { route }: JudgeInput,
  model: AskedModel,
  matched?: string,
): Pick<Judgement, 'modelAsked' | 'modelMatched'> {
  const modelAsked = wordOf(model);
  return {
    modelAsked,
    modelMatched: matched ?? (modelAsked === '' ? '' : matchModel(modelAsked, route.models)),
  };
}

function wordOf(model: AskedModel): string {
  return model.kind === 'known' ? model.word : '';
}

function knownTier(asked: AskedTier): Tier | undefined {
  return asked.kind === 'known' ? asked.tier : undefined;
}

function askedWord(asked: AskedTier): DecisionClaim['asked'];
function askedWord(asked: AskedTier | undefined): DecisionClaim['asked'] | undefined;
function askedWord(asked: AskedTier | undefined): DecisionClaim['asked'] | undefined {
  return asked?.kind === 'known' ? asked.tier : asked?.kind;
}

function dearest(tiers: readonly (Tier | undefined)[]): Tier | undefined {
  let result: Tier | undefined;
  for (const tier of tiers) {
    if (tier !== undefined && (result === undefined || compareTiers(tier, result) > 0)) result = tier;
  }
  return result;
}

/** Several claims can meet the same rule in report mode. */
function withoutRepeats(reports: readonly ReportedOutcome[]): readonly ReportedOutcome[] {
  const seen = new Map(reports.map((report) => [`${report.action} ${report.rule}`, report]));
  return [...seen.values()];
}

function refusalText(code: RefusalCode, detail: string | undefined): string {
  const { message } = refuse(code);
  return detail === undefined ? message : `${message} (${detail})`;
}
