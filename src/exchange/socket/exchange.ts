import { openAiResponses } from '../../dialects/openai-responses.ts';
import { dialectTable } from '../../dialects/table.ts';
import { refuse } from '../../refusals.ts';
import { decisionMetadata, unjudged } from '../build-decision.ts';
import { buildRefusal } from '../build-refusal.ts';
import type { Direction } from '../direction/direction.ts';
import type { Message } from '../direction/passing.ts';
import { createDirections } from '../direction/table.ts';
import { isEnforced } from '../enforcement.ts';
import type {
  Effect,
  Exchange,
  ExchangeEvent,
  ExchangeFactory,
  LookUpResult,
  Opening,
  StreamModes,
} from '../events.ts';
import { misconfigured } from '../misconfigured.ts';
import { type DialectLookup, RouteTable } from '../routes.ts';
import type { ExchangeEnvironment } from '../settings.ts';
import { buildTurnDecision } from './decision.ts';
import { type HandshakeReading, headersOfAttributes, readHandshake } from './handshake.ts';
import { LookUpWait } from './look-up-wait.ts';
import { NOTHING_TELLS_THE_PATH, readSocketModes } from './modes.ts';
import { RequestHalf } from './request.ts';
import { ResponseHalf } from './response.ts';
import { judgeMessage } from './turn.ts';

/** The parts behind a socket that tests replace. */
export interface SocketExchangeParts {
  readonly dialects: DialectLookup;
  readonly judge: typeof judgeMessage;
}

/** What the sockets of a process share. */
interface Sockets {
  readonly environment: ExchangeEnvironment;
  readonly routes: RouteTable;
  readonly judge: typeof judgeMessage;
  /** Judged sockets that are open now. */
  open: number;
}

const NOTHING: readonly Effect[] = [];
const LATE: LookUpResult = { kind: 'late' };

/** Makes the exchanges of WebSockets. */
export function createSocketExchangeFactory(
  environment: ExchangeEnvironment,
  parts: SocketExchangeParts = { dialects: dialectTable, judge: judgeMessage },
): ExchangeFactory {
  const routes = new RouteTable(environment.settings, parts.dialects);
  const sockets: Sockets = { environment, routes, judge: parts.judge, open: 0 };
  return (opening, _first, now) => {
    const reading = readSocketModes(opening.modes);
    if (!reading.ok) return misconfigured(reading.text);
    return new SocketExchange(sockets, opening, reading.modes, now);
  };
}

/** One WebSocket: what the client sends is judged, what the provider sends passes, read for its frames only. */
class SocketExchange implements Exchange {
  readonly #sockets: Sockets;
  readonly #opening: Opening;
  readonly #startedAt: number;
  readonly #request: Direction;
  readonly #response: ResponseHalf;
  readonly #responseDirection: Direction;
  /** Shared with the request half, so that all effects stay in order. */
  readonly #effects: Effect[] = [];
  /** `start`: nothing has told yet what the socket is; `passing`: it is not judged; `over`: nothing matters any more. */
  #phase: 'start' | 'passing' | 'judging' | 'over' = 'start';
  #half: RequestHalf | undefined;
  /** While the session that the client named is looked up. */
  #wait: LookUpWait | undefined;

  constructor(sockets: Sockets, opening: Opening, modes: StreamModes, now: number) {
    this.#sockets = sockets;
    this.#opening = opening;
    this.#startedAt = now;
    const directions = createDirections(modes);
    this.#request = directions.request;
    this.#responseDirection = directions.response;
    this.#response = new ResponseHalf(directions.response);
  }

  handle(event: ExchangeEvent, now: number): readonly Effect[] {
    if (this.#phase === 'over' && event.kind !== 'ended') return NOTHING;
    switch (event.kind) {
      case 'ended':
        this.#ended(now);
        break;
      case 'decoded':
        break;
      case 'timer':
        this.#half?.timer();
        break;
      case 'looked_up':
        this.#lookedUp(event.result, now);
        break;
      case 'close':
        this.#lookedUp(LATE, now);
        this.#half?.close(event.cause);
        this.#flush();
        break;
      case 'overloaded':
        this.#wait?.release();
        this.#half?.overloaded(now);
        break;
      default:
        if (event.direction === 'request') this.#onRequest(event, now);
        else this.#onResponse(event, now);
    }
    if (this.#half?.stopped) this.#phase = 'over';
    return this.#effects.splice(0);
  }

  #onRequest(message: Message, now: number): void {
    if (message.kind === 'headers') this.#request.headers(message.endOfStream);
    if (this.#phase === 'start') this.#open(message, now);
    if (this.#phase === 'over' || this.#holds(message, now)) return;
    this.#takeRequest(message, now, now);
  }

  /** @param cameAt when it came, monotonic */
  #takeRequest(message: Message, now: number, cameAt: number): void {
    if (message.kind === 'trailers') this.#request.trailers();
    else if (message.kind === 'body') {
      this.#request.chunk(message.bytes, message.endOfStream);
      if (this.#half !== undefined) this.#half.chunk(message.bytes, now, cameAt);
      else if (message.bytes.length === 0) this.#request.acknowledge();
      else this.#request.send(message.bytes);
    }
    if (message.kind === 'trailers' || message.endOfStream) this.#request.end();
    this.#flush();
  }

  /** Whether the message waits for the look-up. What does not fit is judged at once, as if the look-up had failed. */
  #holds(message: Message, now: number): boolean {
    const wait = this.#wait;
    if (wait === undefined || message.kind === 'headers') return false;
    // Envoy 1.39 waits for the answer to the empty chunk that it sends at the upgrade.
    const isEmpty = message.kind === 'body' && message.bytes.length === 0 && !message.endOfStream;
    if (isEmpty && wait.empty) return false;
    if (wait.hold(message, now)) return true;
    this.#lookedUp(LATE, now);
    return false;
  }

  /** The look-up is over, and what has waited for it is judged. */
  #lookedUp(result: LookUpResult, now: number): void {
    const wait = this.#wait;
    if (wait === undefined) return;
    this.#wait = undefined;
    this.#half?.resume(result);
    for (const { message, at } of wait.release()) this.#takeRequest(message, now, at);
  }

  #onResponse(message: Message, now: number): void {
    // The provider may speak first; its attributes tell of the request as well.
    const told = message.context.attributes.has('request.path');
    if (this.#phase === 'start' && told) this.#open(message, now);
    if (this.#phase === 'over') return;
    this.#response.message(message);
    this.#half?.responsePassed();
    this.#flush();
  }

  /** Reads the handshake, or what stands for it where headers are skipped. */
  #open(message: Message, now: number): void {
    const { environment, routes, open } = this.#sockets;
    const { settings } = environment;
    const headers = isHandshake(message)
      ? message.headers
      : headersOfAttributes(message.context, settings.sessions);
    if (headers === undefined) {
      this.#phase = 'over';
      this.#effects.push({ kind: 'misconfigured', text: NOTHING_TELLS_THE_PATH });
      return;
    }
    const context = {
      environment,
      routes,
      opening: this.#opening,
      startedAt: this.#startedAt,
      full: open >= settings.limits.sockets,
    };
    const reading = readHandshake(context, headers, message.context);
    if (reading.kind === 'open') this.#phase = 'passing';
    else if (reading.kind === 'refused') this.#refuse(reading, now);
    else this.#judge(reading, message, now);
  }

  #judge(reading: Extract<HandshakeReading, { kind: 'governed' }>, message: Message, now: number): void {
    const { subject, edits, judgement, session } = reading;
    this.#phase = 'judging';
    this.#sockets.open += 1;
    this.#half = new RequestHalf({
      environment: this.#sockets.environment,
      subject,
      direction: this.#request,
      response: this.#response,
      effects: this.#effects,
      judge: this.#sockets.judge,
    });
    if (judgement !== undefined) this.#half.handshake(judgement, now);
    if (session !== undefined) {
      const { settings, held } = this.#sockets.environment;
      this.#wait = new LookUpWait(held);
      this.#effects.push({ kind: 'look_up', session, ms: settings.limits.lookupWait });
    }
    if (isHandshake(message)) this.#request.edit(edits);
  }

  /** Nothing of the socket could be judged; under `report` that is only recorded, and everything passes. */
  #refuse({ subject, code }: Extract<HandshakeReading, { kind: 'refused' }>, now: number): void {
    const judged = unjudged(subject, code);
    const turn = {
      number: 0,
      streamId: undefined,
      capturedModel: undefined,
      bytes: 0,
      begunAt: this.#startedAt,
      now,
    };
    const decision = buildTurnDecision(subject, judged, turn);
    if (isEnforced(subject)) {
      this.#phase = 'over';
      // The most widely read shape of an error, for paths that have no dialect.
      const response = buildRefusal(refuse(code), subject.dialect ?? openAiResponses, decision);
      this.#effects.push({ kind: 'immediate', response });
    } else {
      this.#phase = 'passing';
      this.#request.annotate(decisionMetadata(decision));
    }
    this.#effects.push({ kind: 'decision', decision });
  }

  #ended(now: number): void {
    this.#phase = 'over';
    if (this.#half === undefined) return;
    this.#sockets.open -= 1;
    this.#wait?.release();
    this.#half.ended(now);
    this.#half = undefined;
  }

  #flush(): void {
    for (const reply of this.#request.replies()) this.#effects.push({ kind: 'reply', reply });
    for (const reply of this.#responseDirection.replies()) this.#effects.push({ kind: 'reply', reply });
  }
}

function isHandshake(message: Message): message is Extract<Message, { kind: 'headers' }> {
  return message.kind === 'headers' && message.direction === 'request';
}
