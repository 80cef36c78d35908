import { type DestinationStream, type Logger, pino } from 'pino';
import { LogOutput } from './log-output.ts';

/** Its file descriptor. */
const STANDARD_OUTPUT = 1;

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

/** The present time as a member of a log line. Lines of one millisecond share it. */
function timeMember(): string {
  const now = Date.now();
  if (now !== shownTime) {
    shownTime = now;
    shownMember = `,"time":"${new Date(now).toISOString()}"`;
  }
  return shownMember;
}
let shownTime = 0;
let shownMember = '';

export interface LoggerHandle {
  readonly logger: Logger;
  /** Writes out what is gathered; resolves when it is written. */
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
    timestamp: timeMember,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretPaths(), censor: '[redacted]' },
  };
  if (destination !== undefined) {
    return { logger: pino(options, destination), async close() {} };
  }
  const output = new LogOutput(STANDARD_OUTPUT);
  return { logger: pino(options, output), close: () => output.close() };
}

/**
 * The logger without redaction by name, which costs ten times what a line costs. For closed records of ours only: all
 * their members are known, and none can hold a header or a part of a body.
 */
export function withoutRedaction(logger: Logger): Logger {
  return logger.child({}, { redact: [] });
}
