import { memberAt, textFault, textOf } from '../../dialects/members.ts';
import { modelOfQuery } from '../../dialects/url-model.ts';
import type { JsonReading } from '../../json/types.ts';
import { trimText } from '../../policy/words.ts';
import { judgePassed, judgeReading, judgeRefused, judgeUnreadable, readMembers } from '../judge.ts';
import type { JudgeInput, Judgement } from '../judgement.ts';

/**
 * One complete message of a client and what its verdict depends on. The headers of the handshake are not judged
 * again with each message. `fallbackModel` is the captured model of the session.
 */
export type MessageInput = Omit<JudgeInput, 'headers'>;

/** OpenAI's rule for `stream_id`. */
const LANE = /^[\w.-]{1,256}$/;

/** What a message is for the policy. */
type MessageKind =
  /** A `response.create`: the only kind that is judged. */
  | 'turn'
  /** A `session.update`: it may name the model of the turns behind it. */
  | 'session.update'
  | 'other';

/** What is to happen to one message. */
export interface JudgedMessage {
  readonly kind: MessageKind;
  readonly judgement: Judgement;
  /** The model that the message itself names: `model` of a turn, `session.model` of a `session.update`. */
  readonly model: string | undefined;
  /** The lane of the message; undefined where it names none. */
  readonly streamId: string | undefined;
}

/**
 * Judges one message, text or binary. A message that is no turn passes as it came; the original's readings of `type`
 * (trimmed, then compared exactly) decide which one is.
 */
export function judgeMessage(message: MessageInput): JudgedMessage {
  const input: JudgeInput = { ...message, headers: [] };
  const { body, dialect, route } = input;
  if (body === undefined || body.length === 0) return other(judgePassed(input, input.fallbackModel));
  const result = readMembers(input, body, dialect.messageMembers);
  if (!result.ok) return other(judgeUnreadable(input, result.fault));
  const { reading } = result;
  const streamId = laneOf(reading);
  const fault = textFault(reading);
  if (fault !== undefined) return other(judgeRefused(input, fault.code, fault.reason), streamId);

  const type = typeOf(reading);
  if (type === '' && route.strictness.missing_type === 'refuse') {
    return other(judgeRefused(input, 'missing_type'), streamId);
  }
  if (type === 'response.create') {
    const judgement = judgeReading({ ...input, fallbackModel: modelBeforeTurn(input) }, reading);
    return { kind: 'turn', judgement, model: textOf(memberAt(reading, 'model')), streamId };
  }
  const judgement = judgePassed(input, input.fallbackModel);
  if (type !== 'session.update') return other(judgement, streamId);
  return { kind: type, judgement, model: textOf(memberAt(reading, 'session.model')), streamId };
}

/** The lane, where it is one that OpenAI would take: anything else is not repeated to the client. */
function laneOf(reading: JsonReading): string | undefined {
  const text = memberAt(reading, 'stream_id')?.text;
  return text !== undefined && LANE.test(text) ? text : undefined;
}

/** The type, decoded and trimmed; `''` where it is absent, blank or no string. */
function typeOf(reading: JsonReading): string {
  return trimText(memberAt(reading, 'type')?.text ?? '');
}

/** The model of a turn that names none: the captured one, else the URL's. */
function modelBeforeTurn({ fallbackModel, path }: JudgeInput): JudgeInput['fallbackModel'] {
  if (fallbackModel.kind !== 'absent') return fallbackModel;
  const word = modelOfQuery(path);
  return word === undefined ? fallbackModel : { kind: 'known', word };
}

function other(judgement: Judgement, streamId?: string): JudgedMessage {
  return { kind: 'other', judgement, model: undefined, streamId };
}

/** What an error event tells. */
export interface ErrorEvent {
  /** 32 hex digits, new for each event. */
  readonly id: string;
  readonly message: string;
  /** A code of the catalogue. */
  readonly code: string;
  /** `error.type` at `status`. */
  readonly type: string;
  /** An HTTP status. Codex ignores an event without one, and takes 403 as "try again". */
  readonly status: number;
  /** The lane of the refused message; undefined where it named none. */
  readonly streamId: string | undefined;
}

/** The text of the event that goes to the client before its socket is closed. */
export function errorEvent({ id, message, code, type, status, streamId }: ErrorEvent): string {
  return JSON.stringify({
    event_id: `evt_${id}`,
    type: 'error',
    status,
    error: { type, code, message, param: 'service_tier' },
    stream_id: streamId,
  });
}
