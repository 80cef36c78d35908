import type { Environment } from '../config/environment.ts';

/** Everything of the process that a command uses, so that tests can stand in for it. */
export interface Terminal {
  readonly environment: Environment;
  readonly workingDirectory: string;
  /** Results. */
  out(text: string): void;
  /** Everything else that a person should read. */
  error(text: string): void;
  /** Reads standard input to its end. */
  readInput(): Promise<Buffer>;
  /** Calls `listener` for each request to stop; the result takes it off. */
  onStop(listener: (signal: string) => void): () => void;
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  // A reader that has seen enough (`| head`) is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  return {
    environment: process.env,
    workingDirectory: process.cwd(),
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
    readInput,
    onStop(listener) {
      for (const signal of STOP_SIGNALS) process.on(signal, listener);
      return () => {
        for (const signal of STOP_SIGNALS) process.off(signal, listener);
      };
    },
  };
}
