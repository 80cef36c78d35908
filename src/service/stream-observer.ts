import type { Logger } from 'pino';
import type { DecisionSink } from '../decisions/sink.ts';
import { recordSocket } from '../decisions/socket-record.ts';
import type { StreamEnd, StreamObserver } from '../extproc/observer.ts';
import { withoutRedaction } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { RepeatedLines } from '../telemetry/repeated-lines.ts';
import { describeFault } from './describe-fault.ts';

const END_LABELS: Readonly<Record<StreamEnd, string>> = {
  half_closed: 'normal',
  cancelled: 'normal',
  misconfigured: 'misconfigured',
  fault: 'fault',
  unavailable: 'fault',
};

/** Tells log, metrics and sinks what happens on the streams. */
export function createObserver(logger: Logger, metrics: Metrics, sink: DecisionSink): StreamObserver {
  const repeated = new RepeatedLines(() => performance.now());
  const socketLogger = withoutRedaction(logger);
  return {
    opened() {
      metrics.streamsOpened.inc();
      metrics.streamsOpen.inc();
    },
    ended(kind) {
      metrics.streamsOpen.dec();
      metrics.streamsEnded.inc({ end: END_LABELS[kind] });
    },
    fault(fault, place, streamId) {
      metrics.faults.inc({ where: place });
      logger.error(
        { place, stream: streamId, fault: describeFault(fault) },
        'fault of Tiergate; the stream was ended',
      );
    },
    misconfigured(text) {
      repeated.note(text, (leftOut) => {
        logger.error({ remedy: text, left_out: leftOut }, 'Envoy is misconfigured; the stream was ended');
      });
    },
    overloaded() {
      metrics.overloads.inc();
      const text = 'limits.held_total is reached; a request was refused';
      repeated.note(text, (leftOut) => logger.warn({ left_out: leftOut }, text));
    },
    decision: (decision) => sink.record(decision),
    socket: (note) => recordSocket(note, socketLogger, metrics),
  };
}
