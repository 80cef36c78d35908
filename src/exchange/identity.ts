import type { HeaderLine } from '../dialects/types.ts';
import type { AskedScope } from '../policy/types.ts';
import { credentialShape } from './credential.ts';
import type { EventContext, Opening } from './events.ts';
import type { IdentitySettings, IdentitySource } from './settings.ts';

/** Where identity is looked for. Headers count only through sources that the operator configured. */
export interface IdentityInput {
  readonly metadata: Opening['metadata'];
  readonly context: EventContext;
  readonly headers: readonly HeaderLine[];
}

/** Scope and user of a request, with the name of the source that told the scope (never its value). */
export interface Identity {
  readonly scope: AskedScope;
  readonly scopeEvidence: string;
  readonly user: string | undefined;
}

/** What one source says; `disagrees`: it says two different things, and so it cannot be told. */
type Finding =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'disagrees' };

const NOTHING: Finding = { kind: 'nothing' };
const DISAGREES: Finding = { kind: 'disagrees' };

/**
 * Scope and user from the configured sources, in order; the first that says something decides (design 4.7).
 * Evidence that disagrees is not skipped: the value then cannot be told, and no default takes its place.
 */
export function identify(settings: IdentitySettings, input: IdentityInput): Identity {
  const scope = firstFinding(settings.scope.sources, input);
  const user = firstFinding(settings.user.sources, input);
  return {
    ...readScope(scope, settings.scope.default),
    user: user.finding.kind === 'value' ? user.finding.value : undefined,
  };
}

function readScope(found: Found, fallback: string | undefined): Pick<Identity, 'scope' | 'scopeEvidence'> {
  const { finding, evidence } = found;
  if (finding.kind === 'value')
    return { scope: { kind: 'known', name: finding.value }, scopeEvidence: evidence };
  if (finding.kind === 'disagrees') {
    return { scope: { kind: 'untold' }, scopeEvidence: `${evidence} disagrees` };
  }
  if (fallback === undefined) return { scope: { kind: 'untold' }, scopeEvidence: 'none' };
  return { scope: { kind: 'known', name: fallback }, scopeEvidence: 'default' };
}

interface Found {
  readonly finding: Finding;
  readonly evidence: string;
}

function firstFinding(sources: readonly IdentitySource[], input: IdentityInput): Found {
  for (const source of sources) {
    const finding = translate(look(source, input), source.map);
    if (finding.kind !== 'nothing') return { finding, evidence: evidenceName(source) };
  }
  return { finding: NOTHING, evidence: 'none' };
}

function translate(finding: Finding, map: IdentitySource['map']): Finding {
  if (finding.kind !== 'value' || map === undefined) return finding;
  const value = Object.hasOwn(map, finding.value) ? map[finding.value] : undefined;
  return value === undefined ? NOTHING : { kind: 'value', value };
}

function look(source: IdentitySource, input: IdentityInput): Finding {
  switch (source.kind) {
    case 'metadata':
      return one(input.metadata.get(source.key));
    case 'attribute':
      return one(input.context.attributes.get(source.expression));
    case 'dynamic_metadata':
      return one(input.context.dynamicMetadata.get(source.namespace)?.get(source.key));
    case 'header':
      return agreeing(
        input.headers.filter((line) => line.name === source.name).map((line) => textOf(line.value)),
      );
    case 'credential_shape': {
      const shape = credentialShape(input.headers);
      if (shape === 'disagrees') return DISAGREES;
      return one(shape);
    }
  }
}

function one(value: string | undefined): Finding {
  const trimmed = value?.trim();
  return trimmed === undefined || trimmed === '' ? NOTHING : { kind: 'value', value: trimmed };
}

/** A header value as text: policies name users in UTF-8. */
function textOf(value: string): string {
  return Buffer.from(value, 'latin1').toString();
}

/** Several lines of a header count only where all say the same: one of them may be the client's. */
function agreeing(values: readonly string[]): Finding {
  const first = values[0];
  if (first === undefined) return NOTHING;
  return values.every((value) => value.trim() === first.trim()) ? one(first) : DISAGREES;
}

function evidenceName(source: IdentitySource): string {
  switch (source.kind) {
    case 'metadata':
      return `metadata:${source.key}`;
    case 'attribute':
      return `attribute:${source.expression}`;
    case 'dynamic_metadata':
      return `dynamic_metadata:${source.namespace}:${source.key}`;
    case 'header':
      return `header:${source.name}`;
    case 'credential_shape':
      return 'credential_shape';
  }
}
