import { type RefusalCode, refuse } from '../../refusals.ts';
import { encodeServerClose, encodeServerText } from '../../websocket/encode.ts';
import type { CloseCause, ImmediateReply, SocketEnd } from '../events.ts';
import type { WebSocketSettings } from '../settings.ts';
import { errorEvent } from './turn.ts';

/** What is said to a client whose message does not go upstream. */
export interface SocketRefusal {
  readonly code: RefusalCode;
  /** In place of the catalogue's text. */
  readonly message: string | undefined;
  /** The lane of the refused message. */
  readonly streamId: string | undefined;
}

/** The last words to a client, and how the stream ends where they cannot be said or are not answered. */
export interface Farewell {
  /** The error event, where there is one, and then the Close; in this order. */
  readonly frames: readonly Uint8Array[];
  readonly closeCode: number;
  readonly reason: string;
  /** Behind a 101 only its details matter: Envoy flushes what it has for the client, and resets both sides. */
  readonly hardStop: ImmediateReply;
  readonly end: SocketEnd;
  /** Of a refusal. */
  readonly code: RefusalCode | undefined;
}

/** Bytes that nobody can guess. */
export type RandomBytes = (count: number) => Uint8Array;

const EVENT_ID_BYTES = 16;

/**
 * The error event of a refusal (design 6.3) as one text frame. What can succeed a little later has the status of the
 * catalogue, everything else that of `websocket.block_status`: Codex takes most other statuses as "try again".
 */
export function refusalEvent(
  { code, message, streamId }: SocketRefusal,
  { blockStatus }: WebSocketSettings,
  randomBytes: RandomBytes,
): Buffer {
  const refusal = refuse(code, { message });
  const status = refusal.retryAfter ? refusal.status : blockStatus;
  const { type } = refuse(code, { status });
  const id = Buffer.from(randomBytes(EVENT_ID_BYTES)).toString('hex');
  return encodeServerText(errorEvent({ id, message: refusal.message, code, type, status, streamId }));
}

/** The end of a socket whose message was refused. */
export function refusalFarewell(
  refused: SocketRefusal,
  settings: WebSocketSettings,
  randomBytes: RandomBytes,
): Farewell {
  const { closeCode, message, details, status } = refuse(refused.code, { message: refused.message });
  return {
    frames: [refusalEvent(refused, settings, randomBytes), encodeServerClose(closeCode, message)],
    closeCode,
    reason: message,
    hardStop: hardStop(status, details),
    end: 'refused',
    code: refused.code,
  };
}

/** RFC 6455, section 7.4.1, and IANA's registry of close codes. */
const CAUSES: Readonly<Record<CloseCause, { readonly closeCode: number; readonly reason: string }>> = {
  operator: { closeCode: 1008, reason: 'ended by the operator' },
  // Service restart: SDKs connect again after it, where their user wants that.
  draining: { closeCode: 1012, reason: 'the gateway restarts; connect again' },
};

/** The end of a socket for a reason that is not in its messages. */
export function causeFarewell(cause: CloseCause): Farewell {
  const { closeCode, reason } = CAUSES[cause];
  return {
    frames: [encodeServerClose(closeCode, reason)],
    closeCode,
    reason,
    hardStop: hardStop(503, `tiergate_${cause}`),
    end: cause,
    code: undefined,
  };
}

function hardStop(status: number, details: string): ImmediateReply {
  return { status, headers: [], body: Buffer.alloc(0), details };
}
