import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { run } from '../../src/cli/run.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** A terminal in a directory of its own. */
export interface TestTerminal extends Terminal {
  readonly directory: string;
  /** What standard input holds. */
  input: string | Buffer;
  /** Standard output so far. */
  readonly output: string;
  /** Standard error so far. */
  readonly errors: string;
  /** Variables that the command sees. */
  readonly environment: Record<string, string>;
  write(name: string, content: unknown): string;
  /** Sends a signal to the running command. */
  signal(name: string): void;
  /** Waits until standard error holds a text. */
  untilError(part: string): Promise<void>;
  /** Runs a command line; output and errors start empty. */
  run(...args: string[]): Promise<number>;
}

/** Makes a terminal; its directory goes with the test. */
export function testTerminal(): TestTerminal {
  const directory = mkdtempSync(join(tmpdir(), 'tiergate-cli-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  let output = '';
  let errors = '';
  const listeners = new Set<(signal: string) => void>();
  const waiting = new Set<() => void>();
  const terminal: TestTerminal = {
    directory,
    workingDirectory: directory,
    environment: {},
    input: '',
    get output() {
      return output;
    },
    get errors() {
      return errors;
    },
    out: (text) => {
      output += text;
    },
    error: (text) => {
      errors += text;
      for (const check of waiting) check();
    },
    readInput: async () => Buffer.from(terminal.input),
    onStop: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    write(name, content) {
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      writeFileSync(join(directory, name), text);
      return name;
    },
    signal(name) {
      for (const listener of listeners) listener(name);
    },
    untilError(part) {
      return new Promise((resolve) => {
        const check = (): void => {
          if (!errors.includes(part)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      });
    },
    run(...args) {
      output = '';
      errors = '';
      return run(args, terminal);
    },
  };
  return terminal;
}
