import { backOff } from './back-off.ts';
import {
  createCommandClient,
  createSubscriberClient,
  type RedisClient,
  type RedisClientOptions,
} from './clients.ts';
import { describeFailure, isUnsent } from './failure.ts';
import { Subscriber, type SubscriptionListener } from './subscriber.ts';

/** Whether Redis can be asked now. */
export type RedisHealth = { readonly state: 'up' } | { readonly state: 'down'; readonly reason: string };

/** What {@link RedisConnection.run} takes as arguments of a command. */
export type RedisArgument = string | number | Buffer;

const ignore = (): void => {};
const UP: RedisHealth = { state: 'up' };

function isSame(left: RedisHealth, right: RedisHealth): boolean {
  if (left.state === 'up' || right.state === 'up') return left.state === right.state;
  return left.reason === right.reason;
}

/** What an error reply of the library carries beside its text. */
interface ReplyDetails {
  readonly command?: { readonly name?: unknown };
}

function isOfSelect(error: unknown): error is Error {
  return error instanceof Error && (error as ReplyDetails).command?.name === 'select';
}

/**
 * A connection to one Redis (server, sentinels or cluster): one client for commands, and one for subscriptions once
 * there is any. Both reconnect for ever. Nothing is queued: a command fails at once where Redis cannot be asked, and
 * after the time-out where it does not answer.
 */
export class RedisConnection {
  readonly #client: RedisClient;
  readonly #subscriber: Subscriber;
  readonly #listeners = new Set<(health: RedisHealth) => void>();
  #health: RedisHealth = { state: 'down', reason: 'it is being connected' };
  /** Of the attempt to connect that is going on. */
  #lastError: unknown;
  /** The database cannot be chosen: the library would go on with the number 0. */
  #refusal: Error | undefined;
  #revivals = 0;
  #revival: NodeJS.Timeout | undefined;
  #closed = false;

  /** Begins to connect. */
  constructor(options: RedisClientOptions) {
    const client = createCommandClient(options);
    this.#client = client;
    this.#subscriber = new Subscriber(() => createSubscriberClient(client, options));
    const note = (error: unknown): void => {
      if (isOfSelect(error)) this.#refusal = error;
      // What cannot be sent any more follows from what came before it.
      if (this.#lastError === undefined || !isUnsent(error)) this.#lastError = error;
      if (this.#health.state === 'down')
        this.#tell({ state: 'down', reason: describeFailure(this.#lastError) });
    };
    client.on('connect', () => {
      this.#refusal = undefined;
    });
    client.on('error', note);
    client.on('node error', note);
    client.on('ready', () => {
      if (this.#refusal !== undefined) return;
      this.#lastError = undefined;
      this.#revivals = 0;
      this.#tell(UP);
    });
    client.on('close', () => this.#down());
    client.on('end', () => {
      this.#down();
      if (this.#closed) return;
      // The library gives up where it is told to reconnect while it asks the sentinels.
      this.#revivals += 1;
      this.#revival = setTimeout(() => client.connect().catch(ignore), backOff(this.#revivals));
      this.#revival.unref();
    });
  }

  get health(): RedisHealth {
    return this.#health;
  }

  /** Calls `listener` whenever `health` changes; the result takes it off. */
  onHealth(listener: (health: RedisHealth) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Waits until Redis can be asked, at most so many milliseconds. The result is whether it can. */
  async untilUp(milliseconds: number): Promise<boolean> {
    if (this.#health.state === 'up') return true;
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        off();
        resolve(this.#health.state === 'up');
      };
      const timer = setTimeout(finish, milliseconds);
      const off = this.onHealth(({ state }) => {
        if (state === 'up') finish();
      });
    });
  }

  /**
   * Runs one command; its name in lower case. Rejects where it cannot be sent, is not answered in time or is answered
   * with an error: `describeFailure` has words for each.
   */
  async run(command: string, ...args: readonly RedisArgument[]): Promise<unknown> {
    if (this.#refusal !== undefined) throw this.#refusal;
    return this.#client.call(command, [...args]);
  }

  /** Why {@link run} failed, in words; what cannot be sent has its reason in the health of the connection. */
  explain(error: unknown): string {
    const { health } = this;
    return isUnsent(error) && health.state === 'down' ? health.reason : describeFailure(error);
  }

  /** Listens to a channel of pub/sub for as long as the connection is open; the result ends it. */
  subscribe(channel: string, listener: SubscriptionListener): () => void {
    return this.#subscriber.add(channel, listener);
  }

  /** Closes both clients at once; commands that wait for their answer fail. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#revival);
    this.#subscriber.close();
    this.#client.disconnect();
  }

  #down(): void {
    const error = this.#lastError ?? new Error('Connection is closed');
    this.#tell({ state: 'down', reason: describeFailure(error) });
  }

  #tell(health: RedisHealth): void {
    if (isSame(health, this.#health)) return;
    this.#health = health;
    for (const listener of [...this.#listeners]) listener(health);
  }
}

/** Opens a connection to Redis; returns at once, and connects in the background for as long as it is open. */
export function openRedis(options: RedisClientOptions): RedisConnection {
  return new RedisConnection(options);
}
