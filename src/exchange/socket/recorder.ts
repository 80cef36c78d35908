import type { RefusalCode } from '../../refusals.ts';
import { decisionMetadata, type Judged } from '../build-decision.ts';
import type { Decision } from '../decision.ts';
import type { Direction } from '../direction/direction.ts';
import { isStopped } from '../enforcement.ts';
import type { DynamicMetadata, Effect, LookUpResult, SocketEnd } from '../events.ts';
import type { PolicyView } from '../settings.ts';
import type { GovernedSubject } from '../subject.ts';
import { buildTurnDecision } from './decision.ts';
import type { ServedTierWatch } from './served-tier-watch.ts';
import type { Session } from './session.ts';

/** A message as its decision records it. */
export interface RecordedMessage {
  readonly policy: PolicyView;
  readonly streamId: string | undefined;
  /** Payload bytes. */
  readonly bytes: number;
  /** Monotonic, milliseconds: when its first bytes came. */
  readonly begunAt: number;
}

/** Members of a decision's metadata that not every decision has. */
const OPTIONAL_MEMBERS = ['code', 'rule', 'tier_asked', 'tier_sent', 'tier_served'] as const;

/** Tells of one socket: its decisions, its captured model, its begin and end. */
export class Recorder {
  readonly #subject: GovernedSubject;
  readonly #session: Session;
  readonly #request: Direction;
  readonly #effects: Effect[];
  /** Undefined where the provider's messages are left unread. */
  readonly #watch: ServedTierWatch | undefined;
  #decisions = 0;
  /** Those of the optional members that Envoy has been told. */
  readonly #annotated = new Set<string>();

  constructor(
    subject: GovernedSubject,
    session: Session,
    request: Direction,
    effects: Effect[],
    watch: ServedTierWatch | undefined,
  ) {
    this.#watch = watch;
    this.#subject = subject;
    this.#session = session;
    this.#request = request;
    this.#effects = effects;
    const { requestId } = subject.head;
    const { scope, user } = subject.identity;
    const scopeName = scope.kind === 'known' ? scope.name : undefined;
    effects.push({
      kind: 'socket',
      note: { kind: 'opened', ...this.#names(), requestId, scope: scopeName, user },
    });
  }

  /** The verdict over the headers of the handshake. */
  handshake(judged: Judged, now: number): void {
    const message = {
      policy: this.#subject.policy,
      streamId: undefined,
      bytes: 0,
      begunAt: this.#subject.startedAt,
    };
    const decision = buildTurnDecision(this.#subject, judged, this.#turn(message, 0, now));
    this.#annotate(decision);
    this.#emit(decision);
  }

  /**
   * The verdict over a message; it rides as metadata on the next reply to the client's bytes.
   *
   * @returns the same metadata
   */
  decision(judged: Judged, message: RecordedMessage, now: number): DynamicMetadata {
    this.#decisions += 1;
    const subject = { ...this.#subject, policy: message.policy };
    const decision = buildTurnDecision(subject, judged, this.#turn(message, this.#decisions, now));
    const metadata = this.#annotate(decision);
    const due = this.#watch !== undefined && !isStopped(judged) ? this.#watch.hold(decision) : decision;
    if (due !== undefined) this.#emit(due);
    return metadata;
  }

  /** The provider says which tier a turn was served with. @returns the metadata for the reply to its bytes */
  served(lane: string, tier: string): DynamicMetadata | undefined {
    const decision = this.#watch?.served(lane, tier);
    if (decision === undefined) return undefined;
    this.#annotated.add('tier_served');
    this.#emit(decision);
    return { tier_served: tier };
  }

  /** The session that the client has named was looked up. */
  lookedUp(result: LookUpResult): void {
    this.#effects.push({ kind: 'socket', note: { kind: 'looked_up', id: this.#subject.opening.id, result } });
  }

  /** A turn has gone upstream. */
  turn(): void {
    const { turns } = this.#session;
    this.#effects.push({ kind: 'socket', note: { kind: 'turn', id: this.#subject.opening.id, turns } });
  }

  /** Another model was captured. */
  captured(): void {
    const model = this.#session.capturedModel ?? '';
    this.#effects.push({ kind: 'socket', note: { kind: 'captured', id: this.#subject.opening.id, model } });
  }

  /** The socket is over. */
  closed(end: SocketEnd, code: RefusalCode | undefined, told: boolean | undefined, now: number): void {
    for (const decision of this.#watch?.release() ?? []) this.#emit(decision);
    const { turns, capturedModel } = this.#session;
    const durationMs = Math.max(0, now - this.#subject.startedAt);
    this.#effects.push({
      kind: 'socket',
      note: { kind: 'closed', ...this.#names(), end, code, told, turns, capturedModel, durationMs },
    });
  }

  #turn({ streamId, bytes, begunAt }: RecordedMessage, number: number, now: number) {
    const { capturedModel } = this.#session;
    return { number, streamId, capturedModel, bytes, begunAt, now };
  }

  /** Envoy merges the metadata of all replies, so what only an earlier decision had is emptied. */
  #annotate(decision: Decision): DynamicMetadata {
    const metadata = { ...decisionMetadata(decision) };
    for (const member of OPTIONAL_MEMBERS) {
      if (metadata[member] !== undefined) this.#annotated.add(member);
      else if (this.#annotated.has(member)) metadata[member] = '';
    }
    this.#request.annotate(metadata);
    return metadata;
  }

  #emit(decision: Decision): void {
    this.#effects.push({ kind: 'decision', decision });
  }

  #names(): { readonly id: string; readonly route: string; readonly dialect: string } {
    const { opening, route, dialectName } = this.#subject;
    return { id: opening.id, route: route.name, dialect: dialectName };
  }
}
