import {
  createEnvoyDouble,
  type ExchangeResult,
  headerValue,
  inProcess,
  type ViolationCode,
} from '../../../src/testkit/index.ts';
import type { Behaviour, Outcome } from './behaviour.ts';
import { emptyRecording, type Recording, recording } from './recording.ts';

/** Runs a behaviour against the double. */
export async function runOnDouble(
  behaviour: Behaviour,
): Promise<{ outcome: Outcome; violations: ViolationCode[] }> {
  const record = emptyRecording();
  const envoy = createEnvoyDouble({
    ...behaviour.options,
    server: inProcess(recording(behaviour.server, record)),
    allowViolations: true,
  });
  const result = await envoy.exchange(behaviour.request);
  envoy.close();
  return { outcome: outcomeOf(result, record), violations: result.violations.map(({ code }) => code) };
}

/** The common words for what the double gave. */
function outcomeOf(result: ExchangeResult, record: Recording): Outcome {
  const { client, upstream } = result;
  return {
    ...record,
    status: client.status,
    answer: client.body.toString('latin1'),
    answerHeaders: client.headers,
    details: result.details ?? null,
    upstream:
      upstream.contact === 'never'
        ? 'nothing'
        : {
            contact: upstream.contact,
            body: upstream.body.toString('latin1'),
            framing: upstream.framing,
            complete: upstream.complete,
            path: headerValue(upstream.headers, ':path') ?? '',
            headers: upstream.headers,
            trailers: upstream.trailers,
          },
    metadata: Object.keys(result.metadata).length === 0 ? null : result.metadata,
  };
}
