import type { BodyMode, DirectionName, StreamModes } from '../events.ts';
import type { Direction, DirectionKind } from './direction.ts';
import { DuplexDirection } from './duplex.ts';
import { OneToOneDirection } from './one-to-one.ts';

interface ModeRow {
  readonly kind: DirectionKind;
  /** Envoy holds the headers until the body reply, which can edit them. */
  readonly editsWithBody: boolean;
}

/** What each body mode means for the replies; whether a mode is accepted at all is for the exchange to say. */
const MODES: Readonly<Record<BodyMode, ModeRow>> = {
  NONE: { kind: 'one_to_one', editsWithBody: false },
  STREAMED: { kind: 'one_to_one', editsWithBody: false },
  BUFFERED: { kind: 'one_to_one', editsWithBody: true },
  BUFFERED_PARTIAL: { kind: 'one_to_one', editsWithBody: true },
  FULL_DUPLEX_STREAMED: { kind: 'duplex', editsWithBody: false },
  GRPC: { kind: 'one_to_one', editsWithBody: false },
};

/** The direction that fits one body mode. */
export function createDirection(name: DirectionName, mode: BodyMode): Direction {
  const row = MODES[mode];
  return row.kind === 'duplex' ? new DuplexDirection(name) : new OneToOneDirection(name, row.editsWithBody);
}

/** Both directions of an exchange. */
export function createDirections(modes: StreamModes): Readonly<Record<DirectionName, Direction>> {
  return {
    request: createDirection('request', modes.request),
    response: createDirection('response', modes.response),
  };
}
