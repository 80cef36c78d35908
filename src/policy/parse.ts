import { LineCounter, parseDocument } from 'yaml';
import { findDuplicateMember } from './duplicate-members.ts';
import type { Fault } from './faults.ts';

/** Most characters of a policy text. */
export const MAX_POLICY_LENGTH = 4 * 1024 * 1024;
/** Most characters of a text that is not JSON: reading YAML is some hundred times slower. */
export const MAX_YAML_LENGTH = 512 * 1024;

/** A fault of the text itself; `line` and `column` count from 1. */
export interface TextFault extends Fault {
  readonly line: number;
  readonly column: number;
}

/** The value that a text holds, not yet validated, or why it holds none. */
export type ParsedText =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly faults: readonly TextFault[] };

const DUPLICATE_REMEDY = 'Keep one of the two members and remove the other.';

/** What to do about the parser's faults, by its codes; the rest of them have the general remedy. */
const REMEDIES: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: DUPLICATE_REMEDY,
  MULTIPLE_DOCS: 'Keep one document in the text.',
  NON_STRING_KEY: 'Write every member name as text.',
  RESOURCE_EXHAUSTION: 'Nest lists and objects less deeply.',
  TAG_RESOLVE_FAILED: 'Remove the YAML tag.',
};
const GENERAL_REMEDY = 'Correct the JSON (or YAML) at this place.';

function textFault(line: number, column: number, message: string, remedy: string): TextFault {
  return { path: '', message: `line ${line}, column ${column}: ${message}`, remedy, line, column };
}

function refused(...fault: Parameters<typeof textFault>): ParsedText {
  return { ok: false, faults: [textFault(...fault)] };
}

/** Line and column, both from 1, of an offset. */
function positionOf(text: string, offset: number): [line: number, column: number] {
  const before = text.slice(0, offset).split('\n');
  return [before.length, (before.at(-1) ?? '').length + 1];
}

/**
 * Reads a policy text: JSON, or YAML 1.2 of which JSON is a part. A member given twice, an alias, an unknown tag and
 * a second document are faults. Never throws for what the text holds.
 */
export function parsePolicyText(text: string): ParsedText {
  if (text.length > MAX_POLICY_LENGTH) {
    const message = `the policy has ${text.length} characters, more than ${MAX_POLICY_LENGTH}`;
    return refused(1, 1, message, 'Shorten the policy.');
  }
  const plain = text.startsWith('\ufeff') ? text.slice(1) : text;
  return parseJson(plain) ?? parseYaml(plain);
}

/** The value of a JSON text; undefined where it is none. */
function parseJson(text: string): ParsedText | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const duplicate = findDuplicateMember(text);
  if (duplicate === undefined) return { ok: true, value };
  return refused(...positionOf(text, duplicate.offset), 'the object has this member twice', DUPLICATE_REMEDY);
}

function parseYaml(text: string): ParsedText {
  if (text.length > MAX_YAML_LENGTH) {
    const message = `the text is no JSON, and as YAML it has more than ${MAX_YAML_LENGTH} characters`;
    return refused(1, 1, message, 'Correct the JSON, or shorten the YAML.');
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, stringKeys: true, lineCounter });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    const faults = problems.map((problem) => {
      const { line, col } = lineCounter.linePos(problem.pos[0]);
      return textFault(line, col, problem.message, REMEDIES[problem.code] ?? GENERAL_REMEDY);
    });
    return { ok: false, faults };
  }
  if (document.contents === null) {
    return refused(1, 1, 'the text is empty', 'Write at least {"rules": []}, which lets everything pass.');
  }
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: 0 }) };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return refused(1, 1, 'the text uses a YAML alias (*name)', 'Write the value out at each place.');
  }
}
