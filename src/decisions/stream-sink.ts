import type { Logger } from 'pino';
import type { Decision } from '../exchange/decision.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { RepeatedLines } from '../telemetry/repeated-lines.ts';
import { Ring } from './ring.ts';
import type { DecisionSink } from './sink.ts';

/** Decisions that are written at once: some 200 KB, so that an answer to somebody else does not wait long behind them. */
const BATCH = 200;
/** A decision waits at most this long for others to be written with, milliseconds. */
const LONGEST_WAIT = 200;
/** First and longest wait after a failure, milliseconds; each doubles the one before. */
const FIRST_RETRY = 200;
const LONGEST_RETRY = 5_000;
/** What waits at the end of the process may take this long to be written, milliseconds. */
const CLOSE_TIMEOUT = 2_000;

const FAILING = 'the decision stream cannot be written; the newest decisions wait for it';
const WORKS_AGAIN = 'the decision stream is written again';
const DROPPED = 'decisions were dropped before they reached the decision stream';

/**
 * Appends decisions to a stream in order. The result is why they could not be, in words without data of requests, or
 * undefined where they were. Where that is not known (an answer that never came) it is a failure: they are appended
 * again, and may stand there twice.
 */
export type AppendDecisions = (decisions: readonly Decision[]) => Promise<string | undefined>;

export interface StreamSinkOptions {
  readonly append: AppendDecisions;
  /** Decisions that may wait, at least 1; beyond it the oldest is dropped. */
  readonly queueLength: number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'decisionsDropped'>;
}

/** Writes decisions to a stream off the path of a message: gathered, one batch at a time, from a bounded queue. */
export class StreamSink implements DecisionSink {
  readonly #append: AppendDecisions;
  readonly #queue: Ring<Decision>;
  readonly #logger: Logger;
  readonly #metrics: StreamSinkOptions['metrics'];
  readonly #lines = new RepeatedLines(() => performance.now());
  #timer: NodeJS.Timeout | undefined;
  /** The timer is that of a full batch. */
  #isDueNow = false;
  #sending: Promise<void> | undefined;
  #sendingCount = 0;
  /** Since the last success. */
  #failures = 0;
  #failure: string | undefined;
  /** The failure that the log tells of. */
  #saidFailure: string | undefined;
  /** Dropped, and not yet said in the log. */
  #unsaid = 0;
  #closed = false;

  constructor({ append, queueLength, logger, metrics }: StreamSinkOptions) {
    this.#append = append;
    this.#queue = new Ring(queueLength);
    this.#logger = logger;
    this.#metrics = metrics;
  }

  /** Why the stream cannot be written now; undefined where it can. */
  get failure(): string | undefined {
    return this.#failure;
  }

  record(decision: Decision): void {
    if (this.#closed) {
      this.#metrics.decisionsDropped.inc();
      return;
    }
    if (this.#queue.push(decision)) this.#dropped(1);
    this.#schedule();
  }

  /** Writes what waits, within two seconds; what cannot be written is counted as dropped. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT);
    });
    await Promise.race([this.#drain(), timeUp]);
    clearTimeout(timer);
    const left = this.#queue.length + this.#sendingCount;
    if (left > 0) this.#metrics.decisionsDropped.inc(left);
    const dropped = left + this.#unsaid;
    if (dropped > 0) this.#logger.warn({ dropped, reason: this.#failure }, DROPPED);
  }

  async #drain(): Promise<void> {
    await this.#sending;
    while (this.#queue.length > 0) {
      const { length } = this.#queue;
      await this.#send();
      if (this.#queue.length >= length) return;
    }
  }

  #schedule(): void {
    if (this.#sending !== undefined || this.#closed || this.#queue.length === 0) return;
    const isDueNow = this.#failures === 0 && this.#queue.length >= BATCH;
    if (this.#timer !== undefined && (this.#isDueNow || !isDueNow)) return;
    clearTimeout(this.#timer);
    this.#isDueNow = isDueNow;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.#send();
      },
      isDueNow ? 0 : this.#wait(),
    );
    this.#timer.unref();
  }

  #wait(): number {
    if (this.#failures === 0) return LONGEST_WAIT;
    return Math.min(FIRST_RETRY * 2 ** Math.min(this.#failures - 1, 16), LONGEST_RETRY);
  }

  #send(): Promise<void> {
    // After a failure a single decision finds out whether there is any use.
    const batch = this.#queue.take(this.#failures === 0 ? BATCH : 1);
    this.#sendingCount = batch.length;
    const sending = this.#write(batch).then((failure) => {
      this.#sending = undefined;
      this.#sendingCount = 0;
      if (failure === undefined) this.#succeeded();
      else this.#failed(failure, batch);
      this.#schedule();
    });
    this.#sending = sending;
    return sending;
  }

  async #write(batch: readonly Decision[]): Promise<string | undefined> {
    try {
      return await this.#append(batch);
    } catch {
      return 'it failed';
    }
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#failure = undefined;
    if (this.#saidFailure === undefined) return;
    this.#lines.note(WORKS_AGAIN, () => {
      this.#logger.info({ dropped: this.#unsaid }, WORKS_AGAIN);
      this.#unsaid = 0;
      this.#saidFailure = undefined;
    });
  }

  #failed(failure: string, batch: readonly Decision[]): void {
    this.#failures += 1;
    this.#failure = failure;
    const lost = this.#queue.putBack(batch);
    if (lost > 0) this.#dropped(lost);
    if (failure === this.#saidFailure) return;
    this.#lines.note(FAILING, () => {
      this.#logger.warn({ reason: failure, waiting: this.#queue.length }, FAILING);
      this.#saidFailure = failure;
    });
  }

  #dropped(count: number): void {
    this.#metrics.decisionsDropped.inc(count);
    this.#unsaid += count;
    this.#lines.note(DROPPED, () => {
      this.#logger.warn({ dropped: this.#unsaid, reason: this.#failure }, DROPPED);
      this.#unsaid = 0;
    });
  }
}
