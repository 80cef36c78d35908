import { execFile } from 'node:child_process';

/** How a short-lived command ended. `code` is undefined where it could not be started at all (not found, not allowed). */
export interface CommandResult {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command to its end without a shell and collects what it wrote (at most 16 MiB).
 *
 * @param timeout milliseconds after which the command is killed; the result then has a code other than 0
 */
export function runCommand(
  command: string,
  args: readonly string[],
  timeout = 300_000,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { timeout, maxBuffer: 16 * 1024 * 1024, encoding: 'utf8' },
      (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, stdout, stderr });
        else if (typeof error.code === 'string')
          resolve({ code: undefined, stdout, stderr: stderr || error.message });
        else resolve({ code: error.code ?? 1, stdout, stderr });
      },
    );
  });
}
