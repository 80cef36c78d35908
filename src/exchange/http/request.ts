import type { Dialect } from '../../dialects/types.ts';
import type { AskedModel } from '../../policy/types.ts';
import type { RefusalCode } from '../../refusals.ts';
import { buildDecision, decisionMetadata, type Judged, unjudged } from '../build-decision.ts';
import { asBuffer } from '../bytes.ts';
import { type Direction, isEmptyEdits } from '../direction/direction.ts';
import { type Message, passChunk, passMessage } from '../direction/passing.ts';
import { isEnforced, isStopped } from '../enforcement.ts';
import type { DecodeResult, Effect, Reply } from '../events.ts';
import type { JudgeInput, Judgement } from '../judgement.ts';
import type { GovernedSubject, Subject } from '../subject.ts';
import { BodyCollector } from './body-collector.ts';
import { type HeaderContext, type HeadersEvent, readHeaders } from './header-phase.ts';
import { HeldBytes } from './held-bytes.ts';
import { mergeJudgements } from './merge-judgements.ts';
import type { Governed, RequestState } from './request-state.ts';
import { overloadEffect, stopEffects } from './stop.ts';
import { type CollectedBody, editsBeforeBody, outgoing } from './verdict.ts';

/** What the request half needs beside the header phase's context. */
export interface RequestContext extends HeaderContext {
  readonly judge: (input: JudgeInput) => Judgement;
  /** In whose shape a refusal goes out on a path without a dialect. */
  readonly fallbackDialect: Dialect;
}

const EMPTY = new Uint8Array(0);
const NO_BODY: CollectedBody = { original: EMPTY, plain: EMPTY, encoded: false, behindHeaders: false };

/** The request direction of an HTTP exchange: from the header message to the verdict. */
export class RequestHalf {
  readonly #context: RequestContext;
  readonly #direction: Direction;
  readonly #held: HeldBytes;
  readonly #body = new BodyCollector();
  #state: RequestState = { phase: 'start' };
  #effects: Effect[] = [];
  /** Bytes of the body as they came. */
  #received = 0;
  #subject: Subject | undefined;

  constructor(context: RequestContext, direction: Direction) {
    this.#context = context;
    this.#direction = direction;
    this.#held = new HeldBytes(context.environment.held);
  }

  /** Whether Envoy has sent the headers. */
  get started(): boolean {
    return this.#state.phase !== 'start';
  }

  /** What is judged; undefined before the headers, and where the request is not governed. */
  get subject(): Subject | undefined {
    return this.#subject;
  }

  /** Whether nothing that Envoy sends matters any more. */
  get refused(): boolean {
    return this.#state.phase === 'refused';
  }

  /** Envoy ended the stream. */
  release(): void {
    this.#drop();
  }

  /**
   * A message was refused before it was decoded. That is a limit of our own and no verdict, so it holds under `report`
   * as well. Where it was a message of the answer, or the request is not governed, there is no decision to record.
   */
  overloaded(now: number): readonly Effect[] {
    const subject = this.#subject;
    if (subject === undefined || this.#state.phase === 'settled') {
      this.#effects.push(overloadEffect(subject?.dialect ?? this.#context.fallbackDialect));
      this.#state = { phase: 'refused' };
      this.#drop();
    } else this.#stop(subject, { ...unjudged(subject, 'overloaded'), enforced: true }, undefined, now);
    return this.#takeEffects();
  }

  message(message: Message, now: number): readonly Effect[] {
    if (this.#state.phase === 'passing') {
      this.#say(passMessage(this.#direction, message));
    } else if (message.kind === 'headers') {
      this.#headers(message, now);
    } else if (message.kind === 'body') {
      this.#direction.chunk(message.bytes, message.endOfStream);
      this.#chunk(message.bytes, message.endOfStream, now);
    } else {
      this.#direction.trailers();
      this.#trailers(now);
    }
    return this.#takeEffects();
  }

  /** The bytes of the result are held by whoever decoded them, until this returns. */
  decoded(result: DecodeResult, now: number): readonly Effect[] {
    const state = this.#state;
    if (state.phase !== 'decoding') return [];
    if (result.ok) {
      const { original } = state;
      const behindHeaders = this.#behindHeaders;
      this.#judge(state, { original, plain: result.bytes, encoded: true, behindHeaders }, now);
    } else this.#refuse(state.subject, result.code, now);
    return this.#takeEffects();
  }

  #headers(event: HeadersEvent, now: number): void {
    if (this.started) throw new Error('a second request headers message');
    this.#direction.headers(event.endOfStream);
    const reading = readHeaders(this.#context, event);
    if (reading.kind !== 'open') this.#subject = reading.subject;
    switch (reading.kind) {
      case 'open':
        this.#state = { phase: 'passing' };
        this.#flush();
        return;
      case 'refused':
        this.#refuse(reading.subject, reading.code, now);
        return;
      case 'governed': {
        const { subject, codings } = reading;
        const governed = { subject, codings, holding: isEnforced(subject), early: undefined };
        if (event.endOfStream) this.#judge(governed, NO_BODY, now);
        else if (!this.#held.fits(subject.head.contentLength ?? 0)) this.#refuse(subject, 'overloaded', now);
        else this.#awaitBody(governed, now);
      }
    }
  }

  #awaitBody(governed: Governed, now: number): void {
    const { plan } = this.#context;
    const { subject, holding } = governed;
    let early: Judgement | undefined;
    if (!plan.editsWithVerdict) {
      early = this.#judgement(subject, EMPTY, { kind: 'unavailable' });
      if (holding && isStopped(early)) {
        this.#stop(subject, early, early.message, now);
        return;
      }
      if (holding) {
        this.#direction.edit(editsBeforeBody(subject.head, governed.codings.length > 0, early.headers));
      }
    }
    this.#state = { phase: 'collecting', ...governed, early };
    if (plan.headersFirst || !holding) this.#flush();
  }

  #chunk(bytes: Uint8Array, endOfStream: boolean, now: number): void {
    const state = this.#state;
    if (state.phase !== 'collecting') {
      if (this.#direction.kind === 'duplex') return;
      throw new Error('a request body message after the end of the body');
    }
    const { plan, environment } = this.#context;
    const { subject, holding } = state;
    this.#received += bytes.length;
    if (!holding) passChunk(this.#direction, bytes, endOfStream);
    if (this.#received > environment.settings.limits.body) this.#refuse(subject, 'body_too_large', now);
    else if (!this.#held.cover(this.#received)) this.#refuse(subject, 'overloaded', now);
    else {
      const complete = endOfStream || plan.wholeBodyMessage;
      this.#body.add(bytes, complete);
      if (complete) this.#complete(state, now);
      // A held chunk of a one-to-one mode is cleared, its bytes ride on the reply to the last one.
      else if (plan.headersFirst || !holding) this.#flush();
    }
  }

  #trailers(now: number): void {
    const state = this.#state;
    if (state.phase === 'settled') this.#flush();
    if (state.phase !== 'collecting') return;
    if (!state.holding) this.#direction.end();
    if (this.#received > 0 && !this.#context.plan.trailersAfterBody) {
      this.#refuse(state.subject, 'trailers_refused', now);
    } else this.#complete(state, now);
  }

  /** Whether the body follows headers that are gone. */
  get #behindHeaders(): boolean {
    return !this.#context.plan.editsWithVerdict;
  }

  /** The whole body has come. */
  #complete(governed: Governed, now: number): void {
    const original = this.#body.take();
    const behindHeaders = this.#behindHeaders;
    if (governed.codings.length === 0 || original.length === 0) {
      this.#judge(governed, { original, plain: original, encoded: false, behindHeaders }, now);
      return;
    }
    const { limits } = this.#context.environment.settings;
    this.#state = { ...governed, phase: 'decoding', original };
    this.#effects.push({
      kind: 'decode',
      codings: governed.codings,
      bytes: asBuffer(original),
      maxBytes: limits.decodedBody,
      maxRatio: limits.decodedRatio,
    });
  }

  #judge({ subject, early, holding }: Governed, body: CollectedBody, now: number): void {
    const judged = this.#judgement(subject, body.plain, { kind: 'absent' });
    const judgement = early === undefined ? judged : mergeJudgements(early, judged);
    if (!holding) this.#pass(subject, judgement, 'settled', now);
    else if (isStopped(judgement)) this.#stop(subject, judgement, judgement.message, now);
    else this.#sendOn(subject, judgement, body, now);
  }

  #judgement(subject: GovernedSubject, plain: Uint8Array, fallbackModel: AskedModel): Judgement {
    const { limits } = this.#context.environment.settings;
    return this.#context.judge({
      dialect: subject.dialect,
      route: subject.route,
      policy: subject.policy,
      scope: subject.identity.scope,
      user: subject.identity.user,
      headers: subject.head.headers,
      path: subject.head.path,
      body: plain.length === 0 ? undefined : asBuffer(plain),
      fallbackModel,
      limits: { depth: limits.jsonDepth, members: limits.jsonMembers },
    });
  }

  /** A verdict that lets held bytes go on, changed or not. */
  #sendOn(subject: GovernedSubject, judgement: Judgement, body: CollectedBody, now: number): void {
    const direction = this.#direction;
    const { bytes, edits } = outgoing(this.#context.plan, subject.head, judgement, body);
    if (!isEmptyEdits(edits) && !direction.canEdit) {
      // Trailers came without a body, and the header reply is gone: nothing can carry the edits any more.
      this.#refuse(subject, 'trailers_refused', now);
      return;
    }
    direction.edit(edits);
    direction.send(bytes);
    direction.end();
    this.#pass(subject, judgement, 'settled', now);
  }

  /** A refusal of the catalogue: carried out, or under `report` only recorded. */
  #refuse(subject: Subject, code: RefusalCode, now: number): void {
    const judged = unjudged(subject, code);
    if (judged.enforced) this.#stop(subject, judged, undefined, now);
    else this.#pass(subject, judged, 'passing', now);
  }

  #stop(subject: Subject, judged: Judged, message: string | undefined, now: number): void {
    const { fallbackDialect } = this.#context;
    this.#effects.push(
      ...stopEffects({ subject, judged, message, fallbackDialect, bytes: this.#received, now }),
    );
    this.#state = { phase: 'refused' };
    this.#drop();
  }

  /** Says what is due, with the decision as metadata on the first of it. */
  #pass(subject: Subject, judged: Judged, phase: 'passing' | 'settled', now: number): void {
    const decision = buildDecision(subject, judged, this.#received, now);
    this.#direction.annotate(decisionMetadata(decision));
    this.#flush();
    this.#effects.push({ kind: 'decision', decision });
    this.#state = { phase };
    this.#drop();
  }

  /** Nothing is held any more. */
  #drop(): void {
    this.#body.take();
    this.#held.release();
  }

  #flush(): void {
    this.#say(this.#direction.replies());
  }

  #say(replies: readonly Reply[]): void {
    for (const reply of replies) this.#effects.push({ kind: 'reply', reply });
  }

  #takeEffects(): readonly Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
