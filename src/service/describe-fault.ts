/** A fault without its message, which can hold parts of a request. */
export function describeFault(fault: unknown): Record<string, unknown> {
  if (!(fault instanceof Error)) return { type: typeof fault };
  const stack = fault.stack?.split('\n').filter((line) => line.startsWith('    at '));
  return { type: fault.name, code: (fault as NodeJS.ErrnoException).code, stack };
}
