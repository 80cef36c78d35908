import { totalmem } from 'node:os';
import type { Settings } from './schema.ts';
import { formatBytes } from './values.ts';

/** Bytes that the process may use: the limit of its container where there is one, else the machine's memory. */
export function processMemory(): number {
  const machine = totalmem();
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < machine ? constrained : machine;
}

/** What the process needs beside bodies (measured: 150 MiB at rest), so that a percentage suits small containers too. */
const OWN_MEMORY = 192 * 1024 * 1024;

/**
 * `limits.held_total` in bytes, where the process may use `memory` bytes. A percentage is of what is left beside the
 * process's own needs. A body that is put together, judged, edited and sent on is in memory about twice (measured with
 * 200 bodies of 32 MiB at once), so that no more than 45 % is safe.
 */
export function heldTotalBytes(limits: Settings['limits'], memory: number): number {
  const { held_total: amount } = limits;
  return amount.kind === 'bytes'
    ? amount.bytes
    : Math.floor((Math.max(0, memory - OWN_MEMORY) * amount.percent) / 100);
}

/** A percentage is only known on the machine: says where it leaves too little for one body of the largest size. */
export function heldTotalWarning(limits: Settings['limits'], memory: number): string | undefined {
  const held = heldTotalBytes(limits, memory);
  if (held >= limits.body) return undefined;
  return (
    `limits.held_total is ${formatBytes(held)} of the ${formatBytes(memory)} that this process may use, less than ` +
    `limits.body (${formatBytes(limits.body)}): bodies above it get 503. Give more memory or lower limits.body.`
  );
}
