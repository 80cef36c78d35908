import type { z } from 'zod';
import { kindOf, quote } from '../policy/faults.ts';
import type { JsonSchemaNode } from './json-schema.ts';
import { knownNames, nodeAt } from './keys.ts';
import { nearest } from './nearest.ts';
import { valueAt } from './records.ts';

/** What is wrong at one place of a document, before it is known where the place stands. */
export interface Finding {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly remedy: string;
  /** Whether the member's name is at fault, not its value. */
  readonly name: boolean;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
};

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

function words(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(', ');
}

/** The message of an issue whose schema has none of its own. Given to zod, which asks it first. */
export function issueMessage(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is missing'
        : `must be ${KINDS[issue.expected] ?? issue.expected}, not ${kindOf(issue.input)}`;
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${words(issue.values)}`;
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big': {
      const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : '';
      return `must be at most ${issue.maximum}${unit}`;
    }
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options)
        ? `must be one of ${words(issue.options)}`
        : undefined;
    default:
      return undefined;
  }
}

/** What may be written at the place: from the issue, the schema's examples or its default. */
function remedyOf(
  schema: JsonSchemaNode,
  path: readonly PropertyKey[],
  issue: Issue,
  input: unknown,
): string {
  const node = nodeAt(schema, path);
  const choices =
    issue.code === 'invalid_value' ? issue.values : 'options' in issue ? issue.options : undefined;
  if (choices !== undefined) {
    const meant = typeof input === 'string' ? nearest(input, (choices as unknown[]).map(String)) : undefined;
    return meant === undefined ? 'Choose one of these words.' : `Did you mean ${JSON.stringify(meant)}?`;
  }
  const shown = node?.examples ?? (node?.default === undefined || node.default === '' ? [] : [node.default]);
  const key = String([...path].reverse().find((segment) => typeof segment === 'string') ?? '');
  if (shown.length > 0)
    return `Write for example ${key}: ${shown.map((value) => JSON.stringify(value)).join(' or ')}.`;
  if (node?.description !== undefined) return `${key}: ${node.description}`;
  const names = knownNames(schema, path);
  return names.length > 0 ? `Members here: ${names.join(', ')}.` : 'See docs/configuration.md.';
}

function unknownName(schema: JsonSchemaNode, path: readonly PropertyKey[], name: string): Finding {
  const names = knownNames(schema, path);
  const meant = nearest(name, names);
  return {
    path: [...path, name],
    message: `unknown key ${quote(name)}`,
    remedy: meant === undefined ? `Known here: ${names.join(', ')}.` : `Did you mean ${quote(meant)}?`,
    name: true,
  };
}

/** The issues of the one alternative of a union that the input was meant for, or undefined where none shows it. */
function meantAlternative(
  issue: Issue & { code: 'invalid_union' },
  input: unknown,
): readonly Issue[] | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  return issue.errors.find(
    (issues) =>
      !issues.some((inner) => inner.code === 'invalid_type' && inner.path.length === 0) &&
      issues.some((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
  );
}

/** The issues of zod as findings: one for each unknown key, and those inside a union's alternative in its place. */
export function findingsOf(
  issues: readonly Issue[],
  document: unknown,
  schema: JsonSchemaNode,
  base: readonly PropertyKey[] = [],
): readonly Finding[] {
  return issues.flatMap((issue): readonly Finding[] => {
    const path = [...base, ...issue.path];
    const input = valueAt(document, path);
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownName(schema, path, key));
    if (issue.code === 'invalid_union') {
      const inner = meantAlternative(issue, input);
      if (inner !== undefined) return findingsOf(inner, document, schema, path);
    }
    if (issue.code === 'invalid_key') {
      return [
        {
          path,
          message: issue.issues[0]?.message ?? issue.message,
          remedy: remedyOf(schema, path, issue, input),
          name: true,
        },
      ];
    }
    return [{ path, message: issue.message, remedy: remedyOf(schema, path, issue, input), name: false }];
  });
}
