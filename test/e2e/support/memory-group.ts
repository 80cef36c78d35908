import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A control group of Linux with a limit on memory: the kernel kills what goes beyond it, as it does in a container. */
export interface MemoryGroup {
  readonly folder: string;
  /** The most memory that the group has used, bytes. */
  peak(): number;
  /** To be called when the processes in it have ended. */
  remove(): void;
}

/** Names of the two versions of control groups for the same things. */
const VERSIONS = [
  {
    root: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    swap: 'memory.memsw.limit_in_bytes',
    peak: 'memory.max_usage_in_bytes',
  },
  { root: '/sys/fs/cgroup', limit: 'memory.max', swap: 'memory.swap.max', peak: 'memory.peak' },
] as const;

/** @returns undefined where this process may not make one: no Linux, no root, or a read-only mount */
export function makeMemoryGroup(name: string, bytes: number): MemoryGroup | undefined {
  for (const version of VERSIONS) {
    const folder = join(version.root, `tiergate-test-${process.pid}-${name}`);
    try {
      mkdirSync(folder);
    } catch {
      continue;
    }
    try {
      writeFileSync(join(folder, version.limit), String(bytes));
      const swap = join(folder, version.swap);
      if (existsSync(swap)) writeFileSync(swap, version.swap === 'memory.swap.max' ? '0' : String(bytes));
      readFileSync(join(folder, version.peak));
    } catch {
      rmdirSync(folder);
      continue;
    }
    return {
      folder,
      peak: () => Number(readFileSync(join(folder, version.peak), 'utf8')),
      remove: () => rmdirSync(folder),
    };
  }
  return undefined;
}
