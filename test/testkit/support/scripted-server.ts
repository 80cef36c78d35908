import type {
  ProcessingRequest,
  ProcessingResponse,
  ServerHandler,
  ServerStream,
} from '../../../src/testkit/index.ts';
import { messageWords } from './behaviour.ts';
import { keep } from './good-server.ts';

/** A reply, several, an end of the stream by its gRPC code, or nothing. */
export type Step = ProcessingResponse | readonly ProcessingResponse[] | { readonly grpc: number } | undefined;

/** By the kind of the message (`request_body` …): what to do when it comes; the rest is answered with "keep". */
export type Script = Readonly<Record<string, Step | ((message: ProcessingRequest) => Step)>>;

/**
 * A server that does exactly what the script says, right or wrong. A key may name a kind of message, or the kind and the
 * count of messages of that kind so far, from 1 (`request_body 2`).
 */
export function scripted(script: Script): ServerHandler {
  return (stream) => {
    const counts = new Map<string, number>();
    return {
      message(message) {
        const kind = messageWords(message).split(' ')[0] ?? '';
        const count = (counts.get(kind) ?? 0) + 1;
        counts.set(kind, count);
        const key = [`${kind} ${count}`, kind].find((candidate) => candidate in script);
        const step = key === undefined ? keep(message) : script[key];
        perform(stream, typeof step === 'function' ? step(message) : step);
      },
    };
  };
}

function perform(stream: ServerStream<ProcessingResponse>, step: Step): void {
  if (step === undefined) return;
  if ('grpc' in step) {
    stream.end({ code: Number(step.grpc), details: 'scripted end' });
    return;
  }
  for (const reply of Array.isArray(step) ? step : [step as ProcessingResponse]) stream.send(reply);
}
