import type { PolicyDocument } from '../../policy/schema.ts';
import type { PlacedFault } from '../faults.ts';
import { readTextFile } from '../file/read-file.ts';
import { readPolicyText } from '../policy-text.ts';

/** Where the policy of an empty Redis comes from. */
export interface PolicySeed {
  /** `policy.file`, absolute; empty for none. */
  readonly file: string;
  /** Whether the configuration names it; an absent file that nobody named is none. */
  readonly named: boolean;
}

/** What the file says. */
export type SeedReading =
  | { readonly kind: 'document'; readonly document: PolicyDocument }
  | { readonly kind: 'none' }
  | { readonly kind: 'faults'; readonly faults: readonly PlacedFault[] };

/** Reads `policy.file`. */
export async function readSeed({ file, named }: PolicySeed, scopes: readonly string[]): Promise<SeedReading> {
  if (file === '') return { kind: 'none' };
  const content = await readTextFile(file);
  if (content.kind === 'fault') return { kind: 'faults', faults: [content.fault] };
  if (content.kind === 'absent') {
    if (!named) return { kind: 'none' };
    const remedy = 'Put the policy file there, save a policy, or correct policy.file in the configuration.';
    const message = 'there is no such file, and Redis holds no policy';
    return { kind: 'faults', faults: [{ file, path: '', message, remedy }] };
  }
  const reading = readPolicyText(content.text, file, scopes);
  return reading.ok
    ? { kind: 'document', document: reading.document }
    : { kind: 'faults', faults: reading.faults };
}
