import type {
  DecodeResult,
  Effect,
  Exchange,
  ExchangeEvent,
  ImmediateReply,
  Opening,
  Reply,
  SocketNote,
} from '../exchange/events.ts';
import type { ProcessingResponse } from '../gen/envoy/service/ext_proc/v3/external_processor.ts';
import { decodeMessage, decodeModes, type IncomingMessage, type MessageEvent } from './decode.ts';
import { encodeImmediate, encodeReply, replyBytes } from './encode.ts';
import { createGuard, type Guard } from './guard.ts';
import { Holdings } from './holdings.ts';
import { ReplyLedger } from './ledger.ts';
import { type EndStatus, grpcCodes, type MessageStream, type StreamReceiver } from './message-stream.ts';
import type { StreamEnd } from './observer.ts';
import { openExchange } from './opening.ts';
import type { StreamEnvironment } from './stream-environment.ts';

export type { StreamEnvironment } from './stream-environment.ts';

/** Replies with fewer bytes are not worth counting while they are queued. */
const countedReply = 16 * 1024;

const internalError: EndStatus = {
  code: grpcCodes.internal,
  details: 'tiergate: internal error, see the log of Tiergate',
};
const notClosed: EndStatus = {
  code: grpcCodes.unavailable,
  details: 'tiergate: the stream was left open after an immediate response',
};
/** Where no exchange has an answer. */
const overloadUnanswered: EndStatus = {
  code: grpcCodes.unavailable,
  details: 'tiergate: overloaded, limits.held_total is reached',
};

/** Starts the loop of one stream; see `ExtProcStream`. */
export function openStream(stream: MessageStream, environment: StreamEnvironment): StreamReceiver {
  environment.observer.opened();
  return new ExtProcStream(stream, environment);
}

/**
 * The loop of one ext_proc stream: messages become events of an exchange, its effects become replies.
 *
 * It never ends with OK before Envoy has ended its half: Envoy reads an earlier OK as "leave this request alone" and
 * sends the rest unjudged (measured on Envoy 1.36–1.40). A fault of our own ends this stream with INTERNAL and
 * nothing else. However it ends, the exchange hears of it exactly once and holds no bytes after it.
 */
class ExtProcStream implements StreamReceiver {
  readonly #stream: MessageStream;
  readonly #env: StreamEnvironment;
  readonly #guard: Guard;
  readonly #holdings: Holdings;
  /** Ends a decoding that nobody waits for any more. */
  #abort: AbortController | undefined;
  /** `answered`: an immediate response went out, and Envoy is to end the stream. */
  #state: 'open' | 'answered' | 'closed' = 'open';
  #id: string | undefined;
  #exchange: Exchange | undefined;
  #ledger: ReplyLedger | undefined;
  /** Results of decoding that came while effects were being run. */
  #waiting: ExchangeEvent[] = [];
  #cancelTimer: (() => void) | undefined;
  /** Stops the timer that the exchange asked for. */
  #cancelExchangeTimer: (() => void) | undefined;

  constructor(stream: MessageStream, environment: StreamEnvironment) {
    this.#stream = stream;
    this.#env = environment;
    this.#holdings = new Holdings(environment.held);
    this.#guard = createGuard((fault, place) => this.#fault(fault, place));
  }

  message(message: IncomingMessage): void {
    this.#guard('message', () => {
      if (this.#state !== 'open') return;
      const event = decodeMessage(message);
      this.#open(message, event);
      if (this.#ledger?.admit(event) === false) return;
      this.#advance(event);
    });
  }

  halfClosed(): void {
    this.#guard('half-close', () => {
      if (this.#state === 'closed') return;
      let status = internalError;
      try {
        this.#close('half_closed');
        status = { code: grpcCodes.ok, details: '' };
      } finally {
        this.#stream.end(status);
      }
    });
  }

  cancelled(): void {
    this.#guard('cancel', () => this.#close('cancelled'));
  }

  failed(fault: unknown, place: string): void {
    this.#guard(place, () => this.#fault(fault, place));
  }

  drained(): void {
    this.#guard('drain', () => {
      if (this.#state !== 'closed') this.#stream.resume();
    });
  }

  overloaded(): void {
    this.#guard('overload', () => {
      if (this.#state !== 'open') return;
      this.#env.observer.overloaded();
      this.#advance({ kind: 'overloaded' });
      if (this.#state === 'open') this.#end(overloadUnanswered, 'unavailable');
    });
  }

  /** Makes the exchange when the first message has come. */
  #open(message: IncomingMessage, first: MessageEvent): void {
    if (this.#exchange !== undefined) return;
    const { exchanges } = this.#env;
    const modes = decodeModes(message);
    this.#id = this.#env.newId();
    const opening: Opening = {
      id: this.#id,
      time: this.#env.wallClock(),
      metadata: this.#stream.metadata,
      modes,
    };
    if (modes !== undefined) this.#ledger = new ReplyLedger(modes);
    this.#exchange = this.#holdings.ofExchange(() =>
      openExchange(exchanges, opening, first, this.#env.now()),
    );
  }

  /** Gives the exchange an event and runs its effects, then those of decodings that were done at once. */
  #advance(event: ExchangeEvent): void {
    for (let next: ExchangeEvent | undefined = event; next !== undefined; next = this.#waiting.shift()) {
      try {
        if (this.#state === 'open') for (const effect of this.#handle(next)) this.#run(effect);
      } finally {
        this.#giveBack(next);
      }
    }
  }

  /** The bytes of a decoded body are the loop's until the exchange has seen them. */
  #giveBack(event: ExchangeEvent): void {
    if (event.kind === 'decoded' && event.result.ok) this.#env.held.give(event.result.bytes.length);
  }

  #handle(event: ExchangeEvent): readonly Effect[] {
    const exchange = this.#exchange;
    if (exchange === undefined) return [];
    return this.#holdings.ofExchange(() => exchange.handle(event, this.#env.now()));
  }

  /** Runs one effect. On a stream that has ended nothing can be sent, but decisions still count. */
  #run(effect: Effect): void {
    if (this.#state === 'closed' && effect.kind !== 'decision' && effect.kind !== 'socket') return;
    switch (effect.kind) {
      case 'socket':
        this.#tell(effect.note);
        break;
      case 'timer':
        this.#setTimer(effect.ms);
        break;
      case 'decision':
        this.#env.observer.decision(effect.decision);
        break;
      case 'reply':
        this.#ledger?.reply(effect.reply);
        this.#sendReply(effect.reply);
        break;
      case 'immediate':
        this.#answer(effect.response);
        break;
      case 'decode':
        this.#decode(effect);
        break;
      case 'look_up':
        this.#lookUp(effect);
        break;
      case 'misconfigured':
        this.#env.observer.misconfigured(effect.text);
        this.#end({ code: grpcCodes.failedPrecondition, details: effect.text }, 'misconfigured');
        break;
    }
  }

  #setTimer(ms: number | undefined): void {
    this.#cancelExchangeTimer?.();
    this.#cancelExchangeTimer =
      ms === undefined
        ? undefined
        : this.#env.startTimer(ms, () => this.#guard('timer', () => this.#advance({ kind: 'timer' })));
  }

  /** Tells of a socket; while it is open it can be ended from outside. */
  #tell(note: SocketNote): void {
    const { sockets, sessions, observer } = this.#env;
    if (note.kind === 'opened') {
      sockets.add(note.id, (cause) => this.#guard('close', () => this.#advance({ kind: 'close', cause })));
    } else if (note.kind === 'closed') sockets.delete(note.id);
    sessions.note(note);
    observer.socket(note);
  }

  /** Sends a reply. The exchange has let its bytes go, but they are held until the peer has taken them. */
  #sendReply(reply: Reply): void {
    const bytes = replyBytes(reply);
    const counted = bytes.length >= countedReply && this.#holdings.queue(bytes);
    const onSent = (): void => this.#guard('sent', () => this.#holdings.sent(bytes));
    this.#send(encodeReply(reply), counted ? onSent : undefined);
  }

  #send(message: ProcessingResponse, onSent?: () => void): void {
    if (!this.#stream.send(message, onSent)) this.#stream.pause();
  }

  #answer(reply: ImmediateReply): void {
    this.#ledger?.answer();
    this.#send(encodeImmediate(reply));
    this.#state = 'answered';
    this.#abort?.abort();
    this.#cancelTimer = this.#env.startTimer(this.#env.answeredTimeoutMs, () => {
      this.#guard('timer', () => this.#end(notClosed, 'unavailable'));
    });
  }

  #decode(job: Extract<Effect, { kind: 'decode' }>): void {
    this.#abort ??= new AbortController();
    const result = this.#env.decoder.decode(job, this.#env.held, this.#abort.signal);
    if (!(result instanceof Promise)) {
      this.#waiting.push({ kind: 'decoded', result });
      return;
    }
    result.then(
      (late) => this.#guard('decode', () => this.#decoded(late)),
      (fault) => this.failed(fault, 'decode'),
    );
  }

  #lookUp({ session, ms }: Extract<Effect, { kind: 'look_up' }>): void {
    this.#env.sessions.lookUp(this.#id ?? '', session, ms, (result) => {
      this.#guard('look-up', () => this.#advance({ kind: 'looked_up', result }));
    });
  }

  #decoded(result: DecodeResult): void {
    const event: ExchangeEvent = { kind: 'decoded', result };
    if (this.#state === 'open') this.#advance(event);
    else this.#giveBack(event);
  }

  #end(status: EndStatus, kind: StreamEnd): void {
    if (this.#state === 'closed') return;
    this.#stream.end(status);
    this.#close(kind);
  }

  #fault(fault: unknown, place: string): void {
    try {
      this.#env.observer.fault(fault, place, this.#id);
    } finally {
      try {
        this.#end(internalError, 'fault');
      } finally {
        this.#close('fault');
      }
    }
  }

  /** Tells the exchange of the end, once, and leaves nothing behind. */
  #close(kind: StreamEnd): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelTimer?.();
    this.#cancelExchangeTimer?.();
    this.#abort?.abort();
    try {
      for (const effect of this.#handle({ kind: 'ended' })) this.#run(effect);
    } finally {
      // The transport's objects outlive the stream, and what they refer to would be copied with them by the collector.
      this.#exchange = undefined;
      this.#ledger = undefined;
      for (const event of this.#waiting.splice(0)) this.#giveBack(event);
      this.#holdings.release();
      this.#env.observer.ended(kind);
    }
  }
}
