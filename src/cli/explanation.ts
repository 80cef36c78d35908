import type { HeaderEdits } from '../dialects/types.ts';
import type { Decision, DecisionClaim } from '../exchange/decision.ts';
import { type PolicyDocument, ruleName } from '../policy/schema.ts';
import { describeRule } from '../policy/summary.ts';
import type { Rehearsal } from './rehearsal.ts';

/** What there is to tell. */
export interface Explained {
  readonly result: Rehearsal;
  /** The body as it was given. */
  readonly body: Buffer;
  readonly document: PolicyDocument;
  readonly policyName: string;
  /** Whether the body is a message of a WebSocket. */
  readonly isMessage: boolean;
}

/** The part of a body that differs, with its place. */
export interface BodyChange {
  /** Byte offset in the body as it was given. */
  readonly offset: number;
  readonly removed: string;
  readonly inserted: string;
}

/** The sentence of the rule that has this name; undefined where there is none. */
function ruleSentence(document: PolicyDocument, name: string | undefined): string | undefined {
  const index = document.rules.findIndex((rule, place) => ruleName(rule, place) === name);
  const rule = document.rules[index];
  return rule === undefined ? undefined : describeRule(rule);
}

/** Most places that a removal is moved to, to show it as whole members. */
const MAX_SHIFT = 512;

/**
 * Where a removed part begins: equal bytes on both of its sides let it stand in several places, and the one that
 * begins with a comma (or else a quote) shows whole members.
 */
function readableStart(before: Uint8Array, start: number, length: number): number {
  const starts = [start];
  for (let place = start; place > Math.max(0, start - MAX_SHIFT); place -= 1) {
    if (before[place - 1] !== before[place + length - 1]) break;
    starts.push(place - 1);
  }
  const beginsWith = (character: string) => (place: number) => before[place] === character.charCodeAt(0);
  return starts.find(beginsWith(',')) ?? starts.find(beginsWith('"')) ?? start;
}

/** A part of the body around all of its changes, as small as is readable; undefined where no byte differs. */
export function bodyChange(before: Uint8Array, after: Uint8Array): BodyChange | undefined {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  if (start === shorter && before.length === after.length) return undefined;
  let tail = 0;
  while (tail < shorter - start && before[before.length - 1 - tail] === after[after.length - 1 - tail])
    tail += 1;
  if (before.length - tail === start || after.length - tail === start) {
    const removed = before.length - tail - start;
    const offset = removed === 0 ? start : readableStart(before, start, removed);
    return changeAt(before, after, offset, tail + start - offset);
  }
  const quote = '"'.charCodeAt(0);
  const left = before.subarray(0, start).lastIndexOf(quote);
  const right = before.subarray(before.length - tail).indexOf(quote);
  if (left === -1 || right === -1 || start - left > MAX_SHIFT || right > MAX_SHIFT)
    return changeAt(before, after, start, tail);
  return changeAt(before, after, left, tail - right - 1);
}

/** The bytes from `offset` on, without the last `tail`. */
function changeAt(before: Uint8Array, after: Uint8Array, offset: number, tail: number): BodyChange {
  const text = (bytes: Uint8Array): string =>
    new TextDecoder().decode(bytes.subarray(offset, bytes.length - tail));
  return { offset, removed: text(before), inserted: text(after) };
}

function isEncoded({ headerEdits }: Rehearsal): boolean {
  return headerEdits.some((edits) => edits.remove.includes('content-encoding'));
}

/** What happened to the body; an encoded one that was edited goes on decoded, and has no part that differs. */
function changeOf({ result, body }: Explained): BodyChange | undefined {
  return result.refusal !== undefined || isEncoded(result) ? undefined : bodyChange(body, result.body);
}

/** The explanation as JSON. */
export function explanationJson(explained: Explained): string {
  const { result, document, policyName } = explained;
  const { decision, refusal } = result;
  const shown = {
    governed: decision !== undefined,
    policy: policyName,
    decision,
    rule_sentence: ruleSentence(document, decision?.rule),
    refusal: refusal && {
      status: refusal.status,
      details: refusal.details,
      body: JSON.parse(refusal.body.toString()) as unknown,
      close_code: result.closeCode,
    },
    header_edits: result.headerEdits,
    body_change: changeOf(explained),
    body_bytes: { before: explained.body.length, after: refusal === undefined ? result.body.length : 0 },
  };
  return `${JSON.stringify(shown, undefined, 2)}\n`;
}

function claimLine(claim: DecisionClaim, isEnforced: boolean): string {
  const { carrier, word, asked, model_asked, model_matched, action, rule, tier_sent } = claim;
  const asks = word === undefined ? asked : `${JSON.stringify(word)} (${asked})`;
  const model =
    model_asked === model_matched
      ? JSON.stringify(model_asked)
      : `${JSON.stringify(model_asked)} read as ${JSON.stringify(model_matched)}`;
  const by = rule === undefined ? 'no rule' : `rule ${JSON.stringify(rule)}`;
  const isStopped = isEnforced && (action === 'block' || action === 'refuse');
  const sent = isStopped
    ? 'not sent'
    : tier_sent === undefined
      ? 'sent without a tier'
      : `sent as ${tier_sent}`;
  return `${carrier} asks ${asks} for model ${model}: ${action} by ${by}, ${sent}`;
}

function headerLines(edits: readonly HeaderEdits[]): readonly string[] {
  return edits.flatMap(({ remove, set, append }) => [
    ...remove.map((name) => `- ${name}`),
    ...[...set, ...append].map(({ name, value }) => `+ ${name}: ${value}`),
  ]);
}

function entry(title: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => `${(index === 0 ? title : '').padEnd(10)}${line}`);
}

function decisionLines(decision: Decision, document: PolicyDocument): readonly string[] {
  const { action, rule, code, enforced, reports } = decision;
  const sentence = ruleSentence(document, rule);
  const by = rule === undefined ? 'no rule decides' : `rule ${JSON.stringify(rule)}`;
  return [
    `${action}: ${code === undefined || code === 'policy_violation' ? by : code}${enforced ? '' : ' (report: nothing is changed)'}`,
    ...(sentence === undefined ? [] : [sentence]),
    ...reports.map((report) => `rule ${JSON.stringify(report.rule)} in report mode: would ${report.action}`),
  ];
}

/** The explanation for a person. */
export function explanationText(explained: Explained): string {
  const { result, body, document, policyName } = explained;
  const { decision, refusal } = result;
  if (decision === undefined && refusal === undefined && explained.isMessage) {
    return 'No turn begins with this message, or the path is not governed: it passes as it is.\n';
  }
  if (decision === undefined && refusal === undefined) {
    return 'The path is not governed: the request passes unseen. A route with a dialect would change that.\n';
  }
  const lines: string[] = [];
  if (decision !== undefined) {
    const { dialect, route, scope, scope_evidence, user, strictness, enforcement } = decision;
    lines.push(
      ...entry('request', [
        `dialect ${dialect}, route ${route}, scope ${scope ?? 'untold'} (${scope_evidence}), user ${user ?? 'none'}`,
      ]),
      ...entry('policy', [`${policyName}; enforcement ${enforcement}, strictness ${strictness}`]),
      ...entry('decision', decisionLines(decision, document)),
      ...entry(
        'claims',
        decision.claims.length === 0
          ? ['no tier is asked']
          : decision.claims.map((claim) => claimLine(claim, decision.enforced)),
      ),
    );
  }
  if (refusal !== undefined) {
    const { closeCode } = result;
    const end = closeCode === undefined ? 'the socket stays open' : `close ${closeCode}`;
    const how = explained.isMessage ? `an error event, then ${end}` : `HTTP ${refusal.status}`;
    lines.push(...entry('answer', [`${how}, ${refusal.details}`, refusal.body.toString()]));
    return `${lines.join('\n')}\n`;
  }
  const change = changeOf(explained);
  lines.push(...entry('headers', headerLines(result.headerEdits)));
  if (change !== undefined) {
    lines.push(
      ...entry('body', [
        `at byte ${change.offset}`,
        ...(change.removed === '' ? [] : [`- ${change.removed}`]),
        ...(change.inserted === '' ? [] : [`+ ${change.inserted}`]),
      ]),
    );
  }
  const same = change === undefined && !isEncoded(result);
  lines.push(
    ...entry('result', [
      same ? `${body.length} bytes, unchanged` : `${body.length} bytes become ${result.body.length}`,
    ]),
  );
  return `${lines.join('\n')}\n`;
}
