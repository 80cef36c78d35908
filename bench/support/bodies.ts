import { encodeMasked } from '../../src/websocket/encode.ts';

/** A Responses body of about `bytes` bytes with the tier and the model in front, as Codex CLI orders them. */
export function responsesBody(bytes: number, tier: string): Buffer {
  const shell = (text: string) =>
    JSON.stringify({
      model: 'gpt-5.5',
      stream: true,
      service_tier: tier,
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }],
      store: false,
    });
  const sentence = 'Explain what the function does, line by line,\nand say where it could fail. ';
  const missing = Math.max(0, bytes - Buffer.byteLength(shell('')));
  const escaped = JSON.stringify(sentence).length - 2;
  const repeats = Math.floor(missing / escaped);
  return Buffer.from(shell(sentence.repeat(repeats) + 'x'.repeat(missing - repeats * escaped)));
}

/** The headers of a request as Envoy shows them to an ext_proc server, SDK headers included: 14 lines. */
export function requestHeaders(length: number): [string, string][] {
  return [
    [':authority', 'api.example.com'],
    [':path', '/v1/responses'],
    [':method', 'POST'],
    [':scheme', 'http'],
    ['content-type', 'application/json'],
    ['content-length', String(length)],
    ['authorization', 'Bearer sk-example-0123456789abcdef0123456789abcdef'],
    ['user-agent', 'OpenAI/Python 3.22.1'],
    ['accept', 'application/json'],
    ['accept-encoding', 'gzip, deflate'],
    ['x-stainless-lang', 'python'],
    ['x-stainless-runtime-version', '3.11.7'],
    ['x-forwarded-proto', 'http'],
    ['x-request-id', '5f0d3c0e-7a5c-4d53-9d0f-2f0a4a0b7d11'],
  ];
}

const TURN = '{"type":"response.create",';

/** A `response.create` of about `bytes` bytes with the members of {@link responsesBody}, as one masked text frame. */
export function turnFrame(bytes: number, tier: string): Buffer {
  const body = responsesBody(bytes - TURN.length + 1, tier);
  const mask = Buffer.from('5a17c3e9', 'hex');
  return encodeMasked('text', Buffer.concat([Buffer.from(TURN), body.subarray(1)]), mask);
}
