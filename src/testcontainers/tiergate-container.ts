import { GenericContainer, Wait } from 'testcontainers';
import { GRPC_PORT, OPS_PORT } from './ports.ts';
import { StartedTiergateContainer } from './started-tiergate-container.ts';

/** Where the image reads its configuration and its policy; its working directory. */
const FOLDER = '/etc/tiergate';

/** How often the container is asked whether it is ready, and how long an answer may take. */
const ASK_EVERY_MS = 500;

/** How long it may take to get ready, where `withStartupTimeout` says nothing else. It is ready within a second or two. */
const PATIENCE_MS = 30_000;

/** What `/readyz` answers. */
interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

/** A configuration as `tiergate.yaml` has it. */
type Configuration = Readonly<Record<string, unknown>>;

/**
 * Tiergate in a container, for integration tests:
 *
 *     const tiergate = await new TiergateContainer('tiergate').withPolicy({ rules: [] }).start();
 *
 * Without a policy the built-in one is in force. It is started when `/readyz` says so; a configuration or policy with
 * faults makes `start()` fail, with what Tiergate says of them.
 */
export class TiergateContainer extends GenericContainer {
  #policy: unknown;
  #configuration: Configuration = {};
  #strictness: unknown;
  #store: unknown;
  #readiness: Readiness | undefined;

  /** @param image the image's name, for example `tiergate:0.1.0`, built from `deploy/Dockerfile` */
  constructor(image: string) {
    super(image);
    this.withExposedPorts(GRPC_PORT, OPS_PORT);
    const ready = Wait.forHttp('/readyz', OPS_PORT, { abortOnContainerExit: true })
      .withReadTimeout(ASK_EVERY_MS)
      .forResponsePredicate((text) => {
        this.#readiness = JSON.parse(text) as Readiness;
        return this.#readiness.ready;
      });
    this.withWaitStrategy(ready).withStartupTimeout(PATIENCE_MS);
  }

  /** The policy document, `{ rules: […] }`. */
  withPolicy(document: unknown): this {
    this.#policy = document;
    return this;
  }

  /** `compatible`, `strict`, or an object with single lines of the table in the manual. */
  withStrictness(strictness: 'compatible' | 'strict' | Readonly<Record<string, string>>): this {
    this.#strictness = strictness;
    return this;
  }

  /** Where policy and state live, as the container sees it: `redis://redis:6379`, with the alias of the network. */
  withStore(url: string): this {
    this.#store = url;
    return this;
  }

  /**
   * The content of `tiergate.yaml`. The ports of `listen` are always those of the container; strictness and store of the
   * methods above outrank what stands here. `withEnvironment({ TIERGATE_…: … })` outranks all.
   */
  withConfiguration(configuration: Configuration): this {
    this.#configuration = configuration;
    return this;
  }

  /** @throws Error where it does not get ready, with what it says of that */
  override async start(): Promise<StartedTiergateContainer> {
    this.#readiness = undefined;
    const started = await super.start().catch((error: unknown) => {
      throw this.#readiness === undefined ? error : notReady(this.#readiness, error);
    });
    return new StartedTiergateContainer(started, await started.logs());
  }

  protected override async beforeContainerCreated(): Promise<void> {
    // YAML 1.2 reads every JSON text.
    const contents = [
      { target: `${FOLDER}/tiergate.yaml`, content: JSON.stringify(this.#wholeConfiguration()) },
    ];
    if (this.#policy !== undefined) {
      contents.push({ target: `${FOLDER}/policy.json`, content: JSON.stringify(this.#policy) });
    }
    this.withCopyContentToContainer(contents);
  }

  #wholeConfiguration(): Configuration {
    const { listen, ...rest } = this.#configuration;
    return {
      ...rest,
      listen: { ...(listen as object | undefined), grpc: `0.0.0.0:${GRPC_PORT}`, ops: `0.0.0.0:${OPS_PORT}` },
      ...(this.#strictness === undefined ? {} : { strictness: this.#strictness }),
      ...(this.#store === undefined ? {} : { store: this.#store }),
    };
  }
}

function notReady({ checks }: Readiness, cause: unknown): Error {
  const reasons = Object.entries(checks).map(([part, text]) => `${part}: ${text}`);
  return new Error(`Tiergate did not get ready: ${reasons.join('; ')}`, { cause });
}
