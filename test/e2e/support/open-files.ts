import { readFileSync } from 'node:fs';

/** Files that this process, and those that it starts, may have open. Node raises it to the hard limit. Linux only. */
export function openFilesLimit(): number {
  const line = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line?.[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line?.[1] ?? 0);
}
