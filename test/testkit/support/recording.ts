import type { ProcessingRequest, ServerHandler, Struct } from '../../../src/testkit/index.ts';
import { type FirstMessage, messageWords } from './behaviour.ts';

/** What a server saw of one stream. */
export interface Recording {
  readonly seen: string[];
  seenHeaders: readonly string[];
  firstMessage: FirstMessage | undefined;
}

/** Nothing seen yet. */
export function emptyRecording(): Recording {
  return { seen: [], seenHeaders: [], firstMessage: undefined };
}

/** A handler that notes what it sees before it acts. */
export function recording(handler: ServerHandler, record: Recording): ServerHandler {
  return (stream) => {
    const inner = handler(stream);
    return {
      ...inner,
      message(message) {
        record.seen.push(messageWords(message));
        if (record.seen.length === 1) note(message, record);
        return inner.message(message);
      },
    };
  };
}

function note(message: ProcessingRequest, record: Recording): void {
  const lines = (message.requestHeaders ?? message.responseHeaders)?.headers.headers ?? [];
  // The name of the case is only for the harness.
  record.seenHeaders = lines.map(({ key = '' }) => key).filter((key) => key !== 'x-behaviour');
  const config = message.protocolConfig;
  record.firstMessage = {
    modes: config
      ? [
          Number(config.requestBodyMode ?? 0),
          Number(config.responseBodyMode ?? 0),
          config.sendBodyWithoutWaitingForHeaderResponse ?? false,
        ]
      : null,
    attributes: plain(message.attributes ?? {}),
    metadata: plain(message.metadataContext?.filterMetadata ?? {}),
  };
}

function plain(structs: Readonly<Record<string, Struct>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(structs).map(([name, { fields = {} }]) => [
      name,
      Object.fromEntries(
        Object.entries(fields).map(([key, value]) => [
          key,
          value.stringValue ?? value.numberValue ?? value.boolValue ?? null,
        ]),
      ),
    ]),
  );
}
