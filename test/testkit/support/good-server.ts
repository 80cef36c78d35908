import type {
  DirectionName,
  HeaderLine,
  HeaderMutation,
  ProcessingRequest,
  ProcessingResponse,
  ServerHandler,
} from '../../../src/testkit/index.ts';

/** What the good server does with a whole request body. */
export type Verdict =
  | { readonly kind: 'keep' }
  | { readonly kind: 'replace'; readonly body: Buffer }
  | { readonly kind: 'deny' };

const FDS = 4;
const STREAMED = 1;

/** Header edits by `raw_value`. */
export function setHeaders(...lines: HeaderLine[]): HeaderMutation {
  return { setHeaders: lines.map(([key, value]) => ({ header: { key, rawValue: Buffer.from(value) } })) };
}

/** The server's 403. */
export const DENIED: ProcessingResponse = {
  immediateResponse: {
    status: { code: 403 },
    headers: setHeaders(['content-type', 'application/json']),
    body: Buffer.from('{"denied":true}'),
    details: 'good_denied by rule',
  },
  dynamicMetadata: { fields: { good: { structValue: { fields: { action: { stringValue: 'deny' } } } } } },
};

/** Replies that change nothing, by the message they answer; empty in full duplex, where there is no such reply. */
export function keep(message: ProcessingRequest): ProcessingResponse {
  if (message.requestHeaders) return { requestHeaders: {} };
  if (message.requestBody) return { requestBody: {} };
  if (message.requestTrailers) return { requestTrailers: {} };
  if (message.responseHeaders) return { responseHeaders: {} };
  if (message.responseBody) return { responseBody: {} };
  return { responseTrailers: {} };
}

/** One chunk of full duplex. */
export function chunk(direction: DirectionName, body: Uint8Array, endOfStream: boolean): ProcessingResponse {
  const reply = { response: { bodyMutation: { streamedResponse: { body, endOfStream } } } };
  return direction === 'request' ? { requestBody: reply } : { responseBody: reply };
}

/**
 * A server that keeps every rule in every mode: it judges the whole request body, holds it back until the verdict, and
 * lets answers pass. It adds the header `x-seen` while the headers are held.
 */
export function goodServer(judge: (body: Buffer) => Verdict): ServerHandler {
  return (stream) => {
    let modes = { request: 0, response: 0 };
    let first = true;
    let denied = false;
    const held: Buffer[] = [];

    const verdict = (message: ProcessingRequest): ProcessingResponse[] => {
      const whole = Buffer.concat(held);
      const judged = judge(whole);
      if (judged.kind === 'deny') {
        denied = true;
        return [DENIED];
      }
      const body = judged.kind === 'replace' ? judged.body : whole;
      if (modes.request === FDS) return duplex(body, message);
      if (message.requestTrailers) return held.length === 0 ? [keep(message)] : lost();
      return [oneToOne(judged, body)];
    };

    const oneToOne = (judged: Verdict, body: Buffer): ProcessingResponse => {
      if (modes.request !== STREAMED && judged.kind === 'keep') return { requestBody: {} };
      const headerMutation =
        modes.request === STREAMED
          ? {}
          : { headerMutation: setHeaders(['content-length', `${body.length}`]) };
      return { requestBody: { response: { ...headerMutation, bodyMutation: { body } } } };
    };

    const duplex = (body: Buffer, message: ProcessingRequest): ProcessingResponse[] => {
      const replies: ProcessingResponse[] = [
        { requestHeaders: { response: { headerMutation: setHeaders(['x-seen', 'yes']) } } },
      ];
      const trailers = message.requestTrailers !== undefined;
      for (let at = 0; at < body.length; at += 65_536) {
        const end = at + 65_536 >= body.length && !trailers;
        replies.push(chunk('request', body.subarray(at, at + 65_536), end));
      }
      if (body.length === 0 && !trailers) replies.push(chunk('request', body, true));
      if (trailers) replies.push({ requestTrailers: {} });
      return replies;
    };

    // A held body cannot ride on the trailers reply: refuse.
    const lost = (): ProcessingResponse[] => {
      denied = true;
      return [DENIED];
    };

    const answer = (message: ProcessingRequest): ProcessingResponse[] => {
      if (denied) return [];
      if (message.requestHeaders) {
        if (modes.request === FDS && message.requestHeaders.endOfStream !== true) return [];
        return [{ requestHeaders: { response: { headerMutation: setHeaders(['x-seen', 'yes']) } } }];
      }
      if (message.requestBody) {
        held.push(Buffer.from(message.requestBody.body ?? []));
        const whole = message.requestBody.endOfStream === true || modes.request === 2;
        if (whole) return verdict(message);
        return modes.request === FDS
          ? []
          : [{ requestBody: { response: { bodyMutation: { clearBody: true } } } }];
      }
      if (message.requestTrailers) return modes.request === 2 ? [keep(message)] : verdict(message);
      const { responseBody } = message;
      if (modes.response !== FDS || !responseBody) return [keep(message)];
      const bytes = Buffer.from(responseBody.body ?? []);
      return split(bytes, responseBody.endOfStream === true);
    };

    return {
      message(message) {
        if (first) {
          first = false;
          modes = {
            request: Number(message.protocolConfig?.requestBodyMode ?? 0),
            response: Number(message.protocolConfig?.responseBodyMode ?? 0),
          };
        }
        for (const reply of answer(message)) stream.send(reply);
      },
    };
  };
}

function split(bytes: Buffer, endOfStream: boolean): ProcessingResponse[] {
  if (bytes.length <= 65_536) return [chunk('response', bytes, endOfStream)];
  const rest = split(bytes.subarray(65_536), endOfStream);
  return [chunk('response', bytes.subarray(0, 65_536), false), ...rest];
}

/** Denies what holds `forbidden`, replaces `priority` by `default`, keeps the rest. */
export function judge(body: Buffer): Verdict {
  const text = body.toString('latin1');
  if (text.includes('forbidden')) return { kind: 'deny' };
  if (!text.includes('priority')) return { kind: 'keep' };
  return { kind: 'replace', body: Buffer.from(text.replaceAll('priority', 'default'), 'latin1') };
}
