import { randomUUID } from 'node:crypto';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Permissions of a file that did not exist before. */
const NEW_FILE_MODE = 0o644;

async function modeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).mode & 0o777;
  } catch {
    return NEW_FILE_MODE;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, 'r');
  await handle.sync();
}

/**
 * Replaces a file whole: a reader, and a machine that fails at any moment, sees the old content or the new one.
 *
 * @param beforeRename runs when the new content is safe on the disk and not yet in place; a throw leaves the old file
 */
export async function writeAtomically(
  file: string,
  text: string,
  beforeRename: () => Promise<void> = async () => {},
): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    {
      await using handle = await open(temporary, 'wx', await modeOf(file));
      await handle.writeFile(text);
      await handle.sync();
    }
    await beforeRename();
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncDirectory(dirname(file));
}
