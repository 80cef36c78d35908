import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
process.on('exit', () => {
  // The last resort where this process ends without having cleaned up.
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Makes an empty folder that is removed at the latest when this process exits. */
export async function makeTemporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tiergate-'));
  folders.add(folder);
  return folder;
}

/** Removes a folder of {@link makeTemporaryFolder} with all that is in it. */
export async function removeTemporaryFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  folders.delete(folder);
}
