import type { Readable } from 'node:stream';
import { AbstractStartedContainer, type RestartOptions, type StartedTestContainer } from 'testcontainers';
import { DecisionLog, type LoggedDecision } from './decision-log.ts';
import { GRPC_PORT, OPS_PORT } from './ports.ts';

/** How long {@link StartedTiergateContainer.decision} waits where nothing else is said. */
const PATIENCE_MS = 10_000;

/** A Tiergate that runs in a container and is ready. */
export class StartedTiergateContainer extends AbstractStartedContainer {
  readonly #log = new DecisionLog();

  /** @param log of the container, from its beginning; it is followed */
  constructor(container: StartedTestContainer, log: Readable) {
    super(container);
    this.#log.follow(log);
  }

  /** The port of this machine on which the ext_proc service is reached. */
  getGrpcPort(): number {
    return this.getMappedPort(GRPC_PORT);
  }

  /** The port of this machine on which health and metrics are reached. */
  getOpsPort(): number {
    return this.getMappedPort(OPS_PORT);
  }

  /** `host:port` of the ext_proc service, seen from this machine: what a gRPC client takes. */
  getGrpcAddress(): string {
    return `${this.getHost()}:${this.getGrpcPort()}`;
  }

  /** Base URL of `/healthz`, `/readyz` and `/metrics`, seen from this machine. */
  getOpsUrl(): string {
    return `http://${this.getHost()}:${this.getOpsPort()}`;
  }

  /** The decisions that were logged so far, oldest first. A decision is logged a moment after it is carried out. */
  decisions(): readonly LoggedDecision[] {
    return this.#log.decisions;
  }

  /**
   * The first decision that fits, or the first of all; waits for it where it is not there yet.
   *
   * @throws Error where none comes in time, with the decisions that did not fit
   */
  decision(
    fits: (decision: LoggedDecision) => boolean = () => true,
    milliseconds: number = PATIENCE_MS,
  ): Promise<LoggedDecision> {
    return this.#log.find(fits, milliseconds);
  }

  /** Restarts the container; the decisions from before stay in its log, and so in {@link decisions}. */
  override async restart(options?: Partial<RestartOptions>): Promise<void> {
    await super.restart(options);
    this.#log.clear();
    this.#log.follow(await this.logs());
  }
}
