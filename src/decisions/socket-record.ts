import type { Logger } from 'pino';
import type { SocketNote } from '../exchange/events.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/**
 * Tells log and metrics of a socket: its begin and the model that it captured at `debug`, its end at `info`. Its turns are
 * told by their decisions.
 */
export function recordSocket(note: SocketNote, logger: Logger, metrics: Metrics): void {
  switch (note.kind) {
    case 'opened':
      metrics.socketsOpen.inc();
      logger.debug({ socket: note.id, route: note.route, dialect: note.dialect }, 'socket opened');
      break;
    case 'captured':
      logger.debug({ socket: note.id, captured_model: note.model }, 'socket captured a model');
      break;
    case 'looked_up':
      metrics.sessionLookups.inc({ outcome: note.result.kind });
      logger.debug({ socket: note.id, outcome: note.result.kind }, 'named session looked up');
      break;
    case 'closed':
      metrics.socketsOpen.dec();
      metrics.socketsClosed.inc({ end: note.end, code: note.code ?? 'none', told: toldLabel(note.told) });
      logger.info(
        {
          socket: note.id,
          route: note.route,
          dialect: note.dialect,
          end: note.end,
          code: note.code,
          told: note.told,
          turns: note.turns,
          captured_model: note.capturedModel,
          duration_ms: note.durationMs,
        },
        'socket closed',
      );
  }
}

function toldLabel(told: boolean | undefined): string {
  return told === undefined ? 'none' : String(told);
}
