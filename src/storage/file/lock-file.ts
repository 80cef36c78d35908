import { open, stat, unlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from './read-file.ts';

/** A save takes milliseconds; a lock of this age was left behind by a process that died. */
const STALE_MILLISECONDS = 10_000;
const RETRY_MILLISECONDS = 25;
const MAX_RETRIES = 120;

async function removeStale(lock: string): Promise<void> {
  try {
    const { mtimeMs } = await stat(lock);
    if (Date.now() - mtimeMs > STALE_MILLISECONDS) await unlink(lock);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

async function acquire(lock: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await using handle = await open(lock, 'wx');
      await handle.writeFile(`${process.pid}\n`);
      return;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST' || attempt === MAX_RETRIES) throw error;
    }
    await removeStale(lock);
    await delay(RETRY_MILLISECONDS);
  }
}

/**
 * Runs `work` while no other process that keeps to the same lock file does. Rejects where the lock cannot be had
 * within three seconds or the directory cannot be written.
 */
export async function withLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  await acquire(lock);
  try {
    return await work();
  } finally {
    await unlink(lock).catch(() => {});
  }
}
