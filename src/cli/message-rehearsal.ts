import type { HeaderEdits } from '../dialects/types.ts';
import type { Decision } from '../exchange/decision.ts';
import type { Effect, EventContext, ExchangeEvent, ImmediateReply } from '../exchange/events.ts';
import { createSocketExchangeFactory } from '../exchange/socket/exchange.ts';
import { heldBudget } from '../extproc/held-budget.ts';
import { createRandomSource } from '../extproc/random-source.ts';
import { ClientReader } from '../websocket/client-reader.ts';
import { encodeMasked } from '../websocket/encode.ts';
import { OPCODE, readFrameHead } from '../websocket/frame-head.ts';
import { metadataFor, type Rehearsal, type RehearsalInput, settingsFor } from './rehearsal.ts';

const NO_CONTEXT: EventContext = { attributes: new Map(), dynamicMetadata: new Map() };
const NO_BYTES = new Uint8Array(0);

/** Both ways can speak at any time, so that what a client is told comes at once. */
const MODES = {
  request: 'FULL_DUPLEX_STREAMED',
  response: 'FULL_DUPLEX_STREAMED',
  sendBodyWithoutWaiting: false,
} as const;

/**
 * Runs one message through the exchange of the service, on a socket of its own.
 *
 * @param capturedModel what the socket has captured before; undefined for a new one
 */
export function rehearseMessage(input: RehearsalInput, capturedModel: string | undefined): Rehearsal {
  const randomBytes = createRandomSource();
  const settings = settingsFor(input);
  const factory = createSocketExchangeFactory({
    settings,
    currentPolicy: () => input.policy,
    held: heldBudget(Number.POSITIVE_INFINITY),
    randomBytes,
  });
  const head: ExchangeEvent = {
    kind: 'headers',
    direction: 'request',
    headers: [
      { name: ':method', value: 'GET' },
      { name: ':path', value: input.path },
      { name: ':authority', value: input.authority },
      { name: 'upgrade', value: 'websocket' },
      ...input.headers,
    ],
    endOfStream: false,
    context: NO_CONTEXT,
  };
  const opening = { id: '0'.repeat(32), time: Date.now(), metadata: metadataFor(input), modes: MODES };
  const exchange = factory(opening, head, performance.now());
  const frame = (payload: Uint8Array): ExchangeEvent =>
    bodyEvent('request', encodeMasked('text', payload, randomBytes(4)));
  const before = [head, accepted(), bodyEvent('response', NO_BYTES)];
  if (capturedModel !== undefined) {
    before.push(
      frame(Buffer.from(JSON.stringify({ type: 'session.update', session: { model: capturedModel } }))),
    );
  }
  const run = (events: readonly ExchangeEvent[]): Effect[] =>
    events.flatMap((event) => [...exchange.handle(event, performance.now())]);
  const early = run(before);
  const late = run([frame(input.body)]);
  return summarize(early, late, input.body);
}

function bodyEvent(direction: 'request' | 'response', bytes: Uint8Array): ExchangeEvent {
  return { kind: 'body', direction, bytes, endOfStream: false, context: NO_CONTEXT };
}

function accepted(): ExchangeEvent {
  const headers = [{ name: ':status', value: '101' }];
  return { kind: 'headers', direction: 'response', headers, endOfStream: false, context: NO_CONTEXT };
}

function summarize(early: readonly Effect[], late: readonly Effect[], original: Buffer): Rehearsal {
  const decisions = (effects: readonly Effect[]): Decision | undefined =>
    effects.findLast((effect) => effect.kind === 'decision')?.decision;
  const immediate = [...early, ...late].find((effect) => effect.kind === 'immediate')?.response;
  const told = readTold(bytesOf(late, 'response'));
  const decision = decisions(late) ?? (immediate === undefined ? undefined : decisions(early));
  const refusal = immediate ?? (told.event === undefined ? undefined : refusalOf(told.event, decision));
  return {
    decision,
    refusal,
    closeCode: immediate === undefined ? told.closeCode : undefined,
    body: refusal?.body ?? messageOf(bytesOf(late, 'request')) ?? original,
    headerEdits: early.flatMap(editsOf),
  };
}

function editsOf(effect: Effect): readonly HeaderEdits[] {
  return effect.kind === 'reply' && 'edits' in effect.reply && effect.reply.edits !== undefined
    ? [effect.reply.edits]
    : [];
}

function bytesOf(effects: readonly Effect[], direction: 'request' | 'response'): Buffer {
  const chunks = effects.flatMap((effect) =>
    effect.kind === 'reply' && effect.reply.kind === 'chunk' && effect.reply.direction === direction
      ? [effect.reply.bytes]
      : [],
  );
  return Buffer.concat(chunks);
}

/** The payload of the message that goes upstream; undefined where none does. */
function messageOf(bytes: Buffer): Buffer | undefined {
  const reader = new ClientReader({ message: Number.MAX_SAFE_INTEGER, fragments: 1 });
  const item = reader.push(bytes).find(({ kind }) => kind === 'message');
  return item?.kind === 'message' ? item.payload : undefined;
}

/** The error event and the close code among what a client is told. */
function readTold(bytes: Buffer): {
  readonly event: Buffer | undefined;
  readonly closeCode: number | undefined;
} {
  let event: Buffer | undefined;
  let closeCode: number | undefined;
  for (let at = 0; at < bytes.length; ) {
    const head = readFrameHead(bytes, at);
    if (head === undefined) break;
    const payload = bytes.subarray(at + head.bytes, at + head.bytes + head.length);
    if (head.opcode === OPCODE.text) event = payload;
    if (head.opcode === OPCODE.close) closeCode = payload.readUInt16BE();
    at += head.bytes + head.length;
  }
  return { event, closeCode };
}

function refusalOf(event: Buffer, decision: Decision | undefined): ImmediateReply {
  const { status } = JSON.parse(event.toString()) as { readonly status: number };
  return { status, headers: [], body: event, details: `tiergate_${decision?.code ?? 'policy_violation'}` };
}
