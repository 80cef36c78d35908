import type { Fault } from '../policy/faults.ts';

/** A fault and where it stands: in a file (line and column counted from 1) or in an environment variable. */
export interface PlacedFault extends Fault {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly variable?: string;
}

function placeOf({ file, line, column, variable }: PlacedFault): string {
  if (variable !== undefined) return `${variable} `;
  if (file === undefined) return '';
  return line === undefined ? `${file}: ` : `${file}:${line}:${column ?? 1} `;
}

/** `file:line:column path: message — remedy`, on one line. */
export function formatFault(fault: PlacedFault): string {
  const path = fault.path === '' ? '' : `${fault.path}: `;
  return `${placeOf(fault)}${path}${fault.message} — ${fault.remedy}`;
}

/** All faults, a line each. */
export function formatFaults(faults: readonly PlacedFault[]): string {
  return faults.map((fault) => `${formatFault(fault)}\n`).join('');
}
