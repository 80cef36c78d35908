import { totalmem } from 'node:os';
import type { Settings } from './schema.ts';
import { formatBytes } from './values.ts';

/** Bytes that the process may use: the limit of its container where there is one, else the machine's memory. */
export function processMemory(): number {
  const machine = totalmem();
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < machine ? constrained : machine;
}

/** `limits.held_total` in bytes, where the process may use `memory` bytes. */
export function heldTotalBytes(limits: Settings['limits'], memory: number): number {
  const { held_total: amount } = limits;
  return amount.kind === 'bytes' ? amount.bytes : Math.floor((memory * amount.percent) / 100);
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
