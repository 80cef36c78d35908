import { openAiResponses } from '../../dialects/openai-responses.ts';
import { dialectTable } from '../../dialects/table.ts';
import type { Direction } from '../direction/direction.ts';
import { type Message, passMessage } from '../direction/passing.ts';
import { createDirections } from '../direction/table.ts';
import type { Effect, Exchange, ExchangeEvent, ExchangeFactory, StreamModes } from '../events.ts';
import { judge } from '../judge.ts';
import type { JudgeInput, Judgement } from '../judgement.ts';
import { misconfigured } from '../misconfigured.ts';
import { type DialectLookup, RouteTable } from '../routes.ts';
import type { ExchangeEnvironment } from '../settings.ts';
import { HEADERS_SKIPPED, readModes } from './modes.ts';
import { type RequestContext, RequestHalf } from './request.ts';
import { isReadable, ServedTierWatch } from './served-tier-watch.ts';

/** The parts behind an exchange that tests replace. */
export interface HttpExchangeParts {
  readonly dialects: DialectLookup;
  readonly judge: (input: JudgeInput) => Judgement;
}

const NOTHING: readonly Effect[] = [];

/** Makes the exchanges of HTTP requests. */
export function createHttpExchangeFactory(
  environment: ExchangeEnvironment,
  parts: HttpExchangeParts = { dialects: dialectTable, judge },
): ExchangeFactory {
  const routes = new RouteTable(environment.settings, parts.dialects);
  return (opening, _first, now) => {
    const reading = readModes(opening.modes);
    if (!reading.ok) return misconfigured(reading.text);
    const { modes, plan } = reading;
    return new HttpExchange(modes, {
      environment,
      routes,
      opening,
      startedAt: now,
      plan,
      judge: parts.judge,
      // The most widely read shape of an error, for paths that have no dialect.
      fallbackDialect: openAiResponses,
    });
  };
}

/** One HTTP request: its request half is judged, its answer passes as it comes, read or unread. */
class HttpExchange implements Exchange {
  readonly #request: RequestHalf;
  readonly #response: Direction;
  /** Undefined where answers are left unread. */
  readonly #watch: ServedTierWatch | undefined;
  #closed = false;

  constructor(modes: StreamModes, context: RequestContext) {
    const directions = createDirections(modes);
    this.#request = new RequestHalf(context, directions.request);
    this.#response = directions.response;
    const { observeServedTier } = context.environment.settings;
    this.#watch = observeServedTier && isReadable(modes.response) ? new ServedTierWatch() : undefined;
  }

  handle(event: ExchangeEvent, now: number): readonly Effect[] {
    if (this.#closed) return NOTHING;
    switch (event.kind) {
      case 'ended':
        this.#closed = true;
        this.#request.release();
        return this.#watch?.release() ?? NOTHING;
      case 'decoded':
        return this.#then(this.#request.decoded(event.result, now));
      case 'overloaded':
        this.#closed = true;
        return [...(this.#watch?.release() ?? NOTHING), ...this.#request.overloaded(now)];
      case 'timer':
      case 'looked_up':
      case 'close':
        // Of sockets alone.
        return NOTHING;
      default:
        return event.direction === 'request' ? this.#onRequest(event, now) : this.#onResponse(event);
    }
  }

  #onRequest(message: Message, now: number): readonly Effect[] {
    if (message.kind !== 'headers' && !this.#request.started) {
      this.#closed = true;
      return [{ kind: 'misconfigured', text: HEADERS_SKIPPED }];
    }
    return this.#then(this.#request.message(message, now));
  }

  #onResponse(message: Message): readonly Effect[] {
    const watch = this.#watch;
    if (watch === undefined || watch.over) return this.#passResponse(message);
    watch.message(message, this.#request.subject);
    if (!watch.over) return this.#passResponse(message);
    const { tier } = watch;
    if (tier !== undefined) this.#response.annotate({ tier_served: tier });
    return [...this.#passResponse(message), ...watch.release()];
  }

  #passResponse(message: Message): readonly Effect[] {
    return passMessage(this.#response, message).map((reply) => ({ kind: 'reply', reply }));
  }

  #then(effects: readonly Effect[]): readonly Effect[] {
    if (this.#request.refused) {
      this.#closed = true;
      return effects;
    }
    return this.#watch?.hold(effects, this.#request.subject) ?? effects;
  }
}
