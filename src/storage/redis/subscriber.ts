import type { Redis } from 'ioredis';
import { backOff } from './back-off.ts';

/** What a subscription tells. */
export interface SubscriptionListener {
  /** A message of the channel. */
  message(text: string): void;
  /** The channel is heard from now on; what was published before may have been missed. */
  subscribed(): void;
}

/** Milliseconds between probes: a connection that is dead without a sign is found by them. */
const PROBE_MILLISECONDS = 5_000;

const ignore = (): void => {};

/** The channels that are listened to, over one connection that is made anew whenever it is lost. */
export class Subscriber {
  readonly #create: () => Redis;
  readonly #channels = new Map<string, SubscriptionListener>();
  #client: Redis | undefined;
  #probe: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #attempts = 0;
  #closed = false;

  /** @param create makes a client that begins to connect */
  constructor(create: () => Redis) {
    this.#create = create;
  }

  /** Listens to a channel; the result ends it. One listener a channel. */
  add(channel: string, listener: SubscriptionListener): () => void {
    this.#channels.set(channel, listener);
    if (this.#client === undefined) this.#open();
    else if (this.#client.status === 'ready') this.#subscribe(this.#client, [channel]);
    return () => {
      this.#channels.delete(channel);
      // A connection that is not there has nothing to unsubscribe.
      this.#client?.unsubscribe(channel).catch(ignore);
    };
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#probe);
    clearTimeout(this.#retry);
    this.#client?.disconnect();
  }

  #open(): void {
    const client = this.#create();
    this.#client = client;
    // The reason of a loss is told by the client for commands.
    client.on('error', ignore);
    client.on('message', (channel, text) => this.#channels.get(channel)?.message(text));
    client.on('ready', () => this.#subscribeAll(client));
    client.on('end', () => this.#later(() => this.#open()));
    this.#probe ??= setInterval(() => this.#client?.ping().catch(ignore), PROBE_MILLISECONDS).unref();
  }

  #subscribeAll(client: Redis): void {
    const channels = [...this.#channels.keys()];
    if (client.status === 'ready' && channels.length > 0) this.#subscribe(client, channels);
  }

  #subscribe(client: Redis, channels: readonly string[]): void {
    client.subscribe(...channels).then(
      () => {
        this.#attempts = 0;
        for (const channel of channels) this.#channels.get(channel)?.subscribed();
      },
      // Refused (a rule of the ACL, say): a new connection would not help, only time.
      () => this.#later(() => this.#subscribeAll(client)),
    );
  }

  #later(work: () => void): void {
    if (this.#closed) return;
    this.#attempts += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(work, backOff(this.#attempts));
    this.#retry.unref();
  }
}
