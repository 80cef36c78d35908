import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type FilePolicyStoreOptions, openFilePolicyStore } from '../../../src/storage/file/policy-store.ts';
import type { PolicyStore } from '../../../src/storage/policy-store.ts';

/** An empty directory that goes with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tiergate-store-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes a value as a JSON file, and returns its path. */
export function writeJson(file: string, value: unknown): string {
  writeFileSync(file, `${JSON.stringify(value)}\n`);
  return file;
}

/** Opens a store that is closed with the test; not watching unless told to. */
export async function openStore(
  options: Partial<FilePolicyStoreOptions> & Pick<FilePolicyStoreOptions, 'file'>,
): Promise<PolicyStore> {
  const store = await openFilePolicyStore({
    named: true,
    cache: '',
    onUnavailable: 'closed',
    scopes: ['team-a'],
    ...options,
  });
  onTestFinished(() => store.close());
  return store;
}
