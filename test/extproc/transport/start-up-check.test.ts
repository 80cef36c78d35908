import { describe, expect, it } from 'vitest';
import {
  connectionWindow,
  raiseConnectionWindows,
  raiseResetLimit,
  raiseStreamLimits,
} from '../../../src/extproc/transport/http2-limits.ts';
import { checkTransport } from '../../../src/extproc/transport/start-up-check.ts';

const belts = {
  resetLimit: raiseResetLimit,
  streamLimits: raiseStreamLimits,
  connectionWindows: raiseConnectionWindows,
};
const off = (): void => undefined;

describe('the start-up check', () => {
  it('passes on the Node that the project brings', async () => {
    await expect(checkTransport()).resolves.toBeUndefined();
  });

  it('fails without the reset limit, and names the Node to use', async () => {
    const check = checkTransport({ ...belts, resetLimit: off });
    await expect(check).rejects.toThrow(
      /drops an HTTP\/2 connection after 1,000 stream resets.*22\.23.*24\.21/,
    );
  });

  it.each([
    ['streams', { ...belts, streamLimits: off }],
    ['connections', { ...belts, connectionWindows: off }],
  ])('fails without the windows of %s', async (_name, without) => {
    await expect(checkTransport(without)).rejects.toThrow('windows cannot be raised');
  });

  it('proves windows that hold a body of megabytes', () => {
    expect(connectionWindow).toBeGreaterThanOrEqual(16 * 1024 * 1024);
  });
});
