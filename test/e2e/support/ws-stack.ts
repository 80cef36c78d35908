import { afterAll, afterEach, beforeAll } from 'vitest';
import { installEnvoy } from '../../../tools/envoy/install.ts';
import { launchEnvoy, type RunningEnvoy } from '../../../tools/envoy/launch.ts';
import { type Option, PLACES, ReferenceConfig, type SocketModes } from '../../../tools/envoy/reference.ts';
import { type RunningTiergate, startTiergate, type TiergateOptions } from '../../../tools/envoy/tiergate.ts';
import { DEFAULT_ENVOY_VERSION } from '../../../tools/envoy/versions.ts';
import { type SocketProvider, startSocketProvider } from './ws-provider.ts';

/** A way for sockets through Envoy; without members, that of the shipped file. */
export interface SocketCell {
  /** Lines of the shipped file that are commented out there. */
  readonly options?: readonly Option[];
  readonly modes?: SocketModes;
  /** `send_body_without_waiting_for_header_response`; the shipped file says true. */
  readonly nowait?: boolean;
  /** More edits of the shipped envoy.yaml. */
  readonly edit?: (config: ReferenceConfig) => void;
}

/** An Envoy to start. */
export interface SocketEnvoy extends SocketCell {
  /** Default: the newest supported release. */
  readonly version?: string;
  /** More listeners beside `llm`, each a cell of its own with its name as the prefix of its statistics. */
  readonly listeners?: ReadonlyMap<string, SocketCell>;
}

/** A provider, a Tiergate, and Envoys in front of them that are started when they are asked for. */
export interface SocketStack {
  readonly provider: SocketProvider;
  readonly tiergate: RunningTiergate;
  /** Starts an Envoy; it is stopped with the stack. */
  envoy(options?: SocketEnvoy): Promise<RunningEnvoy>;
}

/** The port for clients of an Envoy. */
export function portOf(envoy: RunningEnvoy): number {
  return envoy.port('llm');
}

/**
 * A provider and a Tiergate for all tests of a `describe` block. Where a test fails, the ends of all logs are printed.
 *
 * @returns a function that gives the running stack, for use inside tests
 */
export function useSocketStack(options: TiergateOptions = {}): () => SocketStack {
  const envoys: RunningEnvoy[] = [];
  let provider: SocketProvider | undefined;
  let tiergate: RunningTiergate | undefined;
  beforeAll(async () => {
    provider = await startSocketProvider();
    tiergate = await startTiergate(options);
  });
  afterEach((context) => {
    if (context.task.result?.state !== 'fail') return;
    for (const part of [tiergate, ...envoys]) console.error(part?.process.tail(15));
  });
  afterAll(async () => {
    for (const envoy of envoys) await envoy.stop();
    await tiergate?.stop();
    await provider?.stop();
  });
  return () => {
    if (provider === undefined || tiergate === undefined) throw new Error('the stack is not running');
    const stack = { provider, tiergate };
    return {
      ...stack,
      async envoy(envoyOptions = {}) {
        const envoy = await startSocketEnvoy(envoyOptions, stack.tiergate, stack.provider);
        envoys.push(envoy);
        return envoy;
      },
    };
  };
}

/** The shipped configuration with the edits of a cell. */
function configOf({ options, modes, nowait, edit }: SocketCell): ReferenceConfig {
  const config = new ReferenceConfig(...(options ?? []));
  if (modes !== undefined) config.socketModes(modes);
  if (nowait !== undefined) {
    config.set([...config.socketExtProc(), 'send_body_without_waiting_for_header_response'], nowait);
  }
  edit?.(config);
  return config;
}

/** Starts an Envoy in front of a Tiergate. */
export async function startSocketEnvoy(
  { version, listeners, ...cell }: SocketEnvoy,
  tiergate: Pick<RunningTiergate, 'grpc'>,
  provider: SocketProvider,
): Promise<RunningEnvoy> {
  const config = configOf(cell).connect(tiergate.grpc, { port: provider.port });
  for (const [name, more] of listeners ?? []) {
    const listener = configOf(more).connect(tiergate.grpc, { port: provider.port });
    listener.set([...PLACES.manager, 'stat_prefix'], name).set([...PLACES.listener, 'name'], name);
    config.appendListener(listener.get(PLACES.listener));
  }
  const binary = await installEnvoy(version ?? DEFAULT_ENVOY_VERSION);
  return launchEnvoy({ binary, config: config.toString() });
}
