import type { RefusalCode } from '../../refusals.ts';
import { type ClientItem, ClientReader } from '../../websocket/client-reader.ts';
import { encodeMasked } from '../../websocket/encode.ts';
import { unjudged } from '../build-decision.ts';
import type { Direction } from '../direction/direction.ts';
import { isEnforced, isStopped } from '../enforcement.ts';
import type { CloseCause, DynamicMetadata, Effect, LookUpResult } from '../events.ts';
import type { Judgement } from '../judgement.ts';
import { ServedMessageReader } from '../served-tier/socket-messages.ts';
import type { ExchangeEnvironment, PolicyView } from '../settings.ts';
import type { GovernedSubject } from '../subject.ts';
import {
  causeFarewell,
  type Farewell,
  type RandomBytes,
  refusalEvent,
  refusalFarewell,
  type SocketRefusal,
} from './farewell.ts';
import { SocketHeldBytes } from './held-bytes.ts';
import { type RecordedMessage, Recorder } from './recorder.ts';
import type { ResponseHalf } from './response.ts';
import { ServedTierWatch } from './served-tier-watch.ts';
import { Session } from './session.ts';
import { Telling } from './telling.ts';
import type { JudgedMessage, judgeMessage } from './turn.ts';
import { joinViews } from './views.ts';

type MessageItem = Extract<ClientItem, { kind: 'message' }>;

/** What a request half shares with its exchange. */
export interface RequestContext {
  readonly environment: ExchangeEnvironment;
  readonly subject: GovernedSubject;
  readonly direction: Direction;
  readonly response: ResponseHalf;
  /** Where the effects go; shared, so that they stay in order. */
  readonly effects: Effect[];
  readonly judge: typeof judgeMessage;
}

const MASK_BYTES = 4;

/**
 * The way from the client to the provider of a socket that is judged: each message is held until it is complete,
 * judged, and goes on as it came, changed, or not at all. Under `report` everything goes on at once, and what is held
 * is only read.
 */
export class RequestHalf {
  readonly #context: RequestContext;
  readonly #reader: ClientReader;
  readonly #held: SocketHeldBytes;
  readonly #session = new Session();
  readonly #recorder: Recorder;
  readonly #telling: Telling;
  readonly #randomBytes: RandomBytes;
  /** Under `report`: chunks go on before they are read. */
  #observing = false;
  /** `unread`: under `report`, behind bytes that cannot be read; everything passes. */
  #phase: 'judging' | 'unread' | 'ending' = 'judging';
  /** Why nothing is judged in the phase `unread`. */
  #fault: RefusalCode = 'protocol_error';
  /** What the provider got of the client ends with a Close, or maybe inside a frame: no frame of ours can follow. */
  #torn = false;
  /** When the first bytes of the message at hand came. */
  #begunAt = 0;
  /** Who sent the first Close. */
  #closedBy: 'client_close' | 'provider_close' | undefined;

  constructor(context: RequestContext) {
    const { environment, subject, direction, response, effects } = context;
    this.#context = context;
    this.#reader = new ClientReader(environment.settings.limits);
    this.#held = new SocketHeldBytes(environment.held);
    const served = environment.settings.observeServedTier ? subject.dialect.served : undefined;
    const watch = served && new ServedTierWatch();
    this.#recorder = new Recorder(subject, this.#session, direction, effects, watch);
    if (served !== undefined) {
      const reader = new ServedMessageReader(served, subject.route.words, (lane, tier) => {
        const metadata = this.#recorder.served(lane, tier);
        if (metadata !== undefined) response.annotate(metadata);
      });
      response.listen((bytes, end) => reader.write(bytes, end));
    }
    this.#telling = new Telling(environment, response, effects);
    this.#randomBytes = (count) => environment.randomBytes(count);
  }

  /** Whether nothing that Envoy sends matters any more. */
  get stopped(): boolean {
    return this.#telling.stopped;
  }

  /** Records the verdict over the headers of the handshake. */
  handshake(judgement: Judgement, now: number): void {
    this.#recorder.handshake(judgement, now);
  }

  /** Begins with what the session that the client named has captured. */
  resume(result: LookUpResult): void {
    this.#session.resume(result);
    this.#recorder.lookedUp(result);
  }

  /** Takes a chunk that the direction has noted; the replies are due after it. @param cameAt when it came, monotonic */
  chunk(chunk: Uint8Array, now: number, cameAt = now): void {
    const { direction } = this.#context;
    if (chunk.length === 0) {
      direction.acknowledge();
      return;
    }
    // Between two messages a change of the enforcement takes effect; within one its begin may be gone already.
    if (this.#reader.heldBytes === 0) {
      this.#begunAt = cameAt;
      if (this.#phase !== 'ending') this.#observe(now);
    }
    if (this.#observing) direction.send(chunk);
    const out: Uint8Array[] = [];
    for (const item of this.#reader.push(chunk)) this.#item(item, out, now);
    if (!this.#held.hold(this.#reader.heldBytes)) this.#refuseUnread('overloaded', out, now);
    if (this.#observing) return;
    if (this.#phase === 'ending' && !this.#torn) this.#telling.ask(out);
    for (const piece of joinViews(out, chunk)) direction.send(piece);
  }

  /** Bytes of the provider have passed. */
  responsePassed(): void {
    if (!this.#telling.idle) this.#speakUnasked((out) => this.#telling.responsePassed(out));
  }

  /** A wait is over. */
  timer(): void {
    this.#telling.timer();
  }

  /** Ends the socket for a reason that is not in its messages. */
  close(cause: CloseCause): void {
    if (this.#phase !== 'ending') this.#speakUnasked((out) => this.#end(causeFarewell(cause), out));
  }

  /**
   * A message of Envoy did not fit into the process: bytes are lost, and with them the socket. That is a limit of our own
   * and no verdict, so it holds under `report` as well.
   */
  overloaded(now: number): void {
    const farewell = this.#farewell({ code: 'overloaded', message: undefined, streamId: undefined });
    if (this.#telling.farewell !== undefined) this.#telling.stop(farewell);
    else {
      const metadata = this.#recordUnread('overloaded', true, now);
      this.#telling.stop({ ...farewell, hardStop: { ...farewell.hardStop, metadata } });
    }
  }

  /** Envoy ended the stream: nothing is held any more. */
  ended(now: number): void {
    this.#held.hold(0);
    const { response } = this.#context;
    const { farewell } = this.#telling;
    const closedBy = this.#closedBy ?? (response.closed ? 'provider_close' : 'lost');
    const told = farewell === undefined ? undefined : response.finished;
    this.#recorder.closed(farewell?.end ?? closedBy, farewell?.code, told, now);
  }

  #item(item: ClientItem, out: Uint8Array[], now: number): void {
    if (item.kind === 'close') {
      this.#closedBy = this.#context.response.closed ? 'provider_close' : 'client_close';
      if (this.#phase !== 'ending') out.push(item.frame);
      else if (!this.#torn) this.#telling.clientClosed(out);
    } else if (this.#phase === 'judging') {
      if (item.kind === 'control') out.push(item.frame);
      else if (item.kind === 'message') this.#judge(item, out, now);
      else this.#refuseUnread(item.code, out, now);
    }
  }

  #judge(item: MessageItem, out: Uint8Array[], now: number): void {
    const { environment, judge } = this.#context;
    const subject = this.#judgedSubject();
    const { limits } = environment.settings;
    const judged = judge({
      dialect: subject.dialect,
      route: subject.route,
      policy: subject.policy,
      scope: subject.identity.scope,
      user: subject.identity.user,
      path: subject.head.path,
      body: item.payload,
      fallbackModel: this.#session.fallbackModel,
      limits: { depth: limits.jsonDepth, members: limits.jsonMembers },
    });
    const { judgement } = judged;
    const stopped = isStopped(judgement);
    const refused = stopped && judgement.enforced;
    const captured = !refused && this.#session.accept(judged, subject.route.strictness);
    if (judged.kind === 'turn' || stopped) {
      this.#recorder.decision(
        judgement,
        this.#recorded(subject.policy, judged.streamId, item.payload.length),
        now,
      );
    }
    if (captured) this.#recorder.captured();
    if (judged.kind === 'turn' && !refused) this.#recorder.turn();
    if (refused) this.#refuse(judged, item, out);
    else if (judgement.body === undefined) out.push(...item.frames);
    else out.push(...item.controls, this.#masked(item.opcode, judgement.body));
  }

  /** A complete message that may not go on. */
  #refuse({ judgement, streamId }: JudgedMessage, item: MessageItem, out: Uint8Array[]): void {
    const { environment } = this.#context;
    const { websocket } = environment.settings;
    const { code = 'policy_violation', message } = judgement;
    const refused: SocketRefusal = { code, message, streamId };
    out.push(...item.controls);
    const farewell = this.#farewell(refused);
    if (websocket.onBlock === 'reject_turn')
      this.#telling.say(refusalEvent(refused, websocket, this.#randomBytes), farewell, out);
    else this.#end(farewell, out);
    // In duplex the decision's metadata needs a chunk to ride on.
    if (out.length === 0) this.#context.direction.acknowledge();
  }

  /** Bytes that are no message: nothing behind them can be judged. */
  #refuseUnread(code: RefusalCode, out: Uint8Array[], now: number): void {
    if (this.#phase !== 'judging') return;
    this.#recordUnread(code, !this.#observing, now);
    if (this.#observing) {
      this.#phase = 'unread';
      this.#fault = code;
      this.#reader.discard();
    } else {
      this.#end(this.#farewell({ code, message: undefined, streamId: undefined }), out);
      if (out.length === 0) this.#context.direction.acknowledge();
    }
    this.#held.hold(0);
  }

  #recordUnread(code: RefusalCode, enforced: boolean, now: number): DynamicMetadata {
    const subject = this.#judgedSubject();
    const judged = { ...unjudged(subject, code), enforced };
    return this.#recorder.decision(judged, this.#recorded(subject.policy, undefined, 0), now);
  }

  /** Looks whether verdicts are carried out now. A socket that was passing unread cannot be judged any more, and ends. */
  #observe(now: number): void {
    this.#observing = !isEnforced(this.#governedSubject());
    if (this.#observing || this.#phase !== 'unread') return;
    this.#recordUnread(this.#fault, true, now);
    this.#end(this.#farewell({ code: this.#fault, message: undefined, streamId: undefined }), undefined);
  }

  /** @param out what goes upstream with the reply that is due; undefined where nothing can */
  #end(farewell: Farewell, out: Uint8Array[] | undefined): void {
    const cut = this.#phase === 'unread' || (this.#observing && this.#reader.heldBytes > 0);
    this.#torn = cut || this.#closedBy !== undefined;
    this.#observing = false;
    this.#phase = 'ending';
    this.#reader.discard();
    this.#telling.end(farewell, this.#torn ? undefined : out);
  }

  /** Sends what `speak` has to say upstream where that can be done although no chunk of the client is at hand. */
  #speakUnasked(speak: (out: Uint8Array[] | undefined) => void): void {
    const { direction } = this.#context;
    const out: Uint8Array[] = [];
    speak(direction.canSend ? out : undefined);
    for (const frame of out) direction.send(frame);
  }

  #farewell(refused: SocketRefusal): Farewell {
    return refusalFarewell(refused, this.#context.environment.settings.websocket, this.#randomBytes);
  }

  #masked(opcode: MessageItem['opcode'], payload: Uint8Array): Buffer {
    return encodeMasked(opcode, payload, this.#randomBytes(MASK_BYTES));
  }

  /** The socket with the policy that is in force for it. */
  #governedSubject(): GovernedSubject {
    const { environment, subject } = this.#context;
    const live = environment.settings.websocket.revision === 'live' ? environment.currentPolicy() : undefined;
    return live === undefined ? subject : { ...subject, policy: live };
  }

  /** The same for the message at hand: what has gone on already is only reported. */
  #judgedSubject(): GovernedSubject {
    const subject = this.#governedSubject();
    return this.#observing ? { ...subject, policy: { ...subject.policy, enforcement: 'report' } } : subject;
  }

  #recorded(policy: PolicyView, streamId: string | undefined, bytes: number): RecordedMessage {
    return { policy, streamId, bytes, begunAt: this.#begunAt };
  }
}
