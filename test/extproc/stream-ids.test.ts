import { expect, it } from 'vitest';
import { createIdSource } from '../../src/extproc/stream-ids.ts';

it('gives 32 hex digits, never the same twice, over many refills and from two sources', () => {
  const sources = [createIdSource(), createIdSource()];
  const ids = new Set<string>();
  for (let i = 0; i < 2_000; i += 1) for (const next of sources) ids.add(next());
  expect(ids.size).toBe(4_000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
});
