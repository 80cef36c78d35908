import { afterAll, afterEach, beforeAll } from 'vitest';
import { installEnvoy } from '../../../tools/envoy/install.ts';
import { launchEnvoy, type RunningEnvoy } from '../../../tools/envoy/launch.ts';
import { ReferenceConfig, type RequestMode } from '../../../tools/envoy/reference.ts';
import { type RunningTiergate, startTiergate, type TiergateOptions } from '../../../tools/envoy/tiergate.ts';
import { compareVersions, DEFAULT_ENVOY_VERSION } from '../../../tools/envoy/versions.ts';
import { type MockProvider, type ProviderOptions, startProvider } from './provider.ts';

export interface StackOptions {
  /** Envoy's release. Default: the newest supported one. */
  readonly version?: string;
  /** How the request body goes to Tiergate. Default BUFFERED, as the shipped file says. */
  readonly mode?: RequestMode;
  readonly tiergate?: TiergateOptions;
  readonly provider?: ProviderOptions;
  /** More edits of the shipped envoy.yaml. */
  readonly edit?: (config: ReferenceConfig) => void;
}

/** A mock provider, a Tiergate and an Envoy with the shipped configuration, connected to each other. */
export interface Stack {
  readonly provider: MockProvider;
  tiergate: RunningTiergate;
  readonly envoy: RunningEnvoy;
  /** The port for clients. */
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one Envoy with the shipped configuration in front of a running Tiergate and provider. */
export async function startEnvoy(
  options: StackOptions,
  tiergate: RunningTiergate,
  provider: MockProvider,
): Promise<RunningEnvoy> {
  const version = options.version ?? DEFAULT_ENVOY_VERSION;
  const mode = options.mode ?? 'BUFFERED';
  const keepLength = mode === 'FULL_DUPLEX_STREAMED' && compareVersions(version, '1.38.0') >= 0;
  const config = new ReferenceConfig().connect(tiergate.grpc, { port: provider.port }).mode(mode, keepLength);
  if (options.provider?.http2 === true) config.http2Provider();
  options.edit?.(config);
  return launchEnvoy({ binary: await installEnvoy(version), config: config.toString() });
}

/** Starts all three on free ports. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const provider = await startProvider(options.provider);
  let tiergate: RunningTiergate | undefined;
  try {
    tiergate = await startTiergate(options.tiergate);
    const envoy = await startEnvoy(options, tiergate, provider);
    const stack: Stack = {
      provider,
      tiergate,
      envoy,
      port: envoy.port('llm'),
      async stop() {
        await envoy.stop();
        await stack.tiergate.stop();
        await provider.stop();
      },
    };
    return stack;
  } catch (error) {
    await tiergate?.stop();
    await provider.stop();
    throw error;
  }
}

/**
 * A stack for all tests of a `describe` block. Where a test fails, the ends of all logs are printed.
 *
 * @returns a function that gives the running stack, for use inside tests
 */
export function useStack(options: StackOptions = {}): () => Stack {
  let stack: Stack | undefined;
  beforeAll(async () => {
    stack = await startStack(options);
  });
  afterEach((context) => {
    if (context.task.result?.state !== 'fail' || stack === undefined) return;
    console.error(`${stack.tiergate.process.tail()}\n${stack.envoy.process.tail()}`);
  });
  afterAll(async () => {
    await stack?.stop();
  });
  return () => {
    if (stack === undefined) throw new Error('the stack is not running');
    return stack;
  };
}
