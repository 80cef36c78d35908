import type { CompiledAction, CompiledPolicy, CompiledRule, RuleSubject } from './compile.ts';
import { blockMessage } from './messages.ts';
import { matchModel } from './models.ts';
import { matchesPatterns } from './patterns.ts';
import { isStricter } from './tiers.ts';
import type {
  AskedModel,
  AskedScope,
  AskedTier,
  Claim,
  ClaimOutcome,
  ModelMapping,
  Outcome,
  PolicyRefusalCode,
  ReportedOutcome,
  Strictness,
  Verdict,
} from './types.ts';
import { ASKED_NULL, trimText } from './words.ts';

/** Everything that a verdict depends on. */
export interface DecideRequest {
  readonly policy: CompiledPolicy;
  /** What the request asks; empty where it asks no tier. */
  readonly claims: readonly Claim[];
  /** The model of the request itself, for a `missing` rule. */
  readonly requestModel: AskedModel;
  readonly scope: AskedScope;
  /** The trusted user id as text; undefined where none is known. */
  readonly user: string | undefined;
  readonly strictness: Strictness;
  readonly models: ModelMapping;
}

const NO_REPORTS: readonly ReportedOutcome[] = Object.freeze([]);

/** The claim of the outcome of a `missing` rule: no place of the request holds it. */
export const MISSING_CARRIER = 'missing';

/**
 * Judges one body or turn. Each claim has its own outcome; the verdict's action is the strictest of them. Rules for
 * `missing` are tried only where there is no claim (or, by strictness, only `null` ones); a tier that one of them
 * injects is not judged again.
 */
export function decide(request: DecideRequest): Verdict {
  const outcomes: ClaimOutcome[] = [];
  let asked = false;
  for (const claim of request.claims) {
    if (claim.asked.kind !== 'null') asked = true;
    outcomes.push(judgeClaim(request, claim));
  }
  const tryMissing = !asked && (outcomes.length === 0 || request.strictness.null_tier === 'missing');
  const missing = tryMissing ? judgeMissing(request) : undefined;
  let action: Outcome = missing?.action ?? 'pass';
  let decisive: ClaimOutcome | undefined = missing;
  for (const outcome of outcomes) {
    if (decisive === undefined || isStricter(outcome.action, action)) {
      action = outcome.action;
      decisive = outcome;
    }
  }
  return { action, decisive, outcomes, missing };
}

function judgeClaim(request: DecideRequest, claim: Claim): ClaimOutcome {
  const judge = new ClaimJudge(request, claim);
  const subject = subjectOf(claim.asked);
  if (subject === undefined) return judge.undecided(undefined);
  const decided = judge.tryRules(subject);
  if (decided !== undefined) return decided;
  return judge.undecided(refusalFor(subject, request.strictness));
}

function judgeMissing(request: DecideRequest): ClaimOutcome | undefined {
  const { forUsers, forEveryone } = request.policy.bySubject.missing;
  if (forUsers.length === 0 && forEveryone.length === 0) return undefined;
  const judge = new ClaimJudge(request, {
    carrier: MISSING_CARRIER,
    word: undefined,
    asked: ASKED_NULL,
    model: request.requestModel,
  });
  // A rule that only reports has matched too: its record must not be lost.
  return judge.tryRules('missing') ?? (judge.reports.length > 0 ? judge.undecided(undefined) : undefined);
}

function subjectOf(asked: AskedTier): RuleSubject | undefined {
  switch (asked.kind) {
    case 'known':
      return asked.tier;
    case 'null':
      return undefined;
    default:
      return asked.kind;
  }
}

function refusalFor(subject: RuleSubject, strictness: Strictness): PolicyRefusalCode | undefined {
  if (subject === 'unknown' && strictness.unknown_tier === 'refuse') return 'unknown_tier';
  if (subject === 'invalid' && strictness.invalid_tier === 'refuse') return 'invalid_tier';
  return undefined;
}

/** The judgement of one claim while it goes on. */
class ClaimJudge {
  readonly #request: DecideRequest;
  readonly #claim: Claim;
  readonly #modelMatched: string;
  /** True where the model is not known and the stricter of a rule's two actions is to be taken. */
  readonly #modelInDoubt: boolean;
  #reports: ReportedOutcome[] | undefined;

  constructor(request: DecideRequest, claim: Claim) {
    this.#request = request;
    this.#claim = claim;
    const { model } = claim;
    const known = model.kind === 'known' && trimText(model.word) !== '';
    this.#modelInDoubt =
      !known && (model.kind === 'unavailable' || request.strictness.missing_model === 'stricter');
    this.#modelMatched = this.#modelInDoubt ? '' : matchModel(known ? model.word : '', request.models);
  }

  get reports(): readonly ReportedOutcome[] {
    return this.#reports ?? NO_REPORTS;
  }

  /** Rules that list the user, in order, then rules without a list, in order; the first whose scope fits decides. */
  tryRules(subject: RuleSubject): ClaimOutcome | undefined {
    const { forUsers, forEveryone } = this.#request.policy.bySubject[subject];
    const { user } = this.#request;
    if (user !== undefined) {
      for (const rule of forUsers) {
        const decided = rule.users?.has(user) === true ? this.#tryRule(rule, subject) : undefined;
        if (decided !== undefined) return decided;
      }
    }
    for (const rule of forEveryone) {
      const decided = this.#tryRule(rule, subject);
      if (decided !== undefined) return decided;
    }
    return undefined;
  }

  /** The outcome where no rule decides: `pass`, or the refusal that the strictness asks for. */
  undecided(code: PolicyRefusalCode | undefined): ClaimOutcome {
    return {
      claim: this.#claim,
      modelMatched: this.#modelMatched,
      action: code === undefined ? 'pass' : 'refuse',
      rule: undefined,
      ruleIndex: undefined,
      fallback: false,
      forceTier: undefined,
      message: undefined,
      code,
      reports: this.reports,
    };
  }

  #tryRule(rule: CompiledRule, subject: RuleSubject): ClaimOutcome | undefined {
    const fallback = this.#takesFallback(rule);
    const chosen = fallback ? rule.offList : rule.onList;
    if (!this.#scopeFits(rule, chosen)) return undefined;
    if (rule.report) {
      this.#reports ??= [];
      this.#reports.push({ rule: rule.name, action: chosen.action });
      return undefined;
    }
    return {
      claim: this.#claim,
      modelMatched: this.#modelMatched,
      action: chosen.action,
      rule: rule.name,
      ruleIndex: rule.index,
      fallback,
      forceTier: chosen.forceTier,
      message:
        chosen.action === 'block'
          ? blockMessage(chosen.message, rule, subject, this.#modelWord())
          : undefined,
      code: undefined,
      reports: this.reports,
    };
  }

  #takesFallback(rule: CompiledRule): boolean {
    if (rule.models === undefined) return false;
    if (this.#modelInDoubt) return isStricter(rule.offList.action, rule.onList.action);
    return !matchesPatterns(rule.models, this.#modelMatched);
  }

  /**
   * A scope that cannot be told fits rules for all scopes; by strictness also any rule that would block or filter
   * here, whatever its scope.
   */
  #scopeFits(rule: CompiledRule, chosen: CompiledAction): boolean {
    if (rule.scopes === undefined) return true;
    const { scope, strictness } = this.#request;
    if (scope.kind === 'known') return rule.scopes.has(scope.name);
    return strictness.untold_scope === 'every_scope' && isStricter(chosen.action, 'force');
  }

  #modelWord(): string {
    const { model } = this.#claim;
    return model.kind === 'known' ? trimText(model.word) : '';
  }
}
