/** How a command ends; the manual lists them, and a test holds both equal. */
export const EXIT_CODES = {
  /** It did what was asked. */
  ok: 0,
  /** Faults were found, or what was asked was refused. */
  faults: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Somebody saved the policy in between. */
  conflict: 3,
  /** The service cannot start. */
  cannotStart: 4,
  /** The service was stopped before every stream had ended. */
  stoppedHard: 5,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** What each exit code means, for the help and the manual. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'faults were found, or what was asked was refused',
  2: 'the command line is wrong',
  3: 'the policy was changed by somebody else in between',
  4: 'the service cannot start',
  5: 'the service was told twice to stop, and open streams were cut',
};
