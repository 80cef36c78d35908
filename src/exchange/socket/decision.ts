import { cutText } from '../../dialects/text.ts';
import { buildDecision, type Judged } from '../build-decision.ts';
import type { Decision } from '../decision.ts';
import type { Subject } from '../subject.ts';

/** Most bytes of the captured model that a decision holds. */
const MAX_MODEL_BYTES = 128;

/** One message of a socket as its decision records it. */
export interface JudgedTurn {
  /** Counts the decisions of the socket from 1; 0 for the handshake. */
  readonly number: number;
  readonly streamId: string | undefined;
  /** The captured model after the message. */
  readonly capturedModel: string | undefined;
  /** Payload bytes. */
  readonly bytes: number;
  /** Monotonic, milliseconds: when the first bytes of the message came, and when it was judged. */
  readonly begunAt: number;
  readonly now: number;
}

/** The record of one message of a socket (design 7.4). */
export function buildTurnDecision(subject: Subject, judged: Judged, turn: JudgedTurn): Decision {
  const { opening, startedAt } = subject;
  const time = opening.time + Math.max(0, turn.begunAt - startedAt);
  const id = turn.number === 0 ? opening.id : `${opening.id}.${turn.number}`;
  const own: Subject = { ...subject, opening: { ...opening, id, time }, startedAt: turn.begunAt };
  return {
    ...buildDecision(own, judged, turn.bytes, turn.now),
    transport: 'websocket',
    session: opening.id,
    stream_id: turn.streamId,
    captured_model:
      turn.capturedModel === undefined ? undefined : cutText(turn.capturedModel, MAX_MODEL_BYTES),
  };
}
