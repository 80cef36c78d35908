import type { Dialect, ExtraWords, FilterMode, HeaderEdits, HeaderLine } from '../../src/dialects/types.ts';
import { applyEdits } from '../../src/json/editor.ts';
import { compilePlan } from '../../src/json/plan.ts';
import { readJson } from '../../src/json/reader.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { decide } from '../../src/policy/decide.ts';
import { COMPATIBLE, STRICT } from '../../src/policy/strictness.ts';
import type { AskedModel, Tier, Verdict } from '../../src/policy/types.ts';
import { validatePolicy } from '../../src/policy/validate.ts';

export interface DialectRun {
  readonly dialect: Dialect;
  /** Rules with `scope: all` filled in. */
  readonly rules?: readonly object[];
  readonly body?: string | undefined;
  /** Lines of one header. */
  readonly header?: { readonly name: string; readonly lines: readonly string[] };
  readonly path?: string;
  readonly members?: readonly string[];
  readonly words?: ExtraWords;
  readonly filter?: FilterMode;
  readonly fallbackModel?: AskedModel;
  readonly strict?: boolean;
}

export interface DialectResult {
  /** `carrier=tier@model`, with `unknown`, `invalid`, `null` for a tier and `-` for no model. */
  readonly claims: readonly string[];
  readonly words: readonly (string | undefined)[];
  readonly model: AskedModel;
  readonly fault: string | undefined;
  readonly action: Verdict['action'];
  /** The body after the edits, and the header's lines. */
  readonly text: string | undefined;
  readonly lines: readonly string[];
  readonly sent: readonly (Tier | undefined)[];
  readonly unsupported: Tier | undefined;
}

/** Reads, decides and applies as an exchange does, and gives what goes upstream. */
export function runDialect(run: DialectRun): DialectResult {
  const { dialect, rules = [], body, header, path = '/', words = {}, filter = 'remove' } = run;
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const plan = compilePlan(run.members ?? dialect.members);
  const result = bytes && readJson(bytes, plan, { depth: 512, members: 1_000_000 });
  if (result?.ok === false) throw new Error(result.fault.reason);
  const headers: HeaderLine[] = (header?.lines ?? []).map((value) => ({ name: header?.name ?? '', value }));
  const fallbackModel = run.fallbackModel ?? { kind: 'absent' };
  const input = { headers, path, reading: result?.reading, words, fallbackModel };
  const reading = dialect.read(input);
  const verdict = decide({
    policy: compile(rules),
    claims: reading.claims,
    requestModel: reading.model,
    scope: { kind: 'untold' },
    user: undefined,
    strictness: run.strict === true ? STRICT : COMPATIBLE,
    models: { aliases: {}, normalize: 'none' },
  });
  const changes = dialect.apply(input, reading, verdict, filter);
  return {
    claims: reading.claims.map(({ carrier, asked, model }) => {
      const tier = asked.kind === 'known' ? asked.tier : asked.kind;
      return `${carrier}=${tier}@${model.kind === 'known' ? model.word : '-'}`;
    }),
    words: reading.claims.map(({ word }) => word),
    model: reading.model,
    fault: reading.fault?.code,
    action: verdict.action,
    text: bytes && applyEdits(bytes, changes.edits).toString(),
    lines: applyHeaderEdits(headers, changes.headers).map(({ value }) => value),
    sent: changes.sent,
    unsupported: changes.unsupported,
  };
}

/** A rule of the policy that decides alone: `priority` is filtered unless told otherwise. */
export function rule(fields: object = {}): object {
  return { service_tier: 'priority', action: 'filter', scope: 'all', ...fields };
}

function compile(rules: readonly object[]) {
  const validation = validatePolicy({ rules }, { scopes: [] });
  if (!validation.ok) throw new Error(JSON.stringify(validation.faults));
  return compilePolicy(validation.document);
}

/** As Envoy does it: `remove`, then `set` (in place of all lines of the name), then `append`. */
function applyHeaderEdits(lines: readonly HeaderLine[], edits: HeaderEdits): readonly HeaderLine[] {
  const replaced = new Set([...edits.remove, ...edits.set.map(({ name }) => name)]);
  return [...lines.filter(({ name }) => !replaced.has(name)), ...edits.set, ...edits.append];
}
