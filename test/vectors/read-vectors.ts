import { readFileSync } from 'node:fs';

/** What a case expects of a judgement. */
export interface Expectation {
  readonly action: string | null;
  readonly code?: string;
  readonly message?: string;
  readonly output?: string;
  readonly tier_requested?: string;
  readonly upstream_header_anthropic_beta?: string | null;
}

/** One case of a vector file, as far as it is judged. */
export interface VectorCase {
  readonly id: string;
  readonly kind: string;
  readonly policy: unknown;
  readonly model?: string;
  readonly scope?: string | null;
  readonly user?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly input: string;
  readonly message?: string;
  readonly expect: Expectation;
  readonly strict?: Expectation;
}

/** The cases of one vector file and kind; throws where their number is not `count`, so that none gets lost. */
export function readCases(file: 'seed' | 'companion', kind: string, count: number): readonly VectorCase[] {
  const text = readFileSync(new URL(`./${file}.json`, import.meta.url), 'utf8');
  const { cases } = JSON.parse(text) as { readonly cases: readonly VectorCase[] };
  const found = cases.filter((entry) => entry.kind === kind);
  if (found.length !== count) throw new Error(`${file}.json: ${found.length} cases of ${kind}, not ${count}`);
  return found;
}
