import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VIOLATIONS } from '../../src/testkit/index.ts';

const page = readFileSync(new URL('../../docs/testkit.md', import.meta.url), 'utf8');

describe('docs/testkit.md', () => {
  it('lists the violations as the code has them', () => {
    const rows = Object.entries(VIOLATIONS).map(
      ([code, { rule, envoy }]) => `| \`${code}\` | ${rule} | ${envoy} |`,
    );
    const table = page.split('| code | the server sent | Envoy |\n|---|---|---|\n')[1]?.split('\n\n')[0];
    expect(table?.split('\n')).toEqual(rows);
  });
});
