import { readFileSync } from 'node:fs';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import type { ResponsesClientEvent } from 'openai/resources/responses/responses';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { ENDS_OF_ANSWERS, type SdkClient, type SdkError, type SdkTask } from './sdk-client.ts';
import type { ModelEvent } from './sdk-events.ts';
import type { Close } from './ws-frames.ts';
import { Wake } from './ws-wake.ts';

/** The two socket clients of the SDK, with what they have in common. */
interface Connection {
  onOpen(listener: () => void): void;
  onEvent(listener: (event: ModelEvent) => void): void;
  onError(listener: (error: SdkError) => void): void;
  onClose(listener: (close: Close) => void): void;
  send(event: ModelEvent): void;
  close(): void;
}

/** The `openai` package of Node. Compression is offered, as its older releases do by default. */
export const nodeSdk: SdkClient = {
  name: 'openai-node',
  errors: { responses: 'WebSocketError', realtime: 'OpenAIRealtimeError' },
  async talk(task) {
    const connection = task.api === 'realtime' ? openRealtime(task) : openResponses(task);
    const events: ModelEvent[] = [];
    const wake = new Wake();
    let isOpen = false;
    let error: SdkError | undefined;
    let over: Close | undefined;
    connection.onOpen(() => {
      isOpen = true;
      wake.notify();
    });
    connection.onEvent((event) => {
      events.push(event);
      wake.notify();
    });
    connection.onError((raised) => {
      error ??= raised;
      wake.notify();
    });
    connection.onClose((close) => {
      over = close;
      wake.notify();
    });
    const isStopped = (): boolean => error !== undefined || over !== undefined;
    const answers = (): number => events.filter(({ type }) => ENDS_OF_ANSWERS.includes(type)).length;
    await wake.until('the handshake', () => isOpen || isStopped());
    for (const [index, event] of task.send.entries()) {
      if (isStopped()) break;
      connection.send(event);
      await wake.until('an answer', () => answers() > index || isStopped());
    }
    if (!isStopped()) connection.close();
    await wake.until('the end of the socket', () => over !== undefined);
    return {
      types: events.map(({ type }) => type),
      text: textOf(events),
      ...(error === undefined ? {} : { error }),
      close: over ?? { code: 1006, reason: '' },
    };
  },
};

function openResponses({ baseUrl, authority, name }: SdkTask): Connection {
  const client = new OpenAI({ apiKey: 'sk-of-the-test', baseURL: baseUrl });
  const socket = new ResponsesWS(client, {
    headers: { 'x-case': name },
    ca: readFileSync(authority),
    perMessageDeflate: true,
  });
  return {
    onOpen: (listener) => socket.socket.on('open', listener),
    onEvent: (listener) => socket.on('event', (event) => listener(event as unknown as ModelEvent)),
    onError: (listener) => {
      socket.on('error', (error) => {
        const event = error.error;
        const code = event !== undefined && 'error' in event ? event.error.code : event?.code;
        listener(sdkError(error, code));
      });
    },
    onClose: (listener) => socket.on('close', (code, reason) => listener({ code, reason })),
    send: (event) => socket.send(event as unknown as ResponsesClientEvent),
    close: () => socket.close(),
  };
}

function openRealtime({ baseUrl, authority, name, model }: SdkTask): Connection {
  const client = new OpenAI({ apiKey: 'sk-of-the-test', baseURL: baseUrl });
  const options = { headers: { 'x-case': name }, ca: readFileSync(authority), perMessageDeflate: true };
  const socket = new OpenAIRealtimeWS({ model, options }, client);
  return {
    onOpen: (listener) => socket.socket.on('open', listener),
    onEvent: (listener) => socket.on('event', (event) => listener(event as unknown as ModelEvent)),
    onError: (listener) => {
      socket.on('error', (error) => {
        listener(sdkError(error, error.error?.code));
      });
    },
    onClose: (listener) =>
      socket.socket.on('close', (code, reason) => listener({ code, reason: reason.toString() })),
    send: (event) => socket.send(event as unknown as RealtimeClientEvent),
    close: () => socket.close(),
  };
}

function sdkError(error: Error, code: string | null | undefined): SdkError {
  return {
    name: error.constructor.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
  };
}

/** What the model said. */
function textOf(events: readonly ModelEvent[]): string {
  return events
    .map((event) => (event.type === 'response.output_text.delta' ? event['delta'] : event['text']))
    .filter((text) => typeof text === 'string')
    .join('');
}
