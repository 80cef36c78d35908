import type { z } from 'zod';
import { crossFaults } from './cross-checks.ts';
import { type Fault, formatPath, kindOf, quote } from './faults.ts';
import { lintPolicy, type Warning } from './lint.ts';
import { isRecord, normalizeDocument } from './normalize.ts';
import { fieldRemedy, unknownFieldRemedy } from './remedies.ts';
import { MAX_RULES, type PolicyDocument, policySchema } from './schema.ts';

/** A valid document in the form that is stored, with the linter's warnings; or every fault. */
export type Validation =
  | { readonly ok: true; readonly document: PolicyDocument; readonly lint: readonly Warning[] }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** The issue as zod gives it. */
type Issue = z.core.$ZodIssue;

/**
 * Validates a policy document, the same way on load and on save. `scopes` are the scope names that the configuration
 * adds to the built-in ones. Every fault is named, in the order of the rules; only a list that is too long hides the
 * faults inside it.
 */
export function validatePolicy(value: unknown, options: { readonly scopes: readonly string[] }): Validation {
  const normalized = normalizeDocument(value);
  const rules = isRecord(normalized) ? normalized['rules'] : undefined;
  if (Array.isArray(rules) && rules.length > MAX_RULES) {
    const message = `has ${rules.length} rules, more than ${MAX_RULES}`;
    return { ok: false, faults: [{ path: 'rules', message, remedy: fieldRemedy('rules', options.scopes) }] };
  }
  const parsed = policySchema.safeParse(normalized);
  const faults = [
    ...(parsed.error?.issues ?? []).flatMap((issue) => issueFaults(issue, normalized, options.scopes)),
    ...crossFaults(Array.isArray(rules) ? rules : [], options.scopes),
  ];
  if (parsed.success && faults.length === 0) {
    return { ok: true, document: parsed.data, lint: lintPolicy(parsed.data) };
  }
  return { ok: false, faults: inOrder(faults) };
}

/** By rule, each rule's faults in the order found; faults of the document come first. */
function inOrder(faults: readonly Fault[]): readonly Fault[] {
  const ruleOf = (fault: Fault): number => Number(/^rules\[(\d+)\]/.exec(fault.path)?.[1] ?? -1);
  return [...faults].sort((left, right) => ruleOf(left) - ruleOf(right));
}

function issueFaults(issue: Issue, root: unknown, scopes: readonly string[]): readonly Fault[] {
  // The names of scopes come from the configuration, so the cross checks read that member as a whole.
  if (issue.path[0] === 'rules' && issue.path[2] === 'scope') return [];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: formatPath([...issue.path, key]),
      message: 'is not a known member',
      remedy: unknownFieldRemedy(key, issue.path.length === 0),
    }));
  }
  const field = issue.path.findLast((segment) => typeof segment === 'string');
  return [
    {
      path: formatPath(issue.path),
      message: describe(issue, valueAt(root, issue.path)),
      remedy: fieldRemedy(
        field === undefined || issue.path.length === 2 ? 'document' : String(field),
        scopes,
      ),
    },
  ];
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const segment of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[segment];
  return value;
}

function describe(issue: Issue, value: unknown): string {
  if (value === undefined) return 'is required';
  if (issue.code === 'too_big' && typeof value !== 'number') {
    const unit = Array.isArray(value) ? 'entries' : 'characters';
    return `has ${sizeOf(value)} ${unit}, more than ${issue.maximum}`;
  }
  if (value === '') return 'is blank';
  if (issue.code === 'invalid_format') return 'holds a control character';
  if (typeof value === 'string') return `${quote(value)} is not allowed here`;
  if (typeof value === 'number') return `${value} is not allowed here`;
  return `${kindOf(value)} is not allowed here`;
}

function sizeOf(value: unknown): number {
  return typeof value === 'string' || Array.isArray(value) ? value.length : 0;
}
