import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a case expects. `output` is absent with `refuse`; `same` means byte for byte as sent. */
export interface Expectation {
  readonly action: 'pass' | 'filter' | 'block' | 'force' | 'refuse';
  readonly output?: string;
  readonly message?: string;
  readonly code?: string;
}

/** A case of the vectors that is one HTTP request. */
export interface BodyCase {
  readonly id: string;
  readonly kind: 'body' | 'rule' | 'refused_body' | 'anthropic_fast_mode';
  readonly policy: unknown;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly scope?: string | null;
  readonly user?: string;
  readonly input: string;
  readonly expect: Expectation;
  /** Where it differs under `strict`. */
  readonly strict?: Expectation;
}

const KINDS: readonly string[] = ['body', 'rule', 'refused_body', 'anthropic_fast_mode'];

function casesOf(file: string): BodyCase[] {
  const path = join(import.meta.dirname, '../../vectors', file);
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: BodyCase[] };
  return cases.filter(({ kind }) => KINDS.includes(kind));
}

/** Every case of the vectors that is one HTTP request, those with the same policy together. */
export function bodyCasesByPolicy(): ReadonlyMap<string, readonly BodyCase[]> {
  const groups = new Map<string, BodyCase[]>();
  for (const one of [...casesOf('seed.json'), ...casesOf('companion.json')]) {
    const policy = JSON.stringify(one.policy);
    const group = groups.get(policy) ?? [];
    group.push(one);
    groups.set(policy, group);
  }
  return groups;
}
