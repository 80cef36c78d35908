import type { Writable } from 'node:stream';
import * as ws from 'ws';

/** The frame reader of the `ws` package: it is exported, but its types do not know it. */
const { Receiver } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; maxPayload: number }) => Writable;
};

/** What the `ws` package makes of some bytes. */
export interface Heard {
  /** Messages, Pings, Pongs and the Close in their order, in the form of `told`. */
  readonly events: readonly string[];
  /** The code of its error, where there was one. */
  readonly error: string | undefined;
}

/** One event in a form that both sides can make. */
export function told(kind: string, payload: Uint8Array | number | undefined): string {
  return payload instanceof Uint8Array
    ? `${kind} ${Buffer.from(payload).toString('hex')}`
    : `${kind} ${payload}`;
}

/** Lets the `ws` package read the chunks as a server (masked frames) or as a client does. */
export function hear(
  side: 'server' | 'client',
  chunks: readonly Uint8Array[],
  maxPayload = 1_000_000,
): Heard {
  const receiver = new Receiver({ isServer: side === 'server', maxPayload });
  const events: string[] = [];
  let concluded = false;
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    events.push(told(isBinary ? 'binary' : 'text', data));
  });
  receiver.on('ping', (data: Buffer) => events.push(told('ping', data)));
  receiver.on('pong', (data: Buffer) => events.push(told('pong', data)));
  receiver.on('conclude', (code: number) => {
    concluded = true;
    events.push(told('close', code === 1005 ? undefined : code));
  });
  receiver.on('error', () => {});
  for (const chunk of chunks) {
    if (concluded || receiver.errored !== null) break;
    // It unmasks in place.
    receiver.write(Buffer.from(chunk));
  }
  const error = receiver.errored as (Error & { code?: string }) | null;
  return { events, error: error?.code };
}
