import { installEnvoy } from '../../../tools/envoy/install.ts';
import { launchEnvoy, type RunningEnvoy } from '../../../tools/envoy/launch.ts';
import { waitFor } from '../../../tools/envoy/wait-for.ts';
import type { Behaviour, Outcome } from './behaviour.ts';
import { envoyConfig } from './envoy-config.ts';
import { type GrpcServer, startGrpcServer } from './grpc-server.ts';
import { emptyRecording, type Recording, recording } from './recording.ts';
import { type ClientOutcome, sendScripted } from './scripted-client.ts';
import { type ScriptedUpstream, type SeenAtUpstream, startUpstream } from './scripted-upstream.ts';

/** A line of the access log of `envoyConfig`. */
interface LogLine {
  readonly request: string | null;
  readonly status: number;
  readonly details: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** Bytes that went upstream. */
  readonly sent: number;
}

/** A real Envoy that runs behaviours. */
export interface EnvoyRunner {
  run(behaviour: Behaviour): Promise<Outcome>;
  readonly envoy: RunningEnvoy;
  stop(): Promise<void>;
}

/** Starts one Envoy for all behaviours. */
export async function startEnvoyRunner(
  behaviours: readonly Behaviour[],
  version?: string,
): Promise<EnvoyRunner> {
  const records = new Map<string, Recording>();
  const byId = new Map(behaviours.map((behaviour, index) => [String(index), behaviour]));
  const idOf = (behaviour: Behaviour): string => String(behaviours.indexOf(behaviour));
  const server: GrpcServer = await startGrpcServer((metadata) => {
    const id = metadata.get('x-case') ?? '';
    const behaviour = byId.get(id);
    if (behaviour === undefined) throw new Error(`no behaviour ${id}`);
    const record = emptyRecording();
    records.set(id, record);
    return recording(behaviour.server, record);
  });
  const upstream = await startUpstream((id) => byId.get(id)?.request.response ?? {});
  const specs = [...byId].map(([id, { options }]) => ({ name: `case_${id}`, id, options }));
  const envoy = await launchEnvoy({
    binary: await installEnvoy(version),
    config: envoyConfig(specs, { grpc: server.port, upstream: upstream.port }),
  });
  return {
    envoy,
    async run(behaviour) {
      const id = idOf(behaviour);
      const client = await sendScripted(envoy.port(`case_${id}`), id, behaviour.request);
      const line = await waitFor('the access log line', () => logLine(envoy, id));
      // What was sent, and a reset behind it, reach the upstream a little later than the log is written.
      if (line.sent > 0)
        await waitFor('the end of the upstream request', () => upstream.seen(id)?.closed || undefined);
      return outcomeOf(client, line, upstream.seen(id), records.get(id) ?? emptyRecording());
    },
    async stop() {
      await envoy.stop();
      stopAll(server, upstream);
    },
  };
}

function stopAll(server: GrpcServer, upstream: ScriptedUpstream): void {
  server.stop();
  upstream.stop();
}

function logLine(envoy: RunningEnvoy, id: string): LogLine | undefined {
  return envoy.process.stdout
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine)
    .find(({ request }) => request === id);
}

function outcomeOf(
  client: ClientOutcome,
  line: LogLine,
  upstream: SeenAtUpstream | undefined,
  record: Recording,
): Outcome {
  return {
    ...record,
    status: client.status,
    answer: client.body.toString('latin1'),
    answerHeaders: client.headers,
    details: line.details === 'via_upstream' ? null : line.details,
    upstream:
      upstream === undefined
        ? 'nothing'
        : {
            contact: upstream.at < client.sentAt ? 'early' : 'after-request-end',
            body: upstream.body().toString('latin1'),
            framing: framing(upstream),
            complete: upstream.complete,
            path: upstream.path,
            headers: upstream.headers,
            trailers: upstream.trailers,
          },
    metadata: line.metadata === null ? null : { good: line.metadata },
  };
}

function framing({ headers }: SeenAtUpstream): 'none' | 'content-length' | 'chunked' {
  if (headers.some(([name]) => name === 'transfer-encoding')) return 'chunked';
  const length = headers.find(([name]) => name === 'content-length');
  return length === undefined || length[1] === '0' ? 'none' : 'content-length';
}
