import type { Socket } from 'node:net';
import { encodeFrame, type Frame, OPCODE } from './ws-frames.ts';

/**
 * How a provider acts: called when the socket is open; the result is called with each frame of the client.
 *
 * @param write sends bytes as they are
 */
export type Behaviour = (write: (bytes: Buffer) => void, socket: Socket) => (frame: Frame) => void;

/** The text of the greeting. */
export const GREETING = '{"type":"session.created"}';
/** The text of the message whose frame comes in two halves. */
export const LONG_TEXT = `{"type":"response.output_text.delta","delta":"${'x'.repeat(2_000)}"}`;
/** What was sent of a message that never ends. */
export const FRAGMENT = '{"type":"response.output_text.delta","delta":"';
/** The same, cut behind the first of the three bytes of a character. */
export const CUT_FRAGMENT = Buffer.concat([Buffer.from(FRAGMENT), Buffer.from('€').subarray(0, 1)]);

/** How long a provider leaves TCP open behind its Close. */
export const LINGER_MILLISECONDS = 500;

/** How many messages, and of how many bytes each, a provider sends at once. */
export const FLOOD_MESSAGES = 50;
export const FLOOD_BYTES = 1_000_000;

const FLOOD_FRAME = encodeFrame({ opcode: OPCODE.text, payload: Buffer.alloc(FLOOD_BYTES, 'x') });
const DELTA = encodeFrame({
  opcode: OPCODE.text,
  payload: '{"type":"response.output_text.delta","delta":"x"}',
});
const DELTA_INTERVAL_MS = 2;

/** Answers Ping and Close as every server must, and nothing else. */
function polite(write: (bytes: Buffer) => void, socket: Socket): (frame: Frame) => void {
  return ({ opcode, payload }) => {
    if (opcode === OPCODE.ping) write(encodeFrame({ opcode: OPCODE.pong, payload }));
    if (opcode !== OPCODE.close) return;
    write(encodeFrame({ opcode: OPCODE.close, payload }));
    setTimeout(() => socket.end(), LINGER_MILLISECONDS);
  };
}

/** Says something first and is polite then. */
function saying(bytes: Buffer): Behaviour {
  return (write, socket) => {
    write(bytes);
    return polite(write, socket);
  };
}

/** The providers that a blocked message can meet, by the value of the header `x-behaviour`. */
export const BEHAVIOURS: ReadonlyMap<string, Behaviour> = new Map<string, Behaviour>([
  ['silent', polite],
  ['greeting', saying(encodeFrame({ opcode: OPCODE.text, payload: GREETING }))],
  ['fragmented', saying(encodeFrame({ fin: false, opcode: OPCODE.text, payload: FRAGMENT }))],
  ['cut-character', saying(encodeFrame({ fin: false, opcode: OPCODE.text, payload: CUT_FRAGMENT }))],
  [
    'deltas',
    (write, socket) => {
      const timer = setInterval(() => write(DELTA), DELTA_INTERVAL_MS);
      socket.on('close', () => clearInterval(timer));
      return polite(write, socket);
    },
  ],
  [
    'mid-frame',
    (write, socket) => {
      const whole = encodeFrame({ opcode: OPCODE.text, payload: LONG_TEXT });
      const half = whole.length >> 1;
      write(whole.subarray(0, half));
      let rest: Buffer | undefined = whole.subarray(half);
      const answer = polite(write, socket);
      return (frame) => {
        // The frame has to be finished before anything else can be said.
        if (rest !== undefined) write(rest);
        rest = undefined;
        answer(frame);
      };
    },
  ],
  // Nothing is ever read.
  [
    'stalled',
    (_write, socket) => {
      socket.pause();
      return () => {};
    },
  ],
  // The first message is answered with many large ones, however fast they are read.
  [
    'flood',
    (write) => {
      let due = FLOOD_MESSAGES;
      return ({ opcode }) => {
        if (opcode !== OPCODE.text) return;
        for (; due > 0; due--) write(FLOOD_FRAME);
      };
    },
  ],
  // The connection is cut at the first frame.
  ['vanishing', (_write, socket) => () => socket.destroy()],
  // Neither Ping nor Close is answered.
  ['mute', () => () => {}],
]);
