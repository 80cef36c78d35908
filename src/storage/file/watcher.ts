import { watch } from 'node:fs';
import { dirname } from 'node:path';

/** Calls come at most this long after an event of the file system, milliseconds: a save makes several. */
const SETTLE_MILLISECONDS = 20;

/**
 * Calls `onChange` after any event in the directory of `file` and, as the events of network file systems, links
 * and swapped directories do not reach everyone, every `pollMilliseconds`. The result stops it.
 */
export function watchFile(file: string, pollMilliseconds: number, onChange: () => void): () => void {
  let settling: NodeJS.Timeout | undefined;
  const soon = (): void => {
    settling ??= setTimeout(() => {
      settling = undefined;
      onChange();
    }, SETTLE_MILLISECONDS);
  };
  const poll = setInterval(onChange, pollMilliseconds);
  poll.unref();
  let stopEvents = (): void => {};
  try {
    const watcher = watch(dirname(file), { persistent: false }, soon);
    stopEvents = () => watcher.close();
    watcher.on('error', stopEvents);
  } catch {
    // No directory yet, or no watches left in the kernel: the poll finds every change.
  }
  return () => {
    clearInterval(poll);
    clearTimeout(settling);
    stopEvents();
  };
}
