import { write, writeSync } from 'node:fs';

/** Characters of lines that are gathered before they are written: one write for some eighty decisions. */
const writeAt = 64 * 1024;

/** A line waits at most this long, milliseconds. */
const longestWait = 200;

/** Characters of lines that may wait for a reader who does not read; further lines are dropped and counted. */
const longestQueue = 16 * 1024 * 1024;

/** The reader takes nothing now (EAGAIN): when to try again, milliseconds. */
const retryAfter = 20;

/**
 * Writes log lines to a file descriptor off the path of a message: gathered, and in one write at a time. A reader that
 * does not read costs a bounded amount of memory and never stops the process; what is lost to it is said in the log.
 */
export class LogOutput {
  readonly #descriptor: number;
  #lines: string[] = [];
  #length = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What is being written. */
  #writing: Buffer | undefined;
  /** The reader is gone for good. */
  #broken = false;
  #onIdle: (() => void)[] = [];
  readonly #atExit = (): void => this.flushSync();

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    process.once('exit', this.#atExit);
  }

  /** Takes one line with its end. */
  write(line: string): void {
    if (this.#broken) return;
    if (this.#length + line.length > longestQueue) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= writeAt) this.#flush();
    else this.#timer ??= setTimeout(() => this.#timeUp(), longestWait).unref();
  }

  /** Writes what waits before it returns, for the end of the process. A reader that takes nothing more loses it. */
  flushSync(): void {
    let rest = this.#take();
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#descriptor, rest));
    } catch {
      // Nobody is left to be told.
    }
  }

  /** Resolves when everything is written. No line may follow. */
  async close(): Promise<void> {
    process.off('exit', this.#atExit);
    clearTimeout(this.#timer);
    this.#flush();
    if (this.#writing !== undefined) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  #timeUp(): void {
    this.#timer = undefined;
    this.#flush();
  }

  #flush(): void {
    if (this.#writing !== undefined || this.#length === 0) return;
    this.#continue(this.#take());
  }

  /** Everything that waits. */
  #take(): Buffer {
    if (this.#dropped > 0) {
      const text = 'log lines were dropped: the reader of standard output did not read them';
      const line = { level: 'warn', time: new Date().toISOString(), dropped: this.#dropped, msg: text };
      this.#lines.push(`${JSON.stringify(line)}\n`);
      this.#dropped = 0;
    }
    const bytes = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    this.#length = 0;
    return bytes;
  }

  #continue(bytes: Buffer): void {
    this.#writing = bytes;
    write(this.#descriptor, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null || error === undefined) this.#wrote(bytes.subarray(written));
      else if (error.code === 'EAGAIN') setTimeout(() => this.#continue(bytes), retryAfter);
      else {
        this.#broken = true;
        this.#lines = [];
        this.#length = 0;
        this.#idle();
      }
    });
  }

  #wrote(rest: Buffer): void {
    if (rest.length > 0) this.#continue(rest);
    else if (this.#length >= writeAt || this.#onIdle.length > 0) {
      this.#writing = undefined;
      this.#flush();
      if (this.#writing === undefined) this.#idle();
    } else this.#idle();
  }

  #idle(): void {
    this.#writing = undefined;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
