import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDirection } from '../../../src/exchange/direction/table.ts';
import type { BodyMode, Reply } from '../../../src/exchange/events.ts';

/** One thing that a user of a direction does, or that Envoy sends. */
type Step =
  | { readonly kind: 'headers' | 'chunk'; readonly size: number; readonly endOfStream: boolean }
  | { readonly kind: 'trailers' | 'end' | 'edit' | 'annotate' | 'ask' }
  | { readonly kind: 'send' | 'echo'; readonly size: number };

/** Envoy's side of one direction, written from its rules alone: it says what is wrong with a reply. */
class Checker {
  readonly #mode: BodyMode;
  #waiting: string[] = [];
  #chunkSent = false;
  #headersSent = false;
  #headersOnly = false;
  #headersAnswered = false;
  #trailersSent = false;
  #over = false;

  constructor(mode: BodyMode) {
    this.#mode = mode;
  }

  sent(kind: string, endOfStream: boolean): void {
    this.#waiting.push(kind);
    if (kind === 'headers') this.#headersSent = true;
    if (kind === 'headers' && endOfStream) this.#headersOnly = true;
    if (kind === 'chunk') this.#chunkSent = true;
    if (kind === 'trailers') this.#trailersSent = true;
  }

  get unanswered(): number {
    return this.#waiting.length;
  }

  fault(reply: Reply): string | undefined {
    return this.#mode === 'FULL_DUPLEX_STREAMED' ? this.#duplexFault(reply) : this.#oneToOneFault(reply);
  }

  #oneToOneFault(reply: Reply): string | undefined {
    const due = this.#waiting.shift();
    const kind = reply.kind === 'body' ? 'chunk' : reply.kind === 'chunk' ? 'streamed' : reply.kind;
    if (due !== kind) return `${kind} where ${due} is due`;
    return reply.kind === 'body' && reply.edits !== undefined && this.#mode !== 'BUFFERED'
      ? 'edits dropped'
      : undefined;
  }

  #duplexFault(reply: Reply): string | undefined {
    if (this.#over) return 'after the end';
    if (reply.kind === 'headers') {
      if (!this.#headersSent || this.#headersAnswered) return 'unasked header reply';
      this.#headersAnswered = true;
      this.#over = this.#headersOnly;
      return undefined;
    }
    if (this.#headersSent && !this.#headersAnswered) return 'before the header reply';
    if (reply.kind === 'trailers') {
      this.#over = true;
      return this.#trailersSent ? undefined : 'unasked trailers reply';
    }
    if (reply.kind !== 'chunk') return 'not streamed';
    if (!this.#chunkSent) return 'before the first chunk';
    if (reply.bytes.length > 65_536) return 'too long';
    if (reply.endOfStream && this.#trailersSent) return 'an end beside trailers';
    this.#over = reply.endOfStream;
    return undefined;
  }
}

const size = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(65_535, 65_536, 65_537, 200_000));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('chunk' as const), size, endOfStream: fc.boolean() }),
  fc.record({
    kind: fc.constantFrom('trailers' as const, 'end' as const, 'edit' as const, 'annotate' as const),
  }),
  fc.record({ kind: fc.constant('ask' as const) }),
  fc.record({ kind: fc.constantFrom('send' as const, 'echo' as const), size }),
);
const steps = fc
  .tuple(
    fc.option(fc.record({ kind: fc.constant('headers' as const), size, endOfStream: fc.boolean() }), {
      nil: undefined,
    }),
    fc.array(step, { maxLength: 20 }),
  )
  .map(([headers, rest]): Step[] => (headers === undefined ? rest : [headers, ...rest]));

test.each(['BUFFERED', 'STREAMED', 'NONE', 'FULL_DUPLEX_STREAMED'] as const)(
  'no order of messages and calls makes %s say what Envoy would call spurious, or lose bytes',
  (mode) => {
    fc.assert(
      fc.property(steps, (given) => {
        const direction = createDirection('request', mode);
        const checker = new Checker(mode);
        const queued: Uint8Array[] = [];
        const chunks: Uint8Array[] = [];
        const released: Uint8Array[] = [];
        const open = { input: true };
        const ask = () => {
          const replies = direction.replies();
          for (const reply of replies) {
            expect(checker.fault(reply)).toBeUndefined();
            if (reply.kind === 'chunk') released.push(reply.bytes);
            if (reply.kind !== 'body') continue;
            const chunk = chunks.shift() ?? new Uint8Array(0);
            if (reply.body.kind === 'keep') released.push(chunk);
            if (reply.body.kind === 'replace') released.push(reply.body.bytes);
          }
          if (direction.kind === 'one_to_one') expect(checker.unanswered).toBe(0);
        };
        const send = (bytes: Uint8Array) => {
          direction.send(bytes);
          queued.push(bytes);
        };
        try {
          for (const one of given) {
            if (one.kind === 'headers' || one.kind === 'chunk') {
              if (!open.input) continue;
              open.input = !one.endOfStream;
              checker.sent(one.kind, one.endOfStream);
              if (one.kind === 'headers') direction.headers(one.endOfStream);
              else {
                chunks.push(new Uint8Array(one.size).fill(chunks.length + 1));
                direction.chunk(chunks.at(-1) ?? new Uint8Array(0), one.endOfStream);
              }
            } else if (one.kind === 'trailers') {
              if (!open.input) continue;
              open.input = false;
              checker.sent('trailers', false);
              direction.trailers();
            } else if (one.kind === 'send') send(new Uint8Array(one.size).fill(9));
            else if (one.kind === 'echo') send(chunks.at(-1) ?? new Uint8Array(0));
            else if (one.kind === 'end') direction.end();
            else if (one.kind === 'edit' && direction.canEdit) {
              direction.edit({ remove: ['x'], set: [], append: [] });
            } else if (one.kind === 'annotate') direction.annotate({ a: 1 });
            else ask();
          }
          ask();
        } catch (fault) {
          // What cannot be carried any more is refused aloud; nothing spurious came before it.
          if (!/after the end|no reply is left/.test(String(fault))) throw fault;
          return;
        }
        const sent = Buffer.concat(queued);
        const out = Buffer.concat(released);
        expect(out.equals(sent.subarray(0, out.length))).toBe(true);
        if (direction.canSend) expect(out.length).toBe(sent.length);
      }),
      { numRuns: 2000 },
    );
  },
);
