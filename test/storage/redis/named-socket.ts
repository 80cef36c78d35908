import { createExchangeFactory } from '../../../src/exchange/exchange-factory.ts';
import type { ExchangeEnvironment } from '../../../src/exchange/settings.ts';
import type { StreamReceiver } from '../../../src/extproc/message-stream.ts';
import { SocketSessions } from '../../../src/extproc/socket-sessions.ts';
import { openStream } from '../../../src/extproc/stream.ts';
import { createIdSource } from '../../../src/extproc/stream-ids.ts';
import { systemClock } from '../../../src/extproc/system-clock.ts';
import type { SessionStore } from '../../../src/storage/session-store.ts';
import { frame } from '../../exchange/socket/frames.ts';
import { environmentOf, policyOf, settingsOf, TestBudget } from '../../exchange/support/environment.ts';
import { Bench, body, headers, modes, protocol, request } from '../../extproc/support.ts';
import { soon } from '../session-store-contract.ts';

/** Milliseconds: the bound that is tested, far below the time-out of a command. */
export const LOOKUP_WAIT = 100;

/** A turn for `priority`, which the policy of these sockets blocks for the model `secret` alone. */
export function priorityTurn(model?: string): Buffer {
  return frame(JSON.stringify({ type: 'response.create', service_tier: 'priority', model }));
}

/** The sockets of one process, with everything real but Envoy. */
export class SocketProcess {
  readonly held = new TestBudget();
  readonly #exchanges: ExchangeEnvironment;
  readonly #sessions: SocketSessions;

  constructor(store: SessionStore) {
    const rule = { name: 'r', service_tier: 'priority', action: 'block', scope: 'all' };
    const policy = policyOf([{ ...rule, model_whitelist: ['secret'], fallback_action: 'pass' }]);
    const limits = { ...settingsOf().limits, lookupWait: LOOKUP_WAIT, sockets: 10_000 };
    const settings = { sessions: { headers: ['session_id'] }, limits };
    this.#exchanges = environmentOf(settings, { policy, held: this.held });
    const hashKeys = [Buffer.from('key')];
    this.#sessions = new SocketSessions({ store, hashKeys, refreshMilliseconds: 60_000, ...systemClock });
  }

  /** A client opens a socket and names its session. */
  open(name: string): NamedSocket {
    const exchanges = createExchangeFactory(this.#exchanges);
    const ids = createIdSource();
    const parts = { exchanges, sessions: this.#sessions, ...systemClock, newId: ids };
    return new NamedSocket(new Bench(() => [], parts), name);
  }
}

/** One socket as Envoy sees it. */
export class NamedSocket {
  readonly #bench: Bench;
  readonly #loop: StreamReceiver;

  constructor(bench: Bench, name: string) {
    this.#bench = bench;
    this.#loop = openStream(bench.stream, bench.environment);
    const lines = {
      ':method': 'GET',
      ':path': '/v1/responses',
      upgrade: 'websocket',
      authorization: 'Bearer sk-one',
      session_id: name,
    };
    const config = protocol(modes.streamed, modes.streamed);
    this.#loop.message(request(headers('request', lines), config));
    this.#loop.message(request(headers('response', { ':status': '101' })));
  }

  /** Sends a message. @returns what became of it, and the milliseconds that it took */
  async ask(bytes: Buffer): Promise<{ action: string | undefined; model: string | undefined; took: number }> {
    const { stream, observer } = this.#bench;
    const before = stream.sent.length;
    const from = performance.now();
    this.#loop.message(request(body('request', bytes)));
    if (stream.sent.length === before) {
      await soon(() => {
        if (stream.sent.length === before) throw new Error('no reply yet');
      });
    }
    const took = performance.now() - from;
    const { action, model_asked } = observer.decisions.at(-1) ?? {};
    return { action, model: model_asked, took };
  }

  close(): void {
    this.#loop.cancelled();
    const { faults } = this.#bench.observer;
    if (faults.length > 0) throw new Error(`a fault: ${JSON.stringify(faults)}`);
  }
}
