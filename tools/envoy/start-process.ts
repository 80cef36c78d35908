import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Lines kept for each output stream; older ones are dropped, so that a chatty child cannot fill the memory. */
const KEPT_LINES = 20_000;

export interface StartOptions {
  /** Shown in errors. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process whose output is kept and that is stopped by its own handle, never by name. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  /** Lines written so far, without the line ends. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Settles when the process has ended; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  readonly running: boolean;
  /** Calls `listener` for each line of standard output that comes from now on; returns the way to stop it. */
  onLine(listener: (line: string) => void): () => void;
  /** The tail of both outputs, for error messages. */
  tail(lines?: number): string;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `patience` milliseconds; resolves when the process is gone. */
  stop(patience?: number): Promise<ProcessEnd>;
}

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  // The last resort where this process ends without having stopped its children.
  for (const child of alive) child.kill('SIGKILL');
});

/**
 * Starts a program without a shell.
 *
 * @throws Error where it cannot be started
 */
export async function startProcess(options: StartOptions): Promise<RunningProcess> {
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('close', (code, signal) => {
      alive.delete(child);
      resolve({ code, signal });
    });
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new Error(`${options.name} cannot be started (${options.command})`, { cause: error });
  }
  alive.add(child);
  const listeners = new Set<(line: string) => void>();
  const stdout = keepLines(child.stdout, listeners);
  const stderr = keepLines(child.stderr, new Set());
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;

  return {
    name: options.name,
    pid: child.pid ?? -1,
    stdout,
    stderr,
    ended,
    get running() {
      return isRunning();
    },
    onLine(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tail(lines = 30) {
      const parts = [`--- ${options.name}: standard error`, ...stderr.slice(-lines)];
      parts.push(`--- ${options.name}: standard output`, ...stdout.slice(-lines));
      return parts.join('\n');
    },
    signal(signal) {
      if (isRunning()) child.kill(signal);
    },
    async stop(patience = 10_000) {
      if (isRunning()) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), patience);
      try {
        return await ended;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function keepLines(stream: Readable, listeners: ReadonlySet<(line: string) => void>): string[] {
  const kept: string[] = [];
  createInterface({ input: stream }).on('line', (line) => {
    kept.push(line);
    if (kept.length > KEPT_LINES) kept.splice(0, KEPT_LINES / 2);
    for (const listener of listeners) listener(line);
  });
  return kept;
}
