import { z } from 'zod';

/** Bytes in one unit of a size. Decimal units are refused: `64MB` and `64MiB` differ by 5 %, and Envoy counts in binary ones. */
const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Milliseconds in one unit of a duration. */
const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

const SIZE = /^(\d{1,12})(KiB|MiB|GiB)?$/;
const DURATION = /^(\d{1,9})(ms|s|m|h)$/;
const PERCENT = /^(\d{1,3})%$/;
const HOST_AND_PORT = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

/** Where a server listens. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** An amount of memory: fixed, or a share of what the process may use. */
export type MemoryAmount =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'percent'; readonly percent: number };

function unitsOf(text: string, pattern: RegExp, units: Readonly<Record<string, number>>): number {
  const [, digits, unit] = pattern.exec(text) ?? [];
  return Number(digits) * (units[unit ?? ''] ?? Number.NaN);
}

const SIZE_MESSAGE = 'must be a size: a number of bytes, or a number with KiB, MiB or GiB';
const AMOUNT_MESSAGE = 'must be a size (a number with KiB, MiB or GiB) or a percentage of the memory (40%)';

/** A size in bytes: `64MiB`, `512KiB`, or a plain number of bytes. */
export const size = z
  .union([z.int().min(1), z.string().regex(SIZE, SIZE_MESSAGE)], { error: SIZE_MESSAGE })
  .transform((value) => (typeof value === 'number' ? value : unitsOf(value, SIZE, SIZE_UNITS)));

/** A time: `500ms`, `30s`, `5m`, `1h`; given on in milliseconds. */
export const duration = z
  .string({ error: 'must be a time with its unit: ms, s, m or h' })
  .regex(DURATION, { error: 'must be a time with its unit: ms, s, m or h' })
  .transform((value) => unitsOf(value, DURATION, DURATION_UNITS));

/** A size, or a percentage of the memory that the process may use. */
export const memoryAmount = z
  .union([z.int().min(1), z.string().regex(SIZE), z.string().regex(PERCENT)], { error: AMOUNT_MESSAGE })
  .refine((value) => {
    const percent = PERCENT.exec(String(value))?.[1];
    return percent === undefined || (Number(percent) >= 1 && Number(percent) <= 90);
  }, 'must be between 1% and 90% of the memory')
  .transform((value): MemoryAmount => {
    if (typeof value === 'number') return { kind: 'bytes', bytes: value };
    const percent = PERCENT.exec(value)?.[1];
    return percent === undefined
      ? { kind: 'bytes', bytes: unitsOf(value, SIZE, SIZE_UNITS) }
      : { kind: 'percent', percent: Number(percent) };
  });

/** Reads `host:port` (an IPv6 host in brackets); undefined where it is none, or the port is above 65535. */
function tcpAddress(text: string): ListenAddress | undefined {
  const [, host, digits] = HOST_AND_PORT.exec(text) ?? [];
  const port = Number(digits);
  if (host === undefined || port > 65_535) return undefined;
  return { kind: 'tcp', host: host.replace(/^\[|\]$/g, ''), port };
}

const UNIX_PREFIX = 'unix:';

function unixAddress(text: string): ListenAddress | undefined {
  const path = text.startsWith(UNIX_PREFIX) ? text.slice(UNIX_PREFIX.length) : '';
  return path.startsWith('/') ? { kind: 'unix', path } : undefined;
}

/** `host:port` or `unix:/absolute/path`. */
export const grpcAddress = z
  .string()
  .refine((text) => (unixAddress(text) ?? tcpAddress(text)) !== undefined, {
    error: 'must be host:port (0.0.0.0:50051 for every interface) or unix:/absolute/path',
  })
  .transform((text): ListenAddress => unixAddress(text) ?? tcpAddress(text) ?? z.NEVER);

/** `host:port`, or `off`, which is undefined further on. */
export const opsAddress = z
  .string({ error: 'must be host:port or "off"' })
  .refine((text) => text === 'off' || tcpAddress(text) !== undefined, {
    error: 'must be host:port (0.0.0.0:9090 for every interface) or "off"',
  })
  .transform((text) => {
    const address = text === 'off' ? undefined : tcpAddress(text);
    return address?.kind === 'tcp' ? address : undefined;
  });

/** Bytes as a person writes them, for messages: `64MiB`, `1.5GiB`, `812 bytes`. */
export function formatBytes(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const amount = bytes / (SIZE_UNITS[unit] ?? 1);
    if (amount >= 1) return `${Number(amount.toFixed(1))}${unit}`;
  }
  return `${bytes} bytes`;
}
