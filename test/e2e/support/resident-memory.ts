import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const SAMPLE_MILLISECONDS = 50;

/** Resident memory of a process in bytes. Linux only. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}

/** Looks at some processes from now on. @returns what ends it and gives the most that each one had, in bytes */
export function watchMemory(pids: readonly number[]): () => Promise<readonly number[]> {
  const most = pids.map(residentBytes);
  let watching = true;
  const look = (): void => {
    pids.forEach((pid, index) => {
      most[index] = Math.max(most[index] ?? 0, residentBytes(pid));
    });
  };
  const watch = (async () => {
    while (watching) {
      look();
      await delay(SAMPLE_MILLISECONDS);
    }
  })();
  return async () => {
    watching = false;
    await watch;
    look();
    return most;
  };
}
