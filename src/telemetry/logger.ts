import { type DestinationStream, type Logger, pino } from 'pino';

/** Levels of `log.level`. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Names whose values never reach the log, wherever they stand up to three objects deep. Nothing of ours logs
 * headers; this is the second lock, for a careless line to come.
 */
const SECRETS = [
  'authorization',
  'Authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api-key',
  'password',
  'secret',
  'token',
];

/** Every place of SECRETS from the top level down to three objects deep, in pino's path language. */
function secretPaths(): string[] {
  return SECRETS.flatMap((name) => {
    const key = `["${name}"]`;
    return [key, `*${key}`, `*.*${key}`, `*.*.*${key}`];
  });
}

/** Bytes of log lines that are gathered before they are written: one write for about ten decisions. */
const LOG_BUFFER_BYTES = 8_192;

/** A line waits at most this long in the buffer, milliseconds. */
const LOG_FLUSH_MILLISECONDS = 200;

export interface LoggerHandle {
  readonly logger: Logger;
  /** Writes out what is buffered and stops the flush timer; resolves when it is written. */
  close(): Promise<void>;
}

/**
 * The process's logger: JSON lines on standard output, written off the path of a message.
 *
 * @param destination where lines go instead (tests, embedding); written line by line
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): LoggerHandle {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretPaths(), censor: '[redacted]' },
  };
  if (destination !== undefined) {
    return { logger: pino(options, destination), async close() {} };
  }
  const output = pino.destination({ dest: 1, sync: false, minLength: LOG_BUFFER_BYTES });
  const flush = setInterval(() => output.flush(), LOG_FLUSH_MILLISECONDS);
  flush.unref();
  return {
    logger: pino(options, output),
    close() {
      clearInterval(flush);
      return new Promise((resolve) => {
        output.flush(() => resolve());
      });
    },
  };
}
